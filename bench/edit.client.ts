/** The measurement of `edit`, in a process of its own. Run by it: npm run bench -- edit */
import { editTool } from '../src/tools/edit.ts';
import { runCall } from '../src/tools/run-call.ts';
import { ToolSet } from '../src/tools/tool-set.ts';
import { OverlayWorkspace } from '../src/workspace/overlay-workspace.ts';
import { answerParent, taskOfThisChild } from './support/child.ts';
import { median } from './support/statistics.ts';

export interface EditTimesTask {
  /** Of each kind. */
  readonly edits: number;
}

export interface EditTimes {
  /** The middle one of each kind, ms. */
  readonly eachMs: Readonly<Record<string, number>>;
}

const FILE_BYTES = 1_000_000;
const WARM_UP_EDITS = 5;
/** The place is in the middle of the file, and so are the lines that are like it. */
const NEEDLE = ['    const total = price * count;', "    return format('total', total);"];
const LINE = "    const value = compute(first, second); // as it's done\n";

const before = LINE.repeat(Math.floor(FILE_BYTES / 2 / LINE.length));
const fileOf = (needle: readonly string[], lineEnding = '\n'): string =>
  `${before}${needle.join('\n')}\n${before}`.replaceAll('\n', lineEnding);
const oldText = NEEDLE.join('\n');
const newText = oldText.replace('count', 'amount');

interface Kind {
  readonly name: string;
  readonly file: string;
  readonly oldText: string;
  readonly newText: string;
}

const kinds: readonly Kind[] = [
  { name: 'exact', file: fileOf(NEEDLE), oldText, newText },
  { name: 'exact, CRLF in the file', file: fileOf(NEEDLE, '\r\n'), oldText, newText },
  {
    name: 'typographic quotes in the text',
    file: fileOf(NEEDLE),
    oldText: oldText.replaceAll("'", '’'),
    newText: newText.replaceAll("'", '’'),
  },
  {
    name: 'blanks at line ends in the file',
    file: fileOf(NEEDLE.map((line) => `${line}  `)),
    oldText,
    newText,
  },
  {
    name: 'indented otherwise',
    file: fileOf(NEEDLE),
    oldText: oldText.replaceAll('    ', '        '),
    newText: newText.replaceAll('    ', '        '),
  },
  { name: 'not there', file: fileOf(NEEDLE), oldText: oldText.replace('price', 'prices'), newText },
];

const task = taskOfThisChild<EditTimesTask>();
const tools = new ToolSet([editTool('edit')]);
const signal = new AbortController().signal;
const eachMs: Record<string, number> = {};

const plainFile = fileOf(NEEDLE);
eachMs['String.replace'] = time(
  () => plainFile,
  (file) => file.replace(oldText, () => newText),
);
eachMs['String.replace of bytes'] = time(
  () => Buffer.from(plainFile),
  (bytes) => Buffer.from(bytes.toString('utf8').replace(oldText, () => newText)),
);
for (const kind of kinds) {
  const call = {
    id: 'c',
    name: 'edit',
    arguments: JSON.stringify({ path: 'f', old_string: kind.oldText, new_string: kind.newText }),
  };
  eachMs[kind.name] = time(
    () => {
      const workspace = new OverlayWorkspace();
      workspace.writeText('f', kind.file);
      return workspace;
    },
    (workspace) => {
      const result = runCall(tools, call, { workspace, signal, sessionId: 'bench' });
      const isRefused = !(result instanceof Promise) && result.isError;
      if (isRefused !== (kind.name === 'not there'))
        throw new Error(`${kind.name}: ${JSON.stringify(result)}`);
    },
  );
}
answerParent({ eachMs } satisfies EditTimes);

/** @param prepare  is not timed */
function time<Given>(prepare: () => Given, act: (given: Given) => unknown): number {
  const times: number[] = [];
  for (let index = -WARM_UP_EDITS; index < task.edits; index += 1) {
    const given = prepare();
    const begin = performance.now();
    const made = act(given);
    const elapsed = performance.now() - begin;
    if (made === plainFile) throw new Error('nothing was replaced');
    if (index >= 0) times.push(elapsed);
  }
  return median(times);
}
