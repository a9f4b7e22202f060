import { quotePath } from '../workspace/paths.ts';
import type { PatchLine } from './line-edits.ts';

const MAX_FILES = 200;
const MAX_NOTES = 20;

/** What a patch did to one file. */
export interface PatchedFile {
  readonly kind: 'added' | 'modified' | 'deleted';
  /** As the patch spells it; where the file is now, if it was moved. */
  readonly path: string;
  readonly movedFrom?: string | undefined;
  readonly copiedFrom?: string | undefined;
  readonly addedLines: number;
  readonly removedLines: number;
  /** What is worth knowing about how it was done, one line each. */
  readonly notes: readonly string[];
}

const LETTERS = { added: 'A', modified: 'M', deleted: 'D' } as const;
const ORDER = ['added', 'modified', 'deleted'] as const;

/** What a patch did, as the reference implementation of `apply_patch` tells it, with counts of lines and notes. */
export function describePatched(files: readonly PatchedFile[]): string {
  const sorted = ORDER.flatMap((kind) => files.filter((file) => file.kind === kind));
  const lines = ['Success. Updated the following files:'];
  for (const file of sorted.slice(0, MAX_FILES)) lines.push(describeFile(file));
  if (sorted.length > MAX_FILES) lines.push(`... and ${sorted.length - MAX_FILES} more`);
  const notes = sorted.flatMap(({ path, notes: own }) => own.map((note) => `${path}: ${note}`));
  lines.push(...notes.slice(0, MAX_NOTES));
  if (notes.length > MAX_NOTES) lines.push(`... and ${notes.length - MAX_NOTES} notes more`);
  return lines.join('\n');
}

function describeFile({ kind, path, movedFrom, copiedFrom, addedLines, removedLines }: PatchedFile): string {
  const counts =
    kind === 'deleted' ? '' : kind === 'added' ? ` (+${addedLines})` : ` (+${addedLines} -${removedLines})`;
  const moved = movedFrom === undefined ? '' : `, moved from ${movedFrom}`;
  const copied = copiedFrom === undefined ? '' : `, copied from ${copiedFrom}`;
  return `${LETTERS[kind]} ${path}${counts}${moved}${copied}`;
}

/** Lines that hunks or chunks add and remove. */
export function countChanges(
  parts: Iterable<readonly PatchLine[]>,
): Pick<PatchedFile, 'addedLines' | 'removedLines'> {
  let addedLines = 0;
  let removedLines = 0;
  for (const lines of parts) {
    for (const { sign } of lines) {
      if (sign === '+') addedLines++;
      else if (sign === '-') removedLines++;
    }
  }
  return { addedLines, removedLines };
}

/** The first few of many paths, for a message. */
export function somePaths(paths: readonly string[], max = 5): string {
  const shown = paths.slice(0, max).map(quotePath).join(', ');
  return paths.length > max ? `${shown} and ${paths.length - max} more` : shown;
}
