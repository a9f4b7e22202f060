import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { FileDifference } from '../workspace/files-view.ts';

/**
 * Whether a change would create a file that is on disk already, though no session was shown it: it is binary, too
 * large, ignored or left out. Neither git nor a person would want it overwritten unseen.
 */
export function isUnseen(directory: string, { path, before }: FileDifference): boolean {
  if (before !== null) return false;
  try {
    return !lstatSync(join(directory, path)).isDirectory();
  } catch {
    return false;
  }
}
