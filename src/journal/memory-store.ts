import type { JournalEntry } from './entries.ts';
import type { JournalStore, StoredSession } from './store.ts';
import { summarize } from './summary.ts';

/** Journals in this process's memory: gone with it. Holds entries by reference; they are immutable. */
export class MemoryStore implements JournalStore {
  readonly durable = false;
  readonly epoch = 0;
  readonly #journals = new Map<string, { readonly entries: JournalEntry[]; summary: StoredSession }>();

  append(sessionId: string, entries: readonly JournalEntry[]): void {
    if (entries.length === 0) return;
    const journal = this.#journals.get(sessionId);
    const summary = summarize(journal?.summary, sessionId, entries);
    if (journal) {
      journal.entries.push(...entries);
      journal.summary = summary;
    } else {
      this.#journals.set(sessionId, { entries: [...entries], summary });
    }
  }

  read(sessionId: string): readonly JournalEntry[] {
    return [...(this.#journals.get(sessionId)?.entries ?? [])];
  }

  sessions(): readonly StoredSession[] {
    return [...this.#journals.values()].map(({ summary }) => summary);
  }

  session(sessionId: string): StoredSession | undefined {
    return this.#journals.get(sessionId)?.summary;
  }

  remove(sessionId: string): void {
    this.#journals.delete(sessionId);
  }

  close(): void {
    // Who holds a session of a pool that is closed can still look at it.
  }
}
