import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { UsageError } from '../errors.ts';
import type { BaseImage } from '../workspace/base-image.ts';
import { baseImage } from '../workspace/make-base-image.ts';
import { DEFAULT_QUOTA } from '../workspace/workspace.ts';

/** What a session may write, and what is taken of a directory. */
const MAX_FILE_BYTES = DEFAULT_QUOTA.maxFileBytes;

/**
 * The files that a run sees: those named, or else the whole directory.
 * @param files  seen from the current directory; each must be in `directory`
 * @throws {UsageError} `input_unreadable`; and what {@link baseImage} throws
 */
export async function readInput(directory: string, files: readonly string[]): Promise<BaseImage> {
  if (files.length === 0) return baseImage.fromDirectory(directory, { exclude: ['.skein'] });
  const root = await attempt(`Directory ${directory}`, () => realpath(directory));
  const contents = new Map<string, Uint8Array>();
  for (const file of files) {
    const bytes = await attempt(`File ${file}`, () => readRegularFile(file));
    // Of its directory, so that a link keeps its own name.
    const parent = await attempt(`File ${file}`, () => realpath(dirname(resolve(file))));
    const path = relative(root, join(parent, basename(resolve(file))));
    if (path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path)) {
      throw new UsageError(
        'input_unreadable',
        `File ${file} is not in the directory ${directory}; give --dir too.`,
      );
    }
    contents.set(path.split(sep).join('/'), bytes);
  }
  return baseImage.fromFiles(contents);
}

/** A file that is no part of the session's. @throws {UsageError} `input_unreadable` */
export function readGivenFile(file: string, maxBytes?: number): Promise<Uint8Array> {
  return attempt(`File ${file}`, () => readRegularFile(file, maxBytes));
}

async function readRegularFile(file: string, maxBytes = MAX_FILE_BYTES): Promise<Uint8Array> {
  // Does not wait for the other end of a pipe.
  await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  const stat = await handle.stat();
  if (stat.isDirectory()) {
    throw new UsageError('input_unreadable', `File ${file} is a directory; give it as --dir instead.`);
  }
  if (!stat.isFile()) throw new UsageError('input_unreadable', `File ${file} is not a regular file.`);
  if (stat.size > maxBytes) {
    throw new UsageError(
      'input_unreadable',
      `File ${file} has ${stat.size} bytes; at most ${maxBytes} (${maxBytes / 2 ** 20} MiB) are taken.`,
    );
  }
  return await handle.readFile();
}

async function attempt<Value>(what: string, action: () => Promise<Value>): Promise<Value> {
  try {
    return await action();
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new UsageError('input_unreadable', `${what} cannot be read (${code}).`, { cause });
  }
}
