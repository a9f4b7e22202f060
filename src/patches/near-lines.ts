import { headChars } from '../head-chars.ts';
import type { FileLines } from './file-lines.ts';
import type { LineIndex } from './line-index.ts';
import { nearestRegion } from '../edits/nearest-region.ts';
import { OriginalText } from '../edits/original-text.ts';
import { WorkBudget } from '../edits/work-budget.ts';

const MAX_LINE_CHARS = 100;
const LINES_AROUND = 2;
const MAX_SHOWN = 9;

/** A line as it may stand in a message: in quotes, and short. */
export function quoteLine(line: string): string {
  return JSON.stringify(cut(line));
}

/** A few lines of a file with their numbers, for a message. @param from  line of the first, counted from 0 */
export function showLines(file: FileLines, from: number, count: number): string {
  const start = Math.max(0, from - LINES_AROUND);
  const end = Math.min(file.count, start + Math.min(count + 2 * LINES_AROUND, MAX_SHOWN));
  const lines: string[] = [];
  for (let i = start; i < end; i++) lines.push(`${String(i + 1).padStart(6)}\t${cut(file.line(i))}`);
  return lines.join('\n');
}

/** Lines that stand everywhere say nothing about a place, and are not counted. */
const MAX_PLACES = 50;
/** Lines of a chunk that are looked for. */
const MAX_VOTERS = 200;
/** Characters that are looked at for likeness, about: an explanation is worth less than a change. */
const MAX_SIMILARITY_STEPS = 2 ** 24;

/**
 * Where lines that were not found seem to belong, in words: the place that most of them have in common, with the first
 * line that differs and the lines around it.
 * @param keyOf  the key that `index` has of a line
 * @param from  the line of the file where they were expected, for a choice between places that are as good
 */
export function whereLinesAre(
  file: FileLines,
  index: LineIndex,
  lines: readonly string[],
  keyOf: (line: string) => string,
  from: number,
): string {
  if (file.count === 0) return 'The file is empty.';
  const start = nearestStart(index, lines, keyOf, from);
  if (start === undefined) {
    const isAny = lines.some((line) => index.placesOf(keyOf(line)).length > 0);
    return similarLines(file, lines, isAny);
  }
  let differs = 0;
  while (differs < lines.length && index.isAt(start + differs, keyOf(lines[differs]!))) differs++;
  if (differs === lines.length) {
    return `They stand at line ${start + 1}.\n${showLines(file, start, lines.length)}`;
  }
  const line = start + differs;
  const found = line >= 0 && line < file.count ? `is ${quoteLine(file.line(line))}` : 'is not in the file';
  return `Nearest: line ${line + 1} ${found} where the patch has ${quoteLine(lines[differs]!)}.\n${showLines(file, Math.max(0, line - 2), 3)}`;
}

/** For lines that say of no place that it is theirs: those that share most words with them. @param isAny  some are in the file */
function similarLines(file: FileLines, lines: readonly string[], isAny: boolean): string {
  const none = isAny ? 'Those of them that are in it stand in many places' : 'None of them is in it';
  const original = new OriginalText(file.slice(0, file.count));
  const near = nearestRegion(original, lines.join('\n'), new WorkBudget(MAX_SIMILARITY_STEPS));
  if (near) {
    return `${none}. Most like them is line ${near.firstLine}.\n${showLines(file, near.firstLine - 1, near.lines.length)}`;
  }
  const first = isAny ? '' : `; ${quoteLine(lines.find((line) => line.trim() !== '') ?? '')} is not`;
  return `${none}${first}. Read the file again: it has ${file.count} ${file.count === 1 ? 'line' : 'lines'}.`;
}

function nearestStart(
  index: LineIndex,
  lines: readonly string[],
  keyOf: (line: string) => string,
  from: number,
): number | undefined {
  const votes = new Map<number, number>();
  for (const [i, line] of lines.slice(0, MAX_VOTERS).entries()) {
    const key = keyOf(line);
    const places = key.trim() === '' ? [] : index.placesOf(key);
    if (places.length > MAX_PLACES) continue;
    for (const place of places) votes.set(place - i, (votes.get(place - i) ?? 0) + 1);
  }
  let best: number | undefined;
  for (const [start, count] of votes) {
    const lead = best === undefined ? 1 : count - votes.get(best)!;
    if (lead > 0 || (lead === 0 && Math.abs(start - from) < Math.abs(best! - from))) best = start;
  }
  return best;
}

function cut(line: string): string {
  return line.length <= MAX_LINE_CHARS ? line : `${headChars(line, MAX_LINE_CHARS)}…`;
}
