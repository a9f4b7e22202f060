import type { FileDifference } from '../workspace/files-view.ts';
import { filePatch } from '../workspace/patch.ts';

/** One changed file, as people look at it. */
export interface FileDiff {
  readonly path: string;
  readonly kind: 'added' | 'modified' | 'deleted';
  /** Lines; both 0 for a binary file. */
  readonly added: number;
  readonly removed: number;
  /** In git's format. */
  readonly patch: string;
}

export function fileDiff(difference: FileDifference): FileDiff {
  const { path, before, after } = difference;
  const patch = filePatch(difference);
  return {
    path,
    kind: before === null ? 'added' : after === null ? 'deleted' : 'modified',
    ...countChanges(patch),
    patch,
  };
}

/** Lines that one file's patch adds and removes: those of its hunks, not of its header. */
function countChanges(patch: string): { added: number; removed: number } {
  const hunks = patch.indexOf('\n@@ ');
  let added = 0;
  let removed = 0;
  for (let at = hunks; at !== -1; at = patch.indexOf('\n', at + 1)) {
    if (patch[at + 1] === '+') added += 1;
    else if (patch[at + 1] === '-') removed += 1;
  }
  return { added, removed };
}
