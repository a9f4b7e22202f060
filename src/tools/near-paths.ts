import { nearest } from '../nearest.ts';
import type { Workspace } from '../workspace/workspace.ts';

/** Looked through, the most recently changed first. */
const MAX_FILES = 20_000;
/** Names that are compared letter by letter. */
const MAX_COMPARED = 500;
const MAX_SHOWN = 3;

/**
 * Files that somebody who asked for a missing one most likely meant, best first: of the same name elsewhere, else of a
 * name spelled almost so. Bounded work, whatever the number of files.
 * @param path  canonical
 */
export function nearestFiles(workspace: Workspace, path: string): string[] {
  return nearestPaths(path, workspace.list().slice(0, MAX_FILES));
}

/** {@link nearestFiles} for directories. */
export function nearestDirectories(workspace: Workspace, path: string): string[] {
  const directories = new Set<string>();
  for (const file of workspace.list().slice(0, MAX_FILES)) {
    let end = file.lastIndexOf('/');
    // One that is known brought those above it with it.
    while (end > 0 && !directories.has(file.slice(0, end))) {
      directories.add(file.slice(0, end));
      end = file.lastIndexOf('/', end - 1);
    }
  }
  return nearestPaths(path, [...directories]);
}

function nearestPaths(path: string, known: readonly string[]): string[] {
  const name = nameOf(path).toLowerCase();
  const sameName = known.filter((other) => nameOf(other).toLowerCase() === name);
  if (sameName.length > 0) {
    const shared = new Map(sameName.map((other) => [other, sharedNames(path, other)]));
    return sameName.sort((a, b) => shared.get(b)! - shared.get(a)!).slice(0, MAX_SHOWN);
  }
  const directory = path.slice(0, path.lastIndexOf('/') + 1);
  const siblings = known.filter(
    (other) => other.startsWith(directory) && !other.includes('/', directory.length),
  );
  for (const candidates of [siblings, known]) {
    const near = nearest(name, likely(name, candidates));
    const found = candidates.find((other) => nameOf(other) === near);
    if (found !== undefined) return [found];
  }
  return [];
}

/** The names that are as long as the wanted one, more or less: a few of them may be compared letter by letter. */
function likely(name: string, paths: readonly string[]): Set<string> {
  const names = new Set<string>();
  for (const path of paths) {
    const other = nameOf(path);
    if (Math.abs(other.length - name.length) <= Math.ceil(other.length / 3)) names.add(other);
    if (names.size === MAX_COMPARED) break;
  }
  return names;
}

/** Names that two paths have in common, from the end and from the start. */
function sharedNames(a: string, b: string): number {
  const left = a.split('/');
  const right = b.split('/');
  let shared = 0;
  while (shared < Math.min(left.length, right.length) && left.at(-1 - shared) === right.at(-1 - shared))
    shared++;
  for (let i = 0; i < Math.min(left.length, right.length) - shared && left[i] === right[i]; i++) shared++;
  return shared;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
