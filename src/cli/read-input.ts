import { readFile } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { UsageError } from '../errors.ts';
import type { BaseImage } from '../workspace/base-image.ts';
import { baseImage } from '../workspace/make-base-image.ts';

/**
 * The files that a run sees: those named, or else the whole directory.
 * @param files  seen from the current directory; each must be in `directory`
 * @throws {UsageError} `input_unreadable`; and what {@link baseImage} throws
 */
export async function readInput(directory: string, files: readonly string[]): Promise<BaseImage> {
  if (files.length === 0) return baseImage.fromDirectory(directory, { exclude: ['.skein'] });
  const contents = new Map<string, Uint8Array>();
  for (const file of files) {
    const path = relative(directory, resolve(file));
    if (path === '' || path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path)) {
      throw new UsageError(
        'input_unreadable',
        `File ${file} is not in the directory ${directory}; give --dir too.`,
      );
    }
    try {
      contents.set(path.split(sep).join('/'), await readFile(file));
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
      throw new UsageError('input_unreadable', `File ${file} cannot be read (${code}).`, { cause });
    }
  }
  return baseImage.fromFiles(contents);
}
