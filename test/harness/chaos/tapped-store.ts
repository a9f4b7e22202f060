import type { JournalEntry } from '../../../src/journal/entries.ts';
import type { JournalStore, StoredSession } from '../../../src/journal/store.ts';
import type { HistoryWriter } from './history.ts';

/** A store that notes in the history when a thread's loss is noticed, and when its step has come to an outcome again. */
export class TappedStore implements JournalStore {
  readonly #inner: JournalStore;
  readonly #history: HistoryWriter;
  readonly #lost = new Set<string>();

  constructor(inner: JournalStore, history: HistoryWriter) {
    this.#inner = inner;
    this.#history = history;
  }

  get durable(): boolean {
    return this.#inner.durable;
  }

  get epoch(): number {
    return this.#inner.epoch;
  }

  append(session: string, entries: readonly JournalEntry[]): void | Promise<void> {
    for (const entry of entries) {
      if (entry.type !== 'step-ended' && entry.type !== 'step-lost' && entry.type !== 'prompt-ended')
        continue;
      // An end without an outcome is no recovery.
      if (this.#lost.delete(session) && entry.type !== 'prompt-ended') {
        this.#history.add({ type: 'again', session });
      }
      if (entry.type !== 'step-lost' || entry.reason === 'cancelled') continue;
      this.#lost.add(session);
      this.#history.add({ type: 'lost', session, reason: entry.reason });
    }
    return this.#inner.append(session, entries);
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

  remove(sessionId: string): void | Promise<void> {
    return this.#inner.remove(sessionId);
  }

  close(): void | Promise<void> {
    return this.#inner.close();
  }
}
