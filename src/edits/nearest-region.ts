import { plain } from './lookalikes.ts';
import type { OriginalText } from './original-text.ts';
import { OutOfWorkError, type WorkBudget } from './work-budget.ts';

/** Lines of the file that are most like a text which it does not have. */
export interface NearestRegion {
  /** 1-based. */
  readonly firstLine: number;
  readonly lines: readonly string[];
  /** 1-based line of the file where it first differs from the text; `undefined` when only something is missing. */
  readonly differentLine: number | undefined;
}

const MAX_SHOWN_LINES = 12;
/** Lines of the old text that are looked for. */
const MAX_KEYS = 1_000;
/** A line that the file has more often says nothing about a place. */
const MAX_OCCURRENCES = 20;
/** Longer lines are not taken apart into words. */
const MAX_WORDED_CHARS = 2_000;
/** So much of its words has a line to share with the old text. */
const MIN_SHARED = 0.5;
const WORD = /[\p{L}\p{N}_]{2,}/gu;

/**
 * Where rare lines of the text are in the file, at the distance from each other that they have in the text; without any,
 * the line that shares most words with the text's longest one. `undefined` when nothing is near, or when it would take
 * more than the work that is left to say so.
 */
export function nearestRegion(
  original: OriginalText,
  oldText: string,
  work: WorkBudget,
): NearestRegion | undefined {
  try {
    work.spend(2 * original.text.length + oldText.length);
    const wanted = plain(oldText)
      .split('\n')
      .slice(0, MAX_KEYS)
      .map((line) => line.trim());
    while (wanted.at(-1) === '') wanted.pop();
    const lines = original.plain.text.split('\n');
    const start = bySharedLines(wanted, lines, work) ?? bySharedWords(wanted, lines, work);
    return start === undefined ? undefined : regionAt(Math.max(0, start), wanted, lines);
  } catch (error) {
    if (error instanceof OutOfWorkError) return undefined;
    throw error;
  }
}

function regionAt(start: number, wanted: readonly string[], lines: readonly string[]): NearestRegion {
  const shown = lines.slice(start, start + Math.min(wanted.length, MAX_SHOWN_LINES));
  const different = wanted.findIndex((line, i) => lines[start + i]?.trim() !== line);
  const isInFile = different !== -1 && start + different < lines.length;
  return { firstLine: start + 1, lines: shown, differentLine: isInFile ? start + different + 1 : undefined };
}

/** The 0-based line at which the text would begin. */
function bySharedLines(
  wanted: readonly string[],
  lines: readonly string[],
  work: WorkBudget,
): number | undefined {
  const places = new Map<string, { readonly wantedAt: number; readonly linesAt: number[] }>();
  for (const [wantedAt, key] of wanted.entries()) {
    if (/[\p{L}\p{N}]{2}/u.test(key) && !places.has(key)) places.set(key, { wantedAt, linesAt: [] });
  }
  if (places.size === 0) return undefined;
  for (const [line, content] of lines.entries()) {
    work.spend(1);
    const place = places.get(content.trim());
    if (place && place.linesAt.length <= MAX_OCCURRENCES) place.linesAt.push(line);
  }
  const votes = new Map<number, number>();
  for (const { wantedAt, linesAt } of places.values()) {
    if (linesAt.length > MAX_OCCURRENCES) continue;
    for (const line of linesAt) {
      const start = line - wantedAt;
      votes.set(start, (votes.get(start) ?? 0) + 1 / linesAt.length);
    }
  }
  return mostVoted(votes);
}

function bySharedWords(
  wanted: readonly string[],
  lines: readonly string[],
  work: WorkBudget,
): number | undefined {
  const longest = wanted.reduce((best, line, i) => (line.length > wanted[best]!.length ? i : best), 0);
  const words = new Set(wanted[longest]?.slice(0, MAX_WORDED_CHARS).match(WORD));
  if (words.size === 0) return undefined;
  const shares = new Map<number, number>();
  for (const [line, content] of lines.entries()) {
    if (content.length > MAX_WORDED_CHARS) continue;
    work.spend(4 * content.length + 1);
    const own = new Set(content.match(WORD));
    let shared = 0;
    for (const word of words) if (own.has(word)) shared++;
    const share = (2 * shared) / (words.size + own.size);
    if (share >= MIN_SHARED) shares.set(line - longest, share);
  }
  return mostVoted(shares);
}

/** The first of those with the most votes. */
function mostVoted(votes: ReadonlyMap<number, number>): number | undefined {
  let best: number | undefined;
  for (const [start, count] of votes) if (best === undefined || count > votes.get(best)!) best = start;
  return best;
}
