import type { BaseImage } from '../workspace/base-image.ts';
import type { FileDifference } from '../workspace/files-view.ts';
import { parentsOf } from '../workspace/from-files.ts';
import { comparePaths } from '../workspace/paths.ts';
import type { ItemOutcome } from './run-batch.ts';

/** A path that sessions of one batch want differently. None of their versions is merged. */
export interface Conflict {
  readonly path: string;
  /** The items that changed it, in the batch's order. */
  readonly itemIds: readonly string[];
  /**
   * - `content` — the items left different contents, or one deleted what another changed
   * - `file-and-directory` — the path would be a file and a directory at once
   * - `unseen` — the path is on disk already, but was not shown to the sessions
   */
  readonly kind: 'content' | 'file-and-directory' | 'unseen';
}

export interface Merge {
  /** What to do to the base, in byte order of the paths: everything that no session contradicts. */
  readonly changes: readonly FileDifference[];
  readonly conflicts: readonly Conflict[];
}

/** One path's new content, wanted by all of `itemIds`. */
interface Wish {
  readonly difference: FileDifference;
  readonly itemIds: string[];
}

/**
 * Puts the changes of all items that are `done` together. The same change by two items is one change; two different
 * changes of one file are a conflict. Items that did not end properly are left out: their files may be half done.
 * @param isUnseen  whether a change would overwrite what no session was shown
 */
export function mergeOutcomes(
  outcomes: readonly ItemOutcome[],
  image: BaseImage,
  isUnseen: (change: FileDifference) => boolean = () => false,
): Merge {
  const wishes = new Map<string, Wish>();
  const conflicts = new Map<string, Conflict>();
  for (const { item, status, result } of outcomes) {
    if (status !== 'done' || !result) continue;
    for (const difference of result.workspace.differences) {
      const { path, after } = difference;
      const earlier = wishes.get(path);
      if (!earlier) {
        wishes.set(path, { difference, itemIds: [item.id] });
        continue;
      }
      earlier.itemIds.push(item.id);
      // The list is shared, so that items which come later are in it too.
      if (!isSame(earlier.difference.after, after))
        conflicts.set(path, { path, itemIds: earlier.itemIds, kind: 'content' });
    }
  }
  for (const [path, { difference, itemIds }] of wishes) {
    if (isUnseen(difference)) conflicts.set(path, { path, itemIds, kind: 'unseen' });
  }
  const merged = new Map([...wishes].filter(([path]) => !conflicts.has(path)));
  dropClashes(merged, wishes, conflicts, image);
  return {
    changes: [...merged.values()].map((wish) => wish.difference).sort((a, b) => comparePaths(a.path, b.path)),
    conflicts: [...conflicts.values()].sort((a, b) => comparePaths(a.path, b.path)),
  };
}

/**
 * Takes out of `merged` what would make one path a file and a directory. Each file alone may look fine: one session
 * made `a`, another `a/b`; or the deletion that made room for a new file is itself in conflict.
 */
function dropClashes(
  merged: Map<string, Wish>,
  wishes: ReadonlyMap<string, Wish>,
  conflicts: Map<string, Conflict>,
  image: BaseImage,
): void {
  const isThere = (path: string): boolean => {
    const wish = merged.get(path);
    return wish ? wish.difference.after !== null : image.has(path);
  };
  for (;;) {
    const added = [...merged].filter(([, { difference }]) => difference.before === null);
    const clashes = new Set<string>();
    const clash = (file: string, below: string): void => {
      const itemIds = [...new Set([file, below].flatMap((path) => wishes.get(path)?.itemIds ?? []))];
      conflicts.set(file, { path: file, itemIds, kind: 'file-and-directory' });
      for (const path of [file, below]) if (merged.has(path)) clashes.add(path);
    };
    for (const [path] of added) {
      for (const parent of parentsOf(path)) if (isThere(parent)) clash(parent, path);
      for (const below of image.pathsUnder(path)) if (isThere(below)) clash(path, below);
    }
    if (clashes.size === 0) return;
    for (const path of clashes) {
      if (!conflicts.has(path))
        conflicts.set(path, { path, itemIds: wishes.get(path)!.itemIds, kind: 'file-and-directory' });
      merged.delete(path);
    }
  }
}

function isSame(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : Buffer.compare(a, b) === 0;
}
