import { toDeltas, type CompiledAnswer, type Deltas } from './compile-answer.ts';
import type { Rewrite, Rule, Script } from './compile-script.ts';
import { callId, type Conversation } from './conversation.ts';
import { planEdits, replaceAll } from './rewrite.ts';
import type { ScriptedFault } from './script.ts';
import { mixText, seededRandom } from './seeded.ts';
import { isCut, shownFiles, type ShownFile } from './shown-files.ts';
import type { Values } from './template.ts';

/** Everything that a response says, before it is written as a stream or as one body. */
export interface Reply {
  readonly id: string;
  readonly model: string;
  readonly reasoning: Deltas;
  readonly text: Deltas;
  readonly calls: readonly ReplyCall[];
  readonly finish: string;
  readonly usage: { readonly input: number; readonly output: number };
  readonly delay: CompiledAnswer['delay'];
  readonly fault: ScriptedFault;
  /** Of this reply alone, so that others beside it change nothing. */
  readonly random: () => number;
}

export interface ReplyCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

/** A script that asks for what cannot be done; the request is answered with its message. */
export class ScriptRunError extends Error {}

/** A rule that matches, and the named groups of its patterns. */
export interface Choice {
  readonly rule: Rule;
  readonly captures: ReadonlyMap<string, string>;
}

/** Chooses rules for one server, and counts how often each was used. */
export class RuleBook {
  readonly #script: Script;
  readonly #uses: number[];

  constructor(script: Script) {
    this.#script = script;
    this.#uses = script.rules.map(() => 0);
  }

  /** The first rule that matches and is not used up; undefined when there is none. */
  choose(conversation: Conversation): Choice | undefined {
    for (const [i, rule] of this.#script.rules.entries()) {
      const captures = new Map<string, string>();
      if (this.#uses[i]! >= rule.times || !rule.matches(conversation, captures)) continue;
      this.#uses[i]!++;
      return { rule, captures };
    }
    return undefined;
  }
}

/**
 * @param inputChars  length of the request, for the usage
 * @throws {ScriptRunError}
 */
export function makeReply(
  choice: Choice,
  conversation: Conversation,
  seed: number,
  inputChars: number,
): Reply {
  const { rule, captures } = choice;
  const hash = hashOf(conversation, seed);
  const unique = hash.toString(36);
  const values = valuesOf(conversation, captures);
  const answer = rule.answer(conversation);
  const edits = rule.rewrite ? rewriteCalls(rule.rewrite, conversation, values) : [];
  const nothingToChange = rule.rewrite !== undefined && edits.length === 0;
  const text = nothingToChange
    ? toDeltas(rule.rewrite.otherwise.render(values), 'content')
    : answer.text(values);
  const calls = nothingToChange
    ? []
    : [
        ...answer.calls.map((call) => ({ name: call.name, arguments: call.arguments(values), places: 0 })),
        ...edits,
      ];
  const reasoning = answer.reasoning(values);
  const outputChars = calls.reduce(
    (sum, call) => sum + call.name.length + call.arguments.length,
    text.text.length + reasoning.text.length,
  );
  return {
    id: `chatcmpl-${unique}`,
    model: conversation.model,
    reasoning,
    text,
    calls: calls.map((call, i) => ({
      id: callId(`${unique}${i.toString(36).padStart(2, '0')}`, call.places),
      name: call.name,
      arguments: call.arguments,
    })),
    finish: answer.finish ?? (calls.length > 0 ? 'tool_calls' : 'stop'),
    usage: {
      input: answer.usage.input ?? Math.ceil(inputChars / 4),
      output: answer.usage.output ?? Math.ceil(outputChars / 4),
    },
    delay: answer.delay,
    fault: rule.fault ?? {},
    random: seededRandom(hash),
  };
}

function valuesOf(conversation: Conversation, captures: ReadonlyMap<string, string>): Values {
  return (name) => {
    const captured = captures.get(name);
    if (captured !== undefined) return captured;
    const value = (conversation as unknown as Readonly<Record<string, unknown>>)[name];
    return value === undefined ? '' : String(value as string | number);
  };
}

interface RewriteCall {
  readonly name: string;
  readonly arguments: string;
  readonly places: number;
}

/** @throws {ScriptRunError} */
function rewriteCalls(rewrite: Rewrite, conversation: Conversation, values: Values): RewriteCall[] {
  const pattern = new RegExp(rewrite.pattern.render(values, escapeRegExp), rewrite.flags);
  const replacement = rewrite.replacement.render(values, (value) => value.replaceAll('$', '$$$$'));
  return shownFiles(conversation).flatMap((file) => {
    const name = rewrite.edit ?? rewrite.as + file.tool.slice('read'.length);
    return rewrite.as === 'write'
      ? writeCall(file, name, pattern, replacement)
      : editCalls(file, name, pattern, replacement);
  });
}

function editCalls(file: ShownFile, name: string, pattern: RegExp, replacement: string): RewriteCall[] {
  return planEdits(file.lines.join('\n'), pattern, replacement, isCut).map(
    ({ oldText, newText, places }) => ({
      name,
      arguments: JSON.stringify({ path: file.path, old_string: oldText, new_string: newText }),
      places,
    }),
  );
}

function writeCall(file: ShownFile, name: string, pattern: RegExp, replacement: string): RewriteCall[] {
  const { text, places } = replaceAll(file.lines.join('\n'), pattern, replacement);
  if (places === 0) return [];
  // What was not shown would be lost.
  if (!file.whole || file.lines.some(isCut)) {
    throw new ScriptRunError(
      `${file.path} cannot be rewritten as one write: the reads before did not show all of it. Use "as: edit".`,
    );
  }
  return [{ name, arguments: JSON.stringify({ path: file.path, content: `${text}\n` }), places }];
}

function escapeRegExp(value: string): string {
  return value.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

function hashOf(conversation: Conversation, seed: number): number {
  let hash = mixText(seed + conversation.messages.length, conversation.first);
  hash = mixText(hash, conversation.user);
  hash = mixText(hash, conversation.last);
  return hash >>> 0;
}
