import { journalStoreContract } from '../contracts/journal-store.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';

journalStoreContract('memory', () => new MemoryStore());
