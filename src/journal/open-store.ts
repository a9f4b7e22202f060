import { InvalidOptionError } from '../errors.ts';
import { MemoryStore } from './memory-store.ts';
import type { JournalStore } from './store.ts';

/** The store that a pool's `store` option names. @throws {InvalidOptionError} */
export async function openStore(spec = 'memory'): Promise<JournalStore> {
  if (spec === 'memory') return new MemoryStore();
  throw new InvalidOptionError({ option: 'store', problem: `no store "${spec}"` });
}
