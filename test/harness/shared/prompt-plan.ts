import { createHash } from 'node:crypto';
import type { Conversation } from '../../../src/model/scripted/conversation.ts';
import type { ScriptedAnswer } from '../../../src/model/scripted/script.ts';
import type { Prng } from './prng.ts';

/** What an ordinary call does to the files, said once more without skein. */
export type FileOp =
  | { readonly do: 'write'; readonly path: string; readonly content: string }
  | { readonly do: 'append'; readonly path: string; readonly line: string }
  | { readonly do: 'replace'; readonly path: string; readonly from: string; readonly to: string };

/** How a call has to be answered. `stuck`: timed out, or given up after two deaths; `effect`: done, or nobody knows. */
export type Expected = 'ok' | 'error' | 'crashed' | 'stuck' | 'effect';

export interface PlannedCall {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly expected: Expected;
  readonly op?: FileOp;
  /** What the answer contains when it is `ok`. */
  readonly says?: string;
}

/** One prompt: what the model asks for in each turn, and what it says at the end. */
export interface PlannedPrompt {
  readonly text: string;
  readonly turns: readonly (readonly PlannedCall[])[];
  readonly reply: string;
}

/** A tree of files: path → text. */
export type Tree = Map<string, string>;

export const FIRST_FILES: Readonly<Record<string, string>> = {
  'README.md': '# given\n',
  'src/given.txt': 'this file is given\n',
};

/**
 * Ordinary work on files in two or three turns. A write can be done twice unseen; an append cannot, and a replacement
 * works once only. Wants the tools `write`, `edit`, `read`, `append` and `nap`.
 */
export function fileTurns(prng: Prng, number: number): PlannedCall[][] {
  const path = `p${number % 8}/a.txt`;
  const mark = `<${number}:${prng.below(1e9)}>`;
  const body = Array.from({ length: prng.between(1, 20) }, () => `line ${prng.below(1e6)}`).join('\n');
  const nap = (): PlannedCall => ({ name: 'nap', args: { ms: prng.between(1, 15) }, expected: 'ok' });
  const turns: PlannedCall[][] = [
    [write(path, `${body}\n${mark}\n`), append(number, 'first')],
    [
      call('edit', { path, old_string: mark, new_string: `${mark} edited` }, 'ok', {
        do: 'replace',
        path,
        from: mark,
        to: `${mark} edited`,
      }),
      { ...call('read', { path }, 'ok'), says: `${mark} edited` },
    ],
  ];
  if (prng.chance(0.5)) turns.push([nap(), nap(), append(number, 'last'), write('shared.txt', `${mark}\n`)]);
  return turns;
}

export function call(
  name: string,
  args: Readonly<Record<string, unknown>>,
  expected: Expected,
  op?: FileOp,
): PlannedCall {
  return { name, args, expected, ...(op ? { op } : {}) };
}

/** What the scripted model answers in this turn. */
export function answerOf(plan: PlannedPrompt, { turn }: Conversation): ScriptedAnswer {
  const calls = plan.turns[turn];
  if (!calls) return { text: plan.reply };
  return {
    text: `turn ${turn} of ${plan.text}`,
    calls: calls.map(({ name, args }) => ({ name, arguments: args })),
  };
}

/** @returns what is wrong; undefined when it could be done */
export function applyOp(tree: Tree, op: FileOp): string | undefined {
  const before = tree.get(op.path);
  switch (op.do) {
    case 'write':
      tree.set(op.path, op.content);
      return undefined;
    case 'append':
      tree.set(op.path, (before ?? '') + op.line);
      return undefined;
    case 'replace':
      if (before?.split(op.from).length !== 2) return `${op.from} is not once in ${op.path}`;
      tree.set(
        op.path,
        before.replace(op.from, () => op.to),
      );
      return undefined;
  }
}

/** Equal for equal trees. */
export function treeHash(files: Iterable<readonly [string, string | Uint8Array]>): string {
  const hash = createHash('sha256');
  for (const [path, content] of [...files].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))) {
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex').slice(0, 24);
}

function write(path: string, content: string): PlannedCall {
  return call('write', { path, content }, 'ok', { do: 'write', path, content });
}

function append(number: number, which: string): PlannedCall {
  const line = `prompt ${number}, ${which}\n`;
  return call('append', { path: 'log.txt', line }, 'ok', { do: 'append', path: 'log.txt', line });
}
