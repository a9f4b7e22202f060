import { lstatSync, readdirSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { BaseImage } from '../workspace/base-image.ts';
import type { FileDifference } from '../workspace/files-view.ts';
import { parentsOf } from '../workspace/from-files.ts';

/**
 * Whether a change would create a file where something is on disk already that no session was shown: it is binary, too
 * large, ignored or left out. Neither git nor a person would want it overwritten unseen.
 * @param image  what sessions were shown. With it, also what is in the way above the path (a file, a link) and below
 *   it (a directory with more in it) counts
 */
export function isUnseen(directory: string, { path, before }: FileDifference, image?: BaseImage): boolean {
  if (before !== null) return false;
  const there = statOf(join(directory, path));
  if (there && !there.isDirectory()) return true;
  if (!image) return false;
  if (there) return !image.isDirectory(path) || holdsUnseen(directory, path, image);
  for (const parent of parentsOf(path)) {
    const above = statOf(join(directory, parent));
    if (above && !above.isDirectory() && !image.has(parent)) return true;
  }
  return false;
}

function holdsUnseen(directory: string, path: string, image: BaseImage): boolean {
  return readdirSync(join(directory, path), { recursive: true, withFileTypes: true }).some((entry) => {
    const inside = relative(directory, join(entry.parentPath, entry.name)).split(sep).join('/');
    return entry.isDirectory() ? !image.isDirectory(inside) : !image.has(inside);
  });
}

/** Undefined when nothing can be found there. */
function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}
