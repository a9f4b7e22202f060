import { diffLines } from './line-diff.ts';
import type { LineRun } from './line-diff.ts';
import { commonEnd, commonLines, countLines, NEWLINE, splitLines } from './text-lines.ts';

const CONTEXT_LINES = 3;
/** More lines than this, in both texts together, are not compared: taking them apart alone would cost too much. */
const MAX_LINES = 60_000;

/**
 * The hunks of a unified diff between two texts that differ. Lines end at `\n` only, as for git, so a CR is part of
 * its line. Texts that are too different to compare cheaply become one hunk that replaces all between their common
 * beginning and end: a valid patch, only a longer one.
 */
export function unifiedHunks(before: Buffer, after: Buffer): string {
  const start = commonLines(before, after);
  const end = commonEnd(before, after, start);
  const removed = before.subarray(start, before.length - end);
  const added = after.subarray(start, after.length - end);
  const lead = lastLines(before.subarray(0, start));
  const trail = firstLines(before.subarray(before.length - end));
  const firstLine = countLines(before.subarray(0, start)) - lead.length;

  const fits = countLines(removed) + countLines(added) <= MAX_LINES;
  const runs = fits && diffLines(splitLines(removed.toString('utf8')), splitLines(added.toString('utf8')));
  if (!runs) {
    const hunk = new Hunk(firstLine, firstLine);
    hunk.add('same', lead);
    hunk.addBlock('removed', removed);
    hunk.addBlock('added', added);
    hunk.add('same', trail);
    return hunk.toString();
  }
  if (lead.length > 0) runs.unshift({ kind: 'same', lines: lead });
  if (trail.length > 0) runs.push({ kind: 'same', lines: trail });
  return renderHunks(runs, firstLine);
}

/**
 * @param runs  the lines from `firstLine` on; unchanged ones longer than twice the context part two hunks
 * @param firstLine  lines of either text before the first run, where both are the same
 */
function renderHunks(runs: readonly LineRun[], firstLine: number): string {
  let text = '';
  let oldLine = firstLine;
  let newLine = firstLine;
  let hunk = new Hunk(oldLine, newLine);
  runs.forEach((run, i) => {
    const isLast = i === runs.length - 1;
    const { length } = run.lines;
    if (run.kind === 'same' && i > 0 && (isLast || length > 2 * CONTEXT_LINES)) {
      hunk.add('same', run.lines.slice(0, CONTEXT_LINES));
      text += hunk.toString();
      const skipped = length - CONTEXT_LINES;
      hunk = new Hunk(oldLine + skipped, newLine + skipped);
      if (!isLast) hunk.add('same', run.lines.slice(skipped));
    } else {
      const skipped = run.kind === 'same' && i === 0 ? Math.max(0, length - CONTEXT_LINES) : 0;
      if (skipped > 0) hunk = new Hunk(oldLine + skipped, newLine + skipped);
      hunk.add(run.kind, skipped > 0 ? run.lines.slice(skipped) : run.lines);
    }
    if (run.kind !== 'added') oldLine += length;
    if (run.kind !== 'removed') newLine += length;
  });
  return text + hunk.toString();
}

const SIGNS = { same: ' ', removed: '-', added: '+' } as const;

/** One hunk being written. */
class Hunk {
  readonly #oldStart: number;
  readonly #newStart: number;
  #oldCount = 0;
  #newCount = 0;
  #isChanged = false;
  #body = '';

  /** @param oldStart  lines of the old text before this hunk; `newStart` likewise */
  constructor(oldStart: number, newStart: number) {
    this.#oldStart = oldStart;
    this.#newStart = newStart;
  }

  add(kind: LineRun['kind'], lines: readonly string[]): void {
    if (lines.length === 0) return;
    const sign = SIGNS[kind];
    this.#append(kind, sign + lines.join(sign), lines.length);
  }

  /** {@link add} for a text that is not worth taking apart: it may have millions of lines. */
  addBlock(kind: LineRun['kind'], block: Buffer): void {
    if (block.length === 0) return;
    const count = countLines(block);
    const sign = SIGNS[kind].charCodeAt(0);
    const signed = Buffer.allocUnsafe(block.length + count);
    let length = 0;
    for (let i = 0; i < block.length; i++) {
      if (i === 0 || block[i - 1] === NEWLINE) signed[length++] = sign;
      signed[length++] = block[i]!;
    }
    this.#append(kind, signed.toString('utf8'), count);
  }

  #append(kind: LineRun['kind'], signedLines: string, count: number): void {
    this.#body += signedLines;
    if (!signedLines.endsWith('\n')) this.#body += '\n\\ No newline at end of file\n';
    if (kind !== 'added') this.#oldCount += count;
    if (kind !== 'removed') this.#newCount += count;
    if (kind !== 'same') this.#isChanged = true;
  }

  /** '' for a hunk that changes nothing. */
  toString(): string {
    if (!this.#isChanged) return '';
    const old = range(this.#oldStart, this.#oldCount);
    const now = range(this.#newStart, this.#newCount);
    return `@@ -${old} +${now} @@\n${this.#body}`;
  }
}

/** Start and count as diff writes them: an empty side names the line before it, and a count of 1 is left out. */
function range(linesBefore: number, count: number): string {
  if (count === 1) return String(linesBefore + 1);
  return `${count === 0 ? linesBefore : linesBefore + 1},${count}`;
}

function lastLines(text: Buffer): string[] {
  let begin = text.length;
  for (let n = 0; n < CONTEXT_LINES && begin > 0; n++) {
    begin = begin === 1 ? 0 : text.lastIndexOf(NEWLINE, begin - 2) + 1;
  }
  return splitLines(text.toString('utf8', begin));
}

function firstLines(text: Buffer): string[] {
  let end = 0;
  for (let n = 0; n < CONTEXT_LINES && end < text.length; n++) {
    const newline = text.indexOf(NEWLINE, end);
    end = newline === -1 ? text.length : newline + 1;
  }
  return splitLines(text.toString('utf8', 0, end));
}
