import { isUtf8 } from 'node:buffer';
import { WorkspaceError } from '../errors.ts';
import type { WorkspaceErrorCode } from '../errors.ts';
import type { BaseImage } from './base-image.ts';
import { Overlay } from './overlay.ts';
import { quotePath, resolveFilePath, resolvePath } from './paths.ts';
import { isScratch } from './scratch.ts';
import { DEFAULT_QUOTA } from './workspace.ts';
import type { FileChange, Workspace, WorkspaceQuota, WorkspaceStat } from './workspace.ts';

export interface OverlayWorkspaceOptions {
  /** Read-only files underneath; the first image that has a path wins. */
  readonly images?: readonly BaseImage[];
  /** An overlay to start from, in order of last change; its bytes are copied. It was accepted before, so quotas are not asked again. */
  readonly changes?: Iterable<FileChange>;
  /** Counts what the session itself wrote: files of the images are free until they are written or moved. */
  readonly quota?: Partial<WorkspaceQuota>;
}

const encoder = new TextEncoder();

/**
 * The workspace of a session: a memfs volume over base images. Reads fall through; a write puts the whole file into
 * the volume; deleting a file of an image leaves a mark. Directories exist exactly while a file is under them.
 */
export class OverlayWorkspace implements Workspace {
  readonly #files: Overlay;
  readonly #quota: WorkspaceQuota;

  constructor(options: OverlayWorkspaceOptions = {}) {
    this.#files = new Overlay(options.images ?? []);
    this.#quota = { ...DEFAULT_QUOTA, ...options.quota };
    if (options.changes) this.applyChanges(options.changes);
  }

  /** Bytes of the files that the session wrote. */
  get byteLength(): number {
    return this.#files.byteLength;
  }

  readText(path: string): string {
    const view = this.#read(path);
    if (!isUtf8(view)) throw refusal('not_text', path, 'is not UTF-8 text; read it as bytes');
    return view.toString('utf8');
  }

  readBytes(path: string): Uint8Array {
    return new Uint8Array(this.#read(path));
  }

  /**
   * The bytes where they lie, in this session's volume or in memory that all threads share: never write or keep them. For
   * built-in tools; what custom tools are given has no such method. @throws as {@link readBytes}
   */
  view(path: string): Buffer {
    return this.#read(path);
  }

  writeText(path: string, text: string): void {
    const file = resolveFilePath(path);
    const hasSameSize = this.#allowWrite(file, Buffer.byteLength(text));
    const bytes = encoder.encode(text);
    if (hasSameSize && this.#files.view(file)?.equals(bytes)) return;
    this.#files.write(file, bytes);
  }

  writeBytes(path: string, bytes: Uint8Array): void {
    // Custom tools are not always typed, and a half-made file must not stay behind.
    if (!(bytes instanceof Uint8Array)) throw new TypeError('writeBytes takes a Uint8Array');
    const file = resolveFilePath(path);
    if (this.#allowWrite(file, bytes.length) && this.#files.view(file)?.equals(bytes)) return;
    this.#files.write(file, new Uint8Array(bytes));
  }

  exists(path: string): boolean {
    return this.stat(path) !== undefined;
  }

  stat(path: string): WorkspaceStat | undefined {
    let resolved: string;
    try {
      resolved = resolvePath(path);
    } catch {
      return undefined; // nothing can be at a path that cannot exist
    }
    const size = this.#files.size(resolved);
    if (size !== undefined) return { kind: 'file', size };
    return this.#files.isDirectory(resolved) ? { kind: 'directory', size: 0 } : undefined;
  }

  list(directory = ''): string[] {
    const resolved = resolvePath(directory);
    if (!this.#files.isDirectory(resolved)) {
      if (this.#files.size(resolved) === undefined) throw refusal('not_found', directory, 'does not exist');
      throw refusal('not_directory', directory, 'is a file, not a directory');
    }
    const files = this.#files.filesUnder(resolved);
    // Only who names their directory means them.
    return resolved === '' && files.some(isScratch) ? files.filter((file) => !isScratch(file)) : files;
  }

  remove(path: string): void {
    const resolved = resolveFilePath(path);
    const isFile = this.#files.size(resolved) !== undefined;
    const files = isFile ? [resolved] : this.#files.filesUnder(resolved);
    if (files.length === 0) throw refusal('not_found', path, 'does not exist');
    for (const file of files) this.#files.delete(file);
  }

  rename(from: string, to: string): void {
    const source = resolveFilePath(from);
    const target = resolveFilePath(to);
    const isFile = this.#files.size(source) !== undefined;
    if (!isFile && !this.#files.isDirectory(source)) throw refusal('not_found', from, 'does not exist');
    if (source === target) return;
    if (target.startsWith(`${source}/`)) {
      throw refusal('invalid_path', to, `is inside ${quotePath(source)}, which cannot be moved into itself`);
    }
    if (this.#files.isDirectory(target)) throw refusal('already_exists', to, 'is a directory');
    if (!isFile && this.#files.size(target) !== undefined) throw refusal('already_exists', to, 'is a file');
    this.#checkParents(target);
    // Oldest first, so that what was listed first is listed first afterwards.
    const files = isFile ? [source] : this.#files.filesUnder(source).toReversed();
    const moves = files.map((file) => [file, resolveFilePath(target + file.slice(source.length))] as const);
    this.#checkMoves(moves);
    for (const [file, destination] of moves) {
      const bytes = new Uint8Array(this.#files.view(file)!);
      this.#files.delete(file);
      this.#files.write(destination, bytes);
    }
  }

  writeAll(changes: readonly FileChange[]): void {
    const after = new Map<string, Uint8Array | null>();
    for (const { path, bytes } of changes) {
      if (bytes !== null && !(bytes instanceof Uint8Array)) throw new TypeError('writeAll takes Uint8Arrays');
      const file = resolveFilePath(path);
      after.delete(file);
      after.set(file, bytes);
    }
    this.#checkOutcome(after);
    for (const [file, bytes] of after) if (bytes === null) this.#files.delete(file);
    for (const [file, bytes] of after) {
      if (bytes !== null && !this.#files.view(file)?.equals(bytes))
        this.#files.write(file, new Uint8Array(bytes));
    }
  }

  /**
   * The net changes since the last take, in order of last change; each `bytes` is a copy with a buffer of its own, fit for
   * transfer. A file that was written and deleted in between is left out, unless an earlier take reported it.
   */
  takeChanges(): FileChange[] {
    return this.#files.take().map(copyOf);
  }

  /**
   * Lays a copy of accepted changes over what is here, without asking quotas; they are not taken again. Paths are
   * canonical.
   */
  applyChanges(changes: Iterable<FileChange>): void {
    this.#files.apply(Array.from(changes, copyOf));
  }

  #read(path: string): Buffer {
    const file = resolveFilePath(path);
    const view = this.#files.view(file);
    if (view) return view;
    if (this.#files.isDirectory(file))
      throw refusal('is_directory', path, 'is a directory; name a file in it');
    throw refusal('not_found', path, 'does not exist');
  }

  /** Throws unless a file of this size may be put here. @returns whether a file of the same size is here already */
  #allowWrite(path: string, size: number): boolean {
    this.#checkFileSize(path, size);
    const own = this.#files.ownSize(path);
    this.#checkTotals(path, size - (own ?? 0), own === undefined ? 1 : 0);
    const old = this.#files.size(path);
    if (old === undefined) {
      if (this.#files.isDirectory(path))
        throw refusal('is_directory', path, 'is a directory; name a file in it');
      this.#checkParents(path);
    }
    return old === size;
  }

  /** The quotas of a move, as a whole and beforehand: files of the images become files of the session. */
  #checkMoves(moves: ReadonlyArray<readonly [from: string, to: string]>): void {
    let bytes = 0;
    let files = 0;
    for (const [from, to] of moves) {
      const size = this.#files.size(from) ?? 0;
      this.#checkFileSize(from, size);
      for (const own of [this.#files.ownSize(from), this.#files.ownSize(to)]) {
        if (own === undefined) continue;
        bytes -= own;
        files--;
      }
      bytes += size;
      files++;
    }
    if (moves[0]) this.#checkTotals(moves[0][1], bytes, files);
  }

  /** Whether the workspace may become this: sizes and totals first, then that every path is a file or a directory. */
  #checkOutcome(after: ReadonlyMap<string, Uint8Array | null>): void {
    let moreBytes = 0;
    let moreFiles = 0;
    const written: string[] = [];
    for (const [path, bytes] of after) {
      const own = this.#files.ownSize(path);
      if (own !== undefined) {
        moreBytes -= own;
        moreFiles--;
      }
      if (bytes === null) {
        this.#read(path);
        continue;
      }
      this.#checkFileSize(path, bytes.length);
      moreBytes += bytes.length;
      moreFiles++;
      written.push(path);
    }
    if (written[0] !== undefined) this.#checkTotals(written[0], moreBytes, moreFiles);

    const isFile = (path: string): boolean => {
      const bytes = after.get(path);
      return bytes === undefined ? this.#files.size(path) !== undefined : bytes !== null;
    };
    for (const path of written) {
      for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
        const parent = path.slice(0, end);
        if (!isFile(parent)) continue;
        throw refusal('not_directory', path, `cannot be made, because ${quotePath(parent)} is a file`);
      }
      // What is written under this path is looked at from below; this is about what lies there already.
      if (this.#files.isDirectory(path) && this.#files.filesUnder(path).some((file) => !after.has(file))) {
        throw refusal('is_directory', path, 'is a directory; name a file in it');
      }
    }
  }

  #checkFileSize(path: string, size: number): void {
    const { maxFileBytes } = this.#quota;
    if (size <= maxFileBytes) return;
    throw refusal('file_too_large', path, `would have ${size} bytes; a file may have ${maxFileBytes}`);
  }

  #checkTotals(path: string, moreBytes: number, moreFiles: number): void {
    const { maxTotalBytes, maxFiles } = this.#quota;
    const bytes = this.#files.byteLength + moreBytes;
    if (moreBytes > 0 && bytes > maxTotalBytes) {
      const problem = `would bring this session's files to ${bytes} bytes; it may write ${maxTotalBytes}`;
      throw refusal('quota_exceeded', path, problem);
    }
    const files = this.#files.fileCount + moreFiles;
    if (moreFiles > 0 && files > maxFiles) {
      throw refusal(
        'too_many_files',
        path,
        `would be file ${files} of this session; it may write ${maxFiles}`,
      );
    }
  }

  #checkParents(path: string): void {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const parent = path.slice(0, end);
      // A directory has no file above it, so the first one found ends the search.
      if (this.#files.isDirectory(parent)) return;
      if (this.#files.size(parent) !== undefined) {
        throw refusal('not_directory', path, `cannot be made, because ${quotePath(parent)} is a file`);
      }
    }
  }
}

function copyOf({ path, bytes }: FileChange): FileChange {
  return { path, bytes: bytes && new Uint8Array(bytes) };
}

function refusal(code: WorkspaceErrorCode, path: string, problem: string): WorkspaceError {
  return new WorkspaceError(code, path, `${quotePath(path)} ${problem}.`);
}
