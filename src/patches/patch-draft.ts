import { isUtf8 } from 'node:buffer';
import { PatchError, WorkspaceError } from '../errors.ts';
import { quotePath, resolveFilePath } from '../workspace/paths.ts';
import type { FileChange, Workspace } from '../workspace/workspace.ts';
import type { WorkBudget } from '../edits/work-budget.ts';

/** Which content of a file is read: what the draft makes of it, or what it was before, where it was there before. */
export type DraftState = 'drafted' | 'original';

/**
 * Changes of files that are not made yet: reads see them, the workspace does not. Paths are taken in any spelling.
 * Whatever is refused leaves both as they were.
 */
export class PatchDraft {
  readonly #workspace: Workspace;
  readonly #budget: WorkBudget;
  /** By canonical path: what to write, or null for a file to delete. */
  readonly #files = new Map<string, string | Uint8Array | null>();

  constructor(workspace: Workspace, budget: WorkBudget) {
    this.#workspace = workspace;
    this.#budget = budget;
  }

  /** @throws {WorkspaceError} for a path that cannot be, or is a directory's */
  exists(path: string): boolean {
    const file = resolveFilePath(path);
    const drafted = this.#files.get(file);
    if (drafted !== undefined) return drafted !== null;
    return this.#workspace.stat(file)?.kind === 'file';
  }

  /** @throws {PatchError} `patch_refused` for a binary file. @throws {WorkspaceError} as `Workspace.readText` */
  readText(path: string, state: DraftState = 'drafted'): string {
    const content = this.#read(path, state);
    if (typeof content !== 'string' && !isUtf8(content)) {
      throw new PatchError('patch_refused', `${quotePath(path)} is binary: it is not UTF-8 text`);
    }
    const text =
      typeof content === 'string' ? content : new TextDecoder('utf-8', { ignoreBOM: true }).decode(content);
    if (!text.includes('\0')) return text;
    throw new PatchError('patch_refused', `${quotePath(path)} is binary: it holds a NUL`);
  }

  /** Puts a file's content, whatever it is, at another path. @throws {WorkspaceError} as `Workspace.readBytes` */
  copy(from: string, to: string, state: DraftState = 'drafted'): void {
    this.#files.set(resolveFilePath(to), this.#read(from, state));
  }

  write(path: string, text: string): void {
    this.#budget.spend(text.length);
    this.#files.set(resolveFilePath(path), text);
  }

  /** @throws {WorkspaceError} `not_found`, `is_directory` */
  delete(path: string): void {
    const file = resolveFilePath(path);
    if (!this.exists(file)) {
      const isDirectory = this.#workspace.stat(file)?.kind === 'directory';
      throw new WorkspaceError(
        isDirectory ? 'is_directory' : 'not_found',
        path,
        `${quotePath(path)} ${isDirectory ? 'is a directory; name the files in it' : 'does not exist'}.`,
      );
    }
    // A file of the draft that the workspace does not have is only forgotten.
    if (this.#workspace.stat(file)?.kind === 'file') this.#files.set(file, null);
    else this.#files.delete(file);
  }

  #read(path: string, state: DraftState): string | Uint8Array {
    const file = resolveFilePath(path);
    const isOriginal = state === 'original' && this.#workspace.stat(file)?.kind === 'file';
    const drafted = isOriginal ? undefined : this.#files.get(file);
    if (drafted === null) {
      throw new PatchError('patch_refused', `${quotePath(path)} is deleted by this patch, further up`);
    }
    const content = drafted ?? this.#workspace.readBytes(file);
    this.#budget.spend(content.length);
    return content;
  }

  /** Makes the changes, all or none, and is empty then. @throws {WorkspaceError} a quota, a path that cannot be written */
  commit(): void {
    const changes: FileChange[] = [];
    for (const [path, content] of this.#files) {
      changes.push({ path, bytes: typeof content === 'string' ? Buffer.from(content) : content });
    }
    this.#workspace.writeAll(changes);
    this.#files.clear();
  }
}
