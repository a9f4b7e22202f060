import type { Prng } from '../shared/prng.ts';
import type { Source } from './sources.ts';
import { indentOf } from './spelling.ts';

/** A line of the new text, and the line of the file (by its index) that it is or was. */
export type NewLine =
  | { readonly kind: 'kept'; readonly index: number }
  | { readonly kind: 'changed'; readonly index: number; readonly text: string }
  | { readonly kind: 'added'; readonly text: string };

/** Lines `[start, end)` of a source and what is to become of them. */
export interface BlockChange {
  readonly start: number;
  readonly end: number;
  readonly lines: readonly NewLine[];
}

const WORD = /[A-Za-z_]\w{2,}/g;
const MAX_BLOCK_LINES = 12;

/** @param kinds  which changes may be drawn; the block's own lines are as in the source */
export function drawChange(
  prng: Prng,
  source: Source,
  kinds: readonly ChangeKind[],
  minLines = 1,
  atEnd = false,
): BlockChange | undefined {
  const count = prng.between(minLines, prng.chance(0.3) ? Math.max(minLines, 2) : MAX_BLOCK_LINES);
  const start = atEnd ? source.lines.length - count : prng.below(Math.max(1, source.lines.length - count));
  const end = start + count;
  const block = source.lines.slice(start, end);
  if (start < 0 || block[0]!.trim() === '' || block.at(-1)!.trim() === '') return undefined;
  if (block.every((line) => line.replace(/\W/g, '').length < 4)) return undefined;
  const lines = CHANGES[prng.pick(kinds)](prng, block, source.step, start);
  return lines && { start, end, lines };
}

export type ChangeKind = 'rename' | 'insert' | 'delete' | 'wrap';

type Change = (prng: Prng, block: readonly string[], step: string, start: number) => NewLine[] | undefined;

const kept = (block: readonly string[], start: number): NewLine[] =>
  block.map((_, i) => ({ kind: 'kept', index: start + i }));

const CHANGES: Readonly<Record<ChangeKind, Change>> = {
  rename(prng, block, _step, start) {
    const lines = kept(block, start);
    const at = prng.below(block.length);
    const text = renameOne(prng, block[at]!);
    if (text === undefined) return undefined;
    lines[at] = { kind: 'changed', index: start + at, text };
    return lines;
  },
  insert(prng, block, step, start) {
    const lines = kept(block, start);
    const at = prng.below(block.length);
    if (block[at]!.trim() === '') return undefined;
    const indent = indentOf(block[at]!);
    const added = [
      `${indent}added_${prng.below(1_000)}(value);`,
      `${indent}if (other_${prng.below(1_000)}) {`,
    ];
    if (prng.chance(0.5)) added.push(`${indent}${step}leave_${prng.below(1_000)}();`, `${indent}}`);
    else added.pop();
    lines.splice(at + 1, 0, ...added.map((text): NewLine => ({ kind: 'added', text })));
    return lines;
  },
  delete(prng, block, _step, start) {
    if (prng.chance(0.2)) return [];
    const lines = kept(block, start);
    const gone = lines.splice(prng.below(block.length), prng.between(1, 3));
    // Of two lines that are alike one may have gone as well as the other.
    const texts = (some: readonly NewLine[]): string[] =>
      some.flatMap((line) => (line.kind === 'kept' ? [block[line.index - start]!.trim()] : []));
    const left = new Set(texts(lines));
    return texts(gone).some((text) => left.has(text)) ? undefined : lines;
  },
  wrap(prng, block, step) {
    // Whether a blank line among lines that are all new is the old one, nobody can say.
    if (block.some((line) => line.trim() === '')) return undefined;
    const indents = block.map(indentOf);
    const outer = indents.reduce((least, indent) => (indent.length < least.length ? indent : least));
    const inner = block.map((line): NewLine => ({ kind: 'added', text: step + line }));
    return [
      { kind: 'added', text: `${outer}while (wrapped_${prng.below(1_000)}) {` },
      ...inner,
      { kind: 'added', text: `${outer}}` },
    ];
  },
};

/** One word is another one, and everything else as it was. */
export function renameOne(prng: Prng, line: string): string | undefined {
  const words = [...line.matchAll(WORD)];
  if (words.length === 0) return undefined;
  const { index, 0: word } = prng.pick(words);
  return `${line.slice(0, index)}renamed_${prng.below(1_000)}${line.slice(index + word.length)}`;
}
