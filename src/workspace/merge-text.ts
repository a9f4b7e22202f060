import { diffIndices } from 'node-diff3';
import { diffLines, numberLines } from './line-diff.ts';
import { commonEnd, commonLines, countLines, lineOffsets, NEWLINE, splitLines } from './text-lines.ts';

/** A place where sides want different lines. Sides are numbered as they were given. */
export interface TextConflict {
  /** Line of the base, from 1, where the place begins: one past the last where something is added at the end. */
  readonly baseLine: number;
  /** The base's lines there, with their ends; none where all sides only add. */
  readonly base: readonly string[];
  /** What each version of the place has instead, and which sides want it. Sides that leave the place alone are in none. */
  readonly versions: readonly { readonly sides: readonly number[]; readonly lines: readonly string[] }[];
}

/**
 * - `merged` — every side's changes are in it
 * - `conflict` — somewhere they contradict each other; such places are listed in the order of the text, up to
 *   {@link MAX_SHOWN_LINES}
 * - `too-different` — they contradict each other in places that it would cost too much to tell apart
 */
export type TextMerge =
  | { readonly kind: 'merged'; readonly content: Buffer }
  | { readonly kind: 'conflict'; readonly conflicts: readonly TextConflict[] }
  | { readonly kind: 'too-different' };

/** Lines of all conflicts of one file together, in all versions, beyond which they are not shown. */
export const MAX_SHOWN_LINES = 20_000;
/** Lines of both texts together, between their common ends, beyond which they are not taken apart. */
const MAX_LINES = 200_000;
/** What one longest common subsequence may cost, see {@link lcsSteps}: some 30 ms. */
const MAX_LCS_STEPS = 30_000_000;

/** Lines [start, end) of the base, in bytes, that one side has replaced by others. */
interface Hunk {
  readonly start: number;
  readonly end: number;
  readonly content: Buffer;
  /** Its sides were too different to compare: it spans all from the first to the last line that differs. */
  readonly isCoarse: boolean;
}

type SideHunk = Hunk & { readonly side: number };

/**
 * Merges any number of versions of one text. A change is made when no other touches it: as with git, there must be a
 * line between two changes that both sides left alone, or both must be the same. So two lines added at one place are a
 * conflict, unless they are equal. The order of the sides makes no difference to what is merged.
 * @param base  what every side started from: UTF-8 without NUL, as the sides are
 */
export function mergeText(base: Buffer, sides: readonly Buffer[]): TextMerge {
  const hunks = sides.flatMap((content, side) =>
    hunksBetween(base, content).map((hunk): SideHunk => ({ ...hunk, side })),
  );
  hunks.sort((a, b) => a.start - b.start || a.end - b.end || a.side - b.side);

  const pieces: Buffer[] = [];
  const conflicts: TextConflict[] = [];
  let shownLines = 0;
  let isMerged = true;
  let merged = 0;
  for (const region of touchingRegions(hunks)) {
    const { start, end } = region;
    const versions = versionsOf(base, region);
    if (versions.length > 1) {
      if (region.hunks.some((hunk) => hunk.isCoarse)) return { kind: 'too-different' };
      isMerged = false;
      const replaced = base.subarray(start, end);
      for (const { content } of [{ content: replaced }, ...versions]) shownLines += countLines(content);
      if (shownLines <= MAX_SHOWN_LINES)
        conflicts.push({
          baseLine: countLines(base.subarray(0, start)) + 1,
          base: linesOf(replaced),
          versions: versions.map(({ sides: who, content }) => ({ sides: who, lines: linesOf(content) })),
        });
    }
    pieces.push(base.subarray(merged, start), versions[0]!.content);
    merged = end;
  }
  if (!isMerged) return { kind: 'conflict', conflicts };
  return { kind: 'merged', content: Buffer.concat([...pieces, base.subarray(merged)]) };
}

/** Part of the base, with all hunks that overlap or touch each other in it. */
interface Region {
  readonly start: number;
  readonly end: number;
  readonly hunks: readonly SideHunk[];
}

function touchingRegions(sorted: readonly SideHunk[]): Region[] {
  const regions: { start: number; end: number; hunks: SideHunk[] }[] = [];
  for (const hunk of sorted) {
    const last = regions.at(-1);
    if (last && hunk.start <= last.end) {
      last.hunks.push(hunk);
      last.end = Math.max(last.end, hunk.end);
    } else {
      regions.push({ start: hunk.start, end: hunk.end, hunks: [hunk] });
    }
  }
  return regions;
}

/** What the sides that changed a region make of it: one entry for each different content, in the order of the sides. */
function versionsOf(base: Buffer, { start, end, hunks }: Region): { sides: number[]; content: Buffer }[] {
  const versions: { sides: number[]; content: Buffer }[] = [];
  for (const side of new Set(hunks.map((hunk) => hunk.side).sort((a, b) => a - b))) {
    const pieces: Buffer[] = [];
    let done = start;
    for (const hunk of hunks) {
      if (hunk.side !== side) continue;
      pieces.push(base.subarray(done, hunk.start), hunk.content);
      done = hunk.end;
    }
    const content = Buffer.concat([...pieces, base.subarray(done, end)]);
    const known = versions.find((version) => version.content.equals(content));
    if (known) known.sides.push(side);
    else versions.push({ sides: [side], content });
  }
  return versions;
}

/** What a side changed, in order; between two hunks there is at least one line of the base. */
function hunksBetween(base: Buffer, side: Buffer): Hunk[] {
  if (base.equals(side)) return [];
  const start = commonLines(base, side);
  const tail = commonEnd(base, side, start);
  const removed = base.subarray(start, base.length - tail);
  const added = side.subarray(start, side.length - tail);
  const whole: Hunk = { start, end: start + removed.length, content: added, isCoarse: false };
  if (removed.length === 0 || added.length === 0) return settle(base, [whole]);

  const runs =
    countLines(removed) + countLines(added) <= MAX_LINES &&
    changedRuns(splitLines(removed.toString('utf8')), splitLines(added.toString('utf8')));
  if (!runs) return [{ ...whole, isCoarse: true }];
  const oldOffsets = lineOffsets(removed);
  const newOffsets = lineOffsets(added);
  const hunks = runs.map(([oldLine, oldCount, newLine, newCount]) => ({
    start: start + oldOffsets[oldLine]!,
    end: start + oldOffsets[oldLine + oldCount]!,
    content: added.subarray(newOffsets[newLine], newOffsets[newLine + newCount]),
    isCoarse: false,
  }));
  return settle(base, hunks);
}

/** A run of lines that differ: where it begins and how many there are, in the old and in the new text. */
type ChangedRun = readonly [oldLine: number, oldCount: number, newLine: number, newCount: number];

/** By the longest common subsequence where that is cheap, else by the fewest edits; `undefined` when neither is. */
function changedRuns(before: readonly string[], after: readonly string[]): ChangedRun[] | undefined {
  const [old, now] = numberLines(before, after);
  if (lcsSteps(old, now) <= MAX_LCS_STEPS)
    return diffIndices(old, now).map(({ buffer1, buffer2 }) => [...buffer1, ...buffer2] as const);

  const edits = diffLines(before, after);
  if (!edits) return undefined;
  const runs: [number, number, number, number][] = [];
  let oldLine = 0;
  let newLine = 0;
  let wasSame = true;
  for (const { kind, lines } of edits) {
    const [oldCount, newCount] = [kind === 'added' ? 0 : lines.length, kind === 'removed' ? 0 : lines.length];
    if (kind !== 'same') {
      if (wasSame) runs.push([oldLine, 0, newLine, 0]);
      const run = runs.at(-1)!;
      run[1] += oldCount;
      run[3] += newCount;
    }
    wasSame = kind === 'same';
    oldLine += oldCount;
    newLine += newCount;
  }
  return runs;
}

/**
 * More steps than node-diff3's search takes: for each pair of equal lines it may look through the subsequence found so
 * far. So it is quadratic in lines that are all different, and cubic in lines that are all the same.
 */
function lcsSteps(old: readonly number[], now: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const line of now) counts.set(line, (counts.get(line) ?? 0) + 1);
  const pairs = old.reduce((sum, line) => sum + (counts.get(line) ?? 0), 0);
  return pairs * Math.min(old.length, now.length);
}

/**
 * Where lines repeat, one edit can be told in several ways: of `a a` either may be the one that was deleted. Each
 * hunk that only adds or only deletes is moved as far down as it goes, as git does, so that sides which did the same
 * are seen to have done the same. Hunks that meet by that become one.
 */
function settle(base: Buffer, hunks: readonly Hunk[]): Hunk[] {
  const settled: Hunk[] = [];
  for (const hunk of hunks.toReversed()) {
    let moved = slideDown(base, hunk, settled.at(-1)?.start ?? base.length);
    for (let next = settled.at(-1); next && moved.end === next.start; next = settled.at(-1)) {
      settled.pop();
      const content = Buffer.concat([moved.content, next.content]);
      const joined = { ...moved, end: next.end, content };
      moved = slideDown(base, joined, settled.at(-1)?.start ?? base.length);
    }
    settled.push(moved);
  }
  return settled.reverse();
}

/** @param limit  offset in the base that the hunk's end must not pass */
function slideDown(base: Buffer, hunk: Hunk, limit: number): Hunk {
  const { start, end, content } = hunk;
  // The bytes that move out at the top must be those that come in at the bottom, for whole lines.
  const period = content.length === 0 ? base.subarray(start, end) : content;
  if (period.length === 0 || (content.length > 0 && end > start)) return hunk;
  let distance = 0;
  for (let i = 0; end + i < limit && base[end + i] === period[i % period.length]; i++)
    if (base[end + i] === NEWLINE) distance = i + 1;
  if (distance === 0) return hunk;
  const turn = distance % period.length;
  return {
    ...hunk,
    start: start + distance,
    end: end + distance,
    content:
      content.length === 0 ? content : Buffer.concat([content.subarray(turn), content.subarray(0, turn)]),
  };
}

function linesOf(content: Buffer): string[] {
  return splitLines(content.toString('utf8'));
}
