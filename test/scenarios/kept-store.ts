import type { JournalEntry } from '../../src/journal/entries.ts';
import { StoreError } from '../../src/errors.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import type { JournalStore, StoredSession } from '../../src/journal/store.ts';

/** Journals that outlive their pool, as a file's do; a process that is dead writes no more and hears of nothing. */
export class KeptStore implements JournalStore {
  readonly durable = true;
  readonly epoch: number;
  readonly #inner: MemoryStore;
  #isDead = false;
  /** Asked before an entry is written: whether that fails. */
  failAt: ((entry: JournalEntry) => boolean) | undefined;
  /** How long the next writes take. */
  delayMs = 0;
  /** Called before an entry is written; may say that the process died just before it, or just after. */
  dieAt: ((entry: JournalEntry) => 'before' | 'after' | undefined) | undefined;
  #onDeath: () => void = () => undefined;
  readonly death = new Promise<void>((resolve) => {
    this.#onDeath = resolve;
  });

  constructor(before?: KeptStore) {
    this.#inner = before ? before.#inner : new MemoryStore();
    this.epoch = (before?.epoch ?? 0) + 1;
    before?.die();
  }

  die(): void {
    this.#isDead = true;
    this.#onDeath();
  }

  async append(sessionId: string, entries: readonly JournalEntry[]): Promise<void> {
    await (this.delayMs > 0 ? new Promise((resolve) => setTimeout(resolve, this.delayMs)) : undefined);
    if (entries.some((entry) => this.failAt?.(entry)))
      throw new StoreError('storage_full', 'The disk is full.');
    const deaths = entries.map((entry) => this.dieAt?.(entry));
    if (deaths.includes('before')) this.die();
    if (this.#isDead) return new Promise(() => undefined);
    this.#inner.append(sessionId, entries);
    if (!deaths.includes('after')) return;
    this.die();
    return new Promise(() => undefined);
  }

  read(sessionId: string): readonly JournalEntry[] {
    return this.#inner.read(sessionId);
  }

  sessions(): readonly StoredSession[] {
    return this.#inner.sessions();
  }

  session(sessionId: string): StoredSession | undefined {
    return this.#inner.session(sessionId);
  }

  remove(sessionId: string): void {
    this.#inner.remove(sessionId);
  }

  close(): void {
    // It is looked at afterwards.
  }
}
