import type { EditLevel } from './edit-level.ts';
import { countNewlines } from './original-text.ts';
import type { Replacement } from './replacement.ts';
import { shortLine } from './short-line.ts';

const MAX_LINES_A_SIDE = 20;
/** A change longer than this is told by its line numbers alone. */
const MAX_HUNK_CHARS = 20_000;

/** What was done to a file. */
export interface DoneEdit {
  readonly path: string;
  readonly before: string;
  /** In order, without overlap; at least one. */
  readonly replacements: readonly Replacement[];
  /** For each edit that was asked for, at which level it was found. */
  readonly levels: readonly EditLevel[];
  readonly maxHunks: number;
}

/**
 * Tells what an edit did, in the manner of a unified diff without context: whole lines, with their numbers. Where a text
 * was not found exactly it says so, so that the model copies more closely.
 */
export function describeEdit({ path, before, replacements, levels, maxHunks }: DoneEdit): string {
  const hunks: string[] = [];
  let line = 1;
  let counted = 0;
  let shift = 0;
  let index = 0;
  while (index < replacements.length && hunks.length < maxHunks) {
    const first = replacements[index]!;
    const start = first.start === 0 ? 0 : before.lastIndexOf('\n', first.start - 1) + 1;
    let end = lineEnd(before, first.end);
    let changed = before.slice(start, first.start) + first.text;
    let at = first.end;
    // Places on one line are one hunk.
    for (index++; index < replacements.length && replacements[index]!.start <= end; index++) {
      const next = replacements[index]!;
      changed += before.slice(at, next.start) + next.text;
      at = next.end;
      // Only where it goes beyond the line: to look for the end of a long one again and again takes quadratic time.
      if (next.end > end) end = lineEnd(before, next.end);
    }
    line += countNewlines(before, counted, start);
    counted = start;
    const hunk = describeHunk(before.slice(start, end), changed + before.slice(at, end), line, shift);
    shift += hunk.shift;
    hunks.push(hunk.text);
  }
  const places = replacements.length === 1 ? '' : ` in ${replacements.length} places`;
  const more = index < replacements.length ? `\n... and ${replacements.length - index} more` : '';
  return `Edited ${path}${places}:\n${hunks.join('\n')}${more}${describeLevels(levels)}`;
}

function describeLevels(levels: readonly EditLevel[]): string {
  if (levels.every(({ tolerance }) => tolerance === '')) return '';
  const lenient = [...new Set(levels)].filter(({ tolerance }) => tolerance !== '');
  return lenient
    .map((level) => {
      const edits = levels.flatMap((each, i) => (each === level ? [i + 1] : []));
      const which =
        levels.length === 1 ? 'old_string' : `${edits.length === 1 ? 'edit' : 'edits'} ${edits.join(', ')}`;
      return `\n[${which} matched only without regard to ${level.tolerance}; the file's own were kept.]`;
    })
    .join('');
}

function describeHunk(
  before: string,
  after: string,
  line: number,
  shift: number,
): { readonly text: string; readonly shift: number } {
  if (before.length + after.length > MAX_HUNK_CHARS) {
    return {
      text: `@@ from line ${line} @@ (${before.length} characters became ${after.length})`,
      shift: countNewlines(after, 0, after.length) - countNewlines(before, 0, before.length),
    };
  }
  const removed = before.split('\n');
  const added = after.split('\n');
  const total = added.length - removed.length;
  let same = 0;
  while (same < removed.length && same < added.length && removed[same] === added[same]) same++;
  while (removed.length > same && added.length > same && removed.at(-1) === added.at(-1)) {
    removed.pop();
    added.pop();
  }
  const from = line + same;
  const lines = [`@@ -${range(from, removed.length - same)} +${range(from + shift, added.length - same)} @@`];
  addSide(lines, '-', removed, same);
  addSide(lines, '+', added, same);
  return { text: lines.join('\n'), shift: total };
}

/** As git writes it: a side without lines names the line before it. */
function range(line: number, count: number): string {
  return count === 0 ? `${line - 1},0` : count === 1 ? String(line) : `${line},${count}`;
}

function addSide(hunk: string[], sign: string, lines: readonly string[], from: number): void {
  const end = Math.min(lines.length, from + MAX_LINES_A_SIDE);
  for (let i = from; i < end; i++) hunk.push(sign + shortLine(lines[i]!));
  if (end < lines.length) hunk.push(`${sign}... ${lines.length - end} more lines`);
}

function lineEnd(text: string, from: number): number {
  const newline = text.indexOf('\n', from);
  return newline === -1 ? text.length : newline;
}
