import type { FileLines, LineBreak } from './file-lines.ts';

/** A line to put into a file; without `end` it ends as its neighbours there do. */
export interface AddedLine {
  readonly text: string;
  readonly end?: LineBreak;
}

/** In the place of `deleted` lines from `start` on come the added ones. */
export interface LineEdit {
  readonly start: number;
  readonly deleted: number;
  readonly added: readonly AddedLine[];
}

/**
 * The file's text with the edits made; what they do not touch stays as it is, byte for byte. A line that gets another
 * one after it gets a break if it has none.
 * @param edits  in order, without overlap
 */
export function applyLineEdits(file: FileLines, edits: readonly LineEdit[]): string {
  const parts: string[] = [file.bom];
  let needsBreak = false;
  let at = 0;
  const copyTo = (line: number): void => {
    if (at >= line) return;
    if (needsBreak) parts.push(file.breakNear(at));
    parts.push(file.slice(at, line));
    needsBreak = file.breakOf(line - 1) === '';
    at = line;
  };
  for (const { start, deleted, added } of edits) {
    copyTo(start);
    const near = file.breakNear(start);
    for (const { text, end = near } of added) {
      if (needsBreak) parts.push(near);
      parts.push(text, end);
      needsBreak = end === '';
    }
    at = start + deleted;
  }
  copyTo(file.count);
  return parts.join('');
}

/** A line of a chunk or hunk: in both texts, only in the old or only in the new one. */
export interface PatchLine {
  readonly sign: ' ' | '-' | '+';
  readonly text: string;
}

/**
 * A chunk that was found, as edits. Its unchanged lines are left to the file: they may differ in what was ignored.
 * @param at  where its first old line stands in the file
 */
export function editsOfChunk<Line extends PatchLine>(
  body: readonly Line[],
  at: number,
  toAdded: (line: Line) => AddedLine,
): LineEdit[] {
  const edits: LineEdit[] = [];
  let line = at;
  let open: { start: number; deleted: number; added: AddedLine[] } | undefined;
  for (const item of body) {
    if (item.sign === ' ') {
      open = undefined;
      line++;
      continue;
    }
    if (!open) {
      open = { start: line, deleted: 0, added: [] };
      edits.push(open);
    }
    if (item.sign === '+') {
      open.added.push(toAdded(item));
    } else {
      open.deleted++;
      line++;
    }
  }
  return edits;
}
