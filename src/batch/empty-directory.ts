import { readdir } from 'node:fs/promises';
import { OutputError } from '../errors.ts';
import { makeDirectory } from './make-directory.ts';

/**
 * Makes a directory for results, or takes one that is empty.
 * @throws {OutputError} `output_exists`, `output_unwritable`
 */
export async function takeEmptyDirectory(directory: string): Promise<void> {
  const there = await writing(directory, async () => {
    await makeDirectory(directory);
    return readdir(directory);
  });
  if (there.length === 0) return;
  throw new OutputError(
    'output_exists',
    `The output directory ${directory} is not empty; name another one, so that results do not mix.`,
  );
}

/** What fails is told with the directory's name. @throws {OutputError} `output_unwritable` */
export async function writing<Value>(directory: string, action: () => Promise<Value>): Promise<Value> {
  try {
    return await action();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new OutputError('output_unwritable', `Results cannot be written to ${directory}: ${why}.`, {
      cause,
    });
  }
}
