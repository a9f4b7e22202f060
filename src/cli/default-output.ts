import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { OutputError } from '../errors.ts';

/** Where results go that nobody named a place for: `.skein/<name>-<time>`, in the directory the command was called in. */
export async function defaultOutput(name: string, now: Date = new Date()): Promise<string> {
  const parent = resolve('.skein');
  const time = now
    .toISOString()
    .replace(/[-:]/g, '')
    .replace(/\.\d+Z$/, '');
  try {
    await mkdir(parent, { recursive: true });
    // Results are not sources: neither git nor the next batch should take them.
    await writeFile(join(parent, '.gitignore'), '*\n');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new OutputError(
      'output_unwritable',
      `Results cannot be written to ${parent}: ${why}; name another directory with --out.`,
      { cause },
    );
  }
  return join(parent, `${name}-${time}-${process.pid}`);
}
