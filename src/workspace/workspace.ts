/**
 * The files that a session sees. The one interface of tools; paths are POSIX, absolute under `/` or relative to
 * it (`/lib/a.ts` and `lib/a.ts` are one file). Content is bytes; text is UTF-8 and keeps its BOM and line endings.
 * A method that refuses throws {@link WorkspaceError} and leaves the workspace as it was; every one that takes a path,
 * but `exists` and `stat`, may throw `invalid_path` and `path_escapes`.
 */
export interface Workspace {
  /** @throws `not_found`, `is_directory`, `not_text` when the content is not UTF-8 */
  readText(path: string): string;
  /** A copy the caller owns. @throws `not_found`, `is_directory` */
  readBytes(path: string): Uint8Array;
  /**
   * Creates or overwrites, with parent directories; writing what is there already changes nothing. A lone surrogate
   * becomes U+FFFD. @throws a quota (`file_too_large`, `quota_exceeded`, `too_many_files`), `is_directory`,
   *   `not_directory` when a parent is a file
   */
  writeText(path: string, text: string): void;
  writeBytes(path: string, bytes: Uint8Array): void;
  /** Whether a file or directory is there; false for a path that cannot exist. */
  exists(path: string): boolean;
  /** `undefined` when nothing is there. */
  stat(path: string): WorkspaceStat | undefined;
  /**
   * Files under a directory (default all), as relative paths without leading slash: those that the session changed,
   * latest first, then those of the base, newest first; without those of {@link isScratch} unless their directory is named. @throws `not_found` (never for the root), `not_directory`
   */
  list(directory?: string): string[];
  /** Removes a file, or a directory with all that is in it. @throws `not_found`, `invalid_path` for the root */
  remove(path: string): void;
  /**
   * Moves a file or directory, and what it moves counts as changed. A file replaces a file.
   * @throws `not_found`, `already_exists` when `to` is a directory, or a file that a directory would replace,
   *   `invalid_path` when `to` is inside `from`, `not_directory`, a quota
   */
  rename(from: string, to: string): void;
  /**
   * Writes and deletes several files as one change, all or none: deletions first, so that a file may come where a
   * directory was. Quotas are asked of the outcome, not of what lies between. The last entry for a path counts.
   * @throws what `writeBytes` throws; `not_found`, `is_directory` for a deletion
   */
  writeAll(changes: readonly FileChange[]): void;
}

export interface WorkspaceStat {
  readonly kind: 'file' | 'directory';
  /** Bytes; 0 for a directory. */
  readonly size: number;
}

/** One file, written or deleted. Where a workspace gives it, `path` is relative, without leading slash. */
export interface FileChange {
  readonly path: string;
  /** The whole new content; `null` when the file was deleted. */
  readonly bytes: Uint8Array | null;
}

/**
 * Limits of one session's workspace, all checked on the requested size before anything is allocated. Total bytes and
 * files count what the session itself wrote or moved; base files that it only reads are free.
 */
export interface WorkspaceQuota {
  readonly maxFileBytes: number;
  readonly maxTotalBytes: number;
  readonly maxFiles: number;
}

export const DEFAULT_QUOTA: WorkspaceQuota = {
  maxFileBytes: 4 * 1024 * 1024,
  maxTotalBytes: 256 * 1024 * 1024,
  maxFiles: 50_000,
};
