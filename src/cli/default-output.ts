import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeDirectory } from '../batch/make-directory.ts';
import { OutputError } from '../errors.ts';

/** Where results go that nobody named a place for: `.skein/<name>-<time>`, in the directory the command was called in. */
export async function defaultOutput(name: string, now: Date = new Date()): Promise<string> {
  const parent = resolve('.skein');
  const time = now
    .toISOString()
    .replace(/[-:]/g, '')
    .replace(/\.\d+Z$/, '');
  try {
    await makeDirectory(parent);
    // Results are not sources: neither git nor the next batch should take them.
    await writeFile(join(parent, '.gitignore'), '*\n');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new OutputError(
      'output_unwritable',
      `Results cannot be written to ${parent}: ${why}; call skein from another directory, or name one (batch: --out).`,
      { cause },
    );
  }
  return join(parent, `${name}-${time}-${process.pid}`);
}
