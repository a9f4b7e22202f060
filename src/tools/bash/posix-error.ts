import { WorkspaceError, type WorkspaceErrorCode } from '../../errors.ts';

/** What a file system says when it refuses; the shell's commands look for these words in the message. */
const TEXTS = {
  EACCES: 'permission denied',
  EBUSY: 'resource busy or locked',
  EEXIST: 'file already exists',
  EFBIG: 'file too large',
  EINVAL: 'invalid argument',
  EISDIR: 'illegal operation on a directory',
  ENOENT: 'no such file or directory',
  ENOSPC: 'no space left on device',
  ENOTDIR: 'not a directory',
  ENOTEMPTY: 'directory not empty',
  EPERM: 'operation not permitted',
} as const;

export type PosixCode = keyof typeof TEXTS;

/** A file operation of a shell command was refused. */
export class PosixError extends Error {
  readonly code: PosixCode;

  /** @param path  as the shell knows it, absolute */
  constructor(code: PosixCode, operation: string, path: string) {
    super(`${code}: ${TEXTS[code]}, ${operation} '${path}'`);
    this.name = 'PosixError';
    this.code = code;
  }
}

const OF_WORKSPACE: Record<WorkspaceErrorCode, PosixCode> = {
  invalid_path: 'EINVAL',
  path_escapes: 'EINVAL',
  not_found: 'ENOENT',
  is_directory: 'EISDIR',
  not_directory: 'ENOTDIR',
  already_exists: 'EEXIST',
  file_too_large: 'EFBIG',
  quota_exceeded: 'ENOSPC',
  too_many_files: 'ENOSPC',
  not_text: 'EINVAL',
  call_ended: 'EPERM',
};

/** The code a shell knows for a refusal of the workspace; undefined for anything else. */
export function posixCodeOf(error: unknown): PosixCode | undefined {
  return error instanceof WorkspaceError ? OF_WORKSPACE[error.code] : undefined;
}
