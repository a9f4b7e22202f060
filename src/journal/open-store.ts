import { InvalidOptionError } from '../errors.ts';
import { MemoryStore } from './memory-store.ts';
import { openSqliteStore, type SqliteStoreOptions } from './sqlite-store.ts';
import type { JournalStore } from './store.ts';

/**
 * Opens the store that an option names: `memory`, or `sqlite:` and the path of a file.
 * @throws {InvalidOptionError} for any other text
 * @throws {StoreError}
 */
export async function openStore(
  spec: string,
  options: Pick<SqliteStoreOptions, 'readOnly' | 'synchronous'> = {},
): Promise<JournalStore> {
  if (spec === 'memory') return new MemoryStore();
  const path = spec.startsWith('sqlite:') ? spec.slice('sqlite:'.length) : '';
  if (path !== '') return await openSqliteStore(path, options);
  throw new InvalidOptionError({
    option: 'store',
    problem: `${JSON.stringify(spec)} names no store`,
    hint: 'Give "memory" or "sqlite:PATH".',
  });
}
