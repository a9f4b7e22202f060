import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { StoreError } from '../../src/errors.ts';
import { SqliteDatabase, type SqlRow } from '../../src/journal/sqlite-database.ts';

let directory: string | undefined;
let count = 0;
afterAll(() => {
  if (directory) rmSync(directory, { recursive: true, force: true });
  directory = undefined;
});

/** A directory that goes with the tests of the file. */
export function tempDirectory(): string {
  return (directory ??= mkdtempSync(join(tmpdir(), 'skein-store-')));
}

/** A path in it that no other test has. */
export function inDirectory(name: string): string {
  count += 1;
  return join(tempDirectory(), `${count}-${name}`);
}

/** The code that an operation on a store fails with; `undefined` when it does not. Other errors are the test's. */
export async function failure(operation: () => unknown): Promise<string | undefined> {
  try {
    await operation();
  } catch (error) {
    if (error instanceof StoreError) return error.code;
    throw error;
  }
  return undefined;
}

/** What another program sees in the file, and does to it. */
export function sql(path: string, statement: string): readonly SqlRow[] {
  const database = new SqliteDatabase(path, { readOnly: false, busyTimeoutMs: 1_000 });
  try {
    return database.all(statement);
  } finally {
    database.close();
  }
}
