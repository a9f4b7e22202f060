import * as fs from 'node:fs/promises';
import { constants } from 'node:fs';
import type { Stats } from 'node:fs';

/** What applying changes asks of a file system. A test gives one that fails, or is changed by another, at a chosen call. */
export type Disk = Pick<
  typeof fs,
  'chmod' | 'link' | 'lstat' | 'mkdir' | 'open' | 'readdir' | 'realpath' | 'rename' | 'rmdir' | 'unlink'
>;

export const realDisk: Disk = fs;

/** A regular file as it was found. */
export interface FoundFile {
  readonly kind: 'file';
  /** Undefined where the file is larger than was asked for. */
  readonly content: Buffer | undefined;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** What is at a path; links are not followed. `other`: a device, a socket, a FIFO. */
export type Found = FoundFile | { readonly kind: 'directory' | 'link' | 'other' | 'none' };

/** `O_NOFOLLOW` and `O_NONBLOCK`: what a file is swapped for meanwhile is neither followed nor waited for. */
const READ_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Looks at a path of which nothing may be a link but the last name. @param isWanted  whether a file of that size is to be read */
export async function findFile(
  disk: Disk,
  path: string,
  isWanted: (size: number) => boolean,
): Promise<Found> {
  const kind = await kindOf(disk, path);
  if (kind !== 'file') return { kind };
  let opened: fs.FileHandle;
  try {
    opened = await disk.open(path, READ_FLAGS);
  } catch (error) {
    // Swapped since the look at it.
    if (codeOf(error) === 'ELOOP') return { kind: 'link' };
    if (isMissing(error)) return { kind: 'none' };
    throw error;
  }
  await using handle = opened;
  const stat = await handle.stat();
  if (!stat.isFile()) return { kind: kindOfStat(stat) as 'directory' | 'other' };
  const { size, mode, uid, gid } = stat;
  const content = isWanted(size) ? await readUpTo(handle, size) : undefined;
  return { kind: 'file', content, mode: mode & 0o7777, uid, gid };
}

export async function kindOf(disk: Disk, path: string): Promise<Found['kind']> {
  try {
    return kindOfStat(await disk.lstat(path));
  } catch (error) {
    if (isMissing(error)) return 'none';
    throw error;
  }
}

/** Nothing is there, or on the way to it. */
export function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';
}

/** `ENOSPC` and the like; '' for what no system call threw. */
export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}

function kindOfStat(stat: Stats): Found['kind'] {
  if (stat.isSymbolicLink()) return 'link';
  if (stat.isDirectory()) return 'directory';
  return stat.isFile() ? 'file' : 'other';
}

/** One byte more than the size, so that a file which grows is seen to be another. */
async function readUpTo(handle: fs.FileHandle, size: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(size + 1);
  let length = 0;
  while (length < buffer.length) {
    const wanted = buffer.length - length;
    const { bytesRead } = await handle.read(buffer, length, wanted, length);
    length += bytesRead;
    // A regular file gives less than was asked for only at its end, or after some 2 GiB.
    if (bytesRead === 0 || (bytesRead < wanted && length >= size)) break;
  }
  return buffer.subarray(0, length);
}
