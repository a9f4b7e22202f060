import { contentOf, type Conversation } from '../scripted/conversation.ts';
import { planEdits } from '../scripted/plan-edits.ts';
import type { ScriptedCall } from '../scripted/script.ts';
import { mixText, seededRandom } from '../scripted/seeded.ts';
import { isCut, shownFiles } from '../scripted/shown-files.ts';

/** A line of its own in the file, so that nobody takes it for a change. */
const MADE_UP_LINE = 'This line stands for a change: skein --simulate made it up.';
/** A path in a prompt: a name with an extension, or with a directory before it. */
const PATH = /(?:[\w@.+-]+\/)+[\w@.+-]*\w|[\w@+-][\w@.+-]*\.\w+/g;
/** Of what looks like a path and is none. */
const MAX_MISSES = 8;

/** What was called since the prompt, and with which path. */
interface Made {
  readonly tool: string;
  readonly path: string | undefined;
  readonly failed: boolean;
  readonly result: string;
}

/**
 * The next step of an agent that reads so many files and edits one: the first that the prompt names, which is read last.
 * Undefined when nothing is left to do, or nothing can be done with the tools that the request offers.
 */
export function nextCall(conversation: Conversation, reads: number, seed: number): ScriptedCall | undefined {
  const read = offered(conversation, 'read');
  const edit = offered(conversation, 'edit');
  const list = offered(conversation, 'list');
  const made = callsSincePrompt(conversation);
  if (read === undefined || made.some(({ tool }) => tool !== read && tool !== list)) return undefined;
  const tried = made.filter(({ tool }) => tool === read);
  const missed = new Set(tried.filter(({ failed }) => failed).map(({ path }) => path));
  const named = pathsIn(conversation.user, missed).slice(0, reads);
  const listing = made.find(({ tool }) => tool === list);
  if (named.length < reads && list !== undefined && !listing) return { name: list, arguments: {} };
  const others = pathsListed(listing?.result ?? '', conversation.user, seed).filter(
    (path) => !missed.has(path) && !named.includes(path),
  );
  const wanted = [...others.slice(0, reads - named.length), ...named.toReversed()];
  const path = wanted.find((one) => tried.every((call) => call.path !== one));
  if (path !== undefined && missed.size < MAX_MISSES) return { name: read, arguments: { path } };
  return edit === undefined ? undefined : editOf(conversation, edit);
}

/** The tool's name in the vocabulary of the request: `read` or `read_file`, `list` or `list_files`. */
function offered({ tools }: Conversation, short: string): string | undefined {
  return tools.find((name) => name === short || name === `${short}_file` || name === `${short}_files`);
}

function callsSincePrompt(conversation: Conversation): readonly Made[] {
  const { messages } = conversation;
  const since = messages.slice(messages.findLastIndex(({ role }) => role === 'user') + 1);
  return since.flatMap((message) => {
    const call = message.role === 'tool' ? conversation.callOf(message)?.function : undefined;
    if (!call) return [];
    const result = contentOf(message);
    return [{ tool: call.name, path: pathOf(call.arguments), failed: result.startsWith('Error'), result }];
  });
}

function pathOf(callArguments: string): string | undefined {
  try {
    const { path } = JSON.parse(callArguments) as { path?: unknown };
    return typeof path === 'string' ? path : undefined;
  } catch {
    return undefined;
  }
}

function pathsIn(prompt: string, missed: ReadonlySet<string | undefined>): string[] {
  return [...new Set(prompt.match(PATH))].filter((path) => !missed.has(path));
}

/** From a place on that follows from the prompt: what is asked about other things looks at other files. */
function pathsListed(listing: string, prompt: string, seed: number): string[] {
  const paths = listing.split('\n').filter((line) => /^[^\s([]\S*$/.test(line));
  const start = Math.floor(seededRandom(mixText(seed, prompt))() * paths.length);
  return [...paths.slice(start), ...paths.slice(0, start)];
}

/** Undefined where the last turn read no file that a line can be added to. */
function editOf(conversation: Conversation, edit: string): ScriptedCall | undefined {
  const [file] = shownFiles(conversation);
  if (!file) return undefined;
  // Without the flag m it is found at the beginning of the file only.
  const [change] = planEdits(file.lines.join('\n'), /^.*/g, `$&\n${MADE_UP_LINE}`, { isCut });
  if (!change) return undefined;
  return {
    name: edit,
    arguments: { path: file.path, old_string: change.oldText, new_string: change.newText },
  };
}
