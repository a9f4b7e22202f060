import { resolvePath } from '../../workspace/paths.ts';
import type { Workspace, WorkspaceStat } from '../../workspace/workspace.ts';
import { PosixError } from './posix-error.ts';

type Kind = WorkspaceStat['kind'];

/** Directories that one call may make; a workspace's quotas count files only. */
const MAX_DIRECTORIES = 10_000;

/**
 * A workspace with directories of their own, as a shell expects: one that was made, or whose last file is gone, is there
 * until it is removed or the call ends. Paths are canonical and relative, `''` is the root.
 *
 * What a directory holds is looked up in an index of names, made when it is first asked for and kept true by every change
 * made here: nothing else may change the workspace meanwhile.
 */
export class FileTree {
  readonly #workspace: Workspace;
  /** Directory → what is in it, by name. */
  #index: Map<string, Map<string, Kind>> | undefined;
  #directoriesMade = 0;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  stat(path: string): WorkspaceStat | undefined {
    if (this.#index?.has(path)) return { kind: 'directory', size: 0 };
    return this.#workspace.stat(path);
  }

  /** A copy that the caller owns. @throws {WorkspaceError} `not_found`, `is_directory` */
  read(path: string): Uint8Array {
    return this.#workspace.readBytes(path);
  }

  /** What is in a directory, by name; undefined when it is none. Do not change it. */
  entries(path: string): ReadonlyMap<string, Kind> | undefined {
    return this.#directories().get(path);
  }

  /** Creates or replaces a file, with its parent directories. @throws {PosixError}, {@link WorkspaceError} */
  write(path: string, bytes: Uint8Array): void {
    // The workspace itself does not know of a directory without files.
    if (this.stat(path)?.kind === 'directory') throw new PosixError('EISDIR', 'open', `/${path}`);
    this.#workspace.writeBytes(path, bytes);
    if (this.#index) entriesOf(this.#index, parentOf(path)).set(nameOf(path), 'file');
  }

  /** @throws {PosixError} when something is there, or the parent is no directory; {@link WorkspaceError} */
  makeDirectory(path: string): void {
    if (this.stat(path)) throw new PosixError('EEXIST', 'mkdir', `/${path}`);
    this.#checkParent(path, 'mkdir');
    if (this.#directoriesMade >= MAX_DIRECTORIES) throw new PosixError('ENOSPC', 'mkdir', `/${path}`);
    this.#directoriesMade += 1;
    const index = this.#directories();
    index.set(path, new Map());
    index.get(parentOf(path))?.set(nameOf(path), 'directory');
  }

  /** Removes a file, or a directory with all that is in it. */
  remove(path: string): void {
    const index = this.#directories();
    if (this.#workspace.exists(path)) this.#workspace.remove(path);
    for (const directory of directoriesUnder(index, path)) index.delete(directory);
    index.get(parentOf(path))?.delete(nameOf(path));
  }

  /**
   * Moves a file or directory. A file replaces a file, a directory an empty directory.
   * @throws {PosixError} when the target is not of that kind; {@link WorkspaceError}, with nothing moved
   */
  rename(from: string, to: string): void {
    const source = this.stat(from);
    if (!source) throw new PosixError('ENOENT', 'rename', `/${from}`);
    this.#checkParent(to, 'rename');
    if (from === to) return;
    if (to.startsWith(`${from}/`)) throw new PosixError('EINVAL', 'rename', `/${to}`);
    const target = this.stat(to);
    if (source.kind === 'file' && target?.kind === 'directory')
      throw new PosixError('EISDIR', 'rename', `/${to}`);
    if (source.kind === 'directory' && target?.kind === 'file')
      throw new PosixError('ENOTDIR', 'rename', `/${to}`);
    const index = this.#directories();
    if (index.get(to)?.size) throw new PosixError('ENOTEMPTY', 'rename', `/${to}`);

    if (this.#workspace.exists(from)) this.#workspace.rename(from, to);
    for (const directory of directoriesUnder(index, from)) {
      const entries = index.get(directory)!;
      index.delete(directory);
      index.set(to + directory.slice(from.length), entries);
    }
    index.get(parentOf(from))?.delete(nameOf(from));
    index.get(parentOf(to))?.set(nameOf(to), source.kind);
  }

  #checkParent(path: string, operation: string): void {
    // Refuses names that no file may have before a directory is made of them.
    resolvePath(path);
    const parent = this.stat(parentOf(path));
    if (!parent) throw new PosixError('ENOENT', operation, `/${path}`);
    if (parent.kind === 'file') throw new PosixError('ENOTDIR', operation, `/${path}`);
  }

  #directories(): Map<string, Map<string, Kind>> {
    if (this.#index) return this.#index;
    const index = new Map<string, Map<string, Kind>>([['', new Map()]]);
    for (const path of this.#workspace.list()) entriesOf(index, parentOf(path)).set(nameOf(path), 'file');
    return (this.#index = index);
  }
}

/** The directory's entries, made with those of its parents where they are missing. */
function entriesOf(index: Map<string, Map<string, Kind>>, directory: string): Map<string, Kind> {
  let entries = index.get(directory);
  if (!entries) {
    entries = new Map();
    index.set(directory, entries);
    entriesOf(index, parentOf(directory)).set(nameOf(directory), 'directory');
  }
  return entries;
}

/** The directory itself and those below it; nothing for a file. */
function directoriesUnder(index: ReadonlyMap<string, unknown>, path: string): string[] {
  if (!index.has(path)) return [];
  return [...index.keys()].filter((directory) => directory === path || directory.startsWith(`${path}/`));
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
