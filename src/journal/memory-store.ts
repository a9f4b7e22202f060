import type { JournalEntry } from './entries.ts';
import type { JournalStore } from './store.ts';

/** Journals in this process's memory: gone with it. Holds entries by reference; they are immutable. */
export class MemoryStore implements JournalStore {
  readonly durable = false;
  readonly #journals = new Map<string, JournalEntry[]>();

  append(sessionId: string, entries: readonly JournalEntry[]): void {
    const journal = this.#journals.get(sessionId);
    if (journal) journal.push(...entries);
    else this.#journals.set(sessionId, [...entries]);
  }

  read(sessionId: string): readonly JournalEntry[] {
    return [...(this.#journals.get(sessionId) ?? [])];
  }

  sessionIds(): readonly string[] {
    return [...this.#journals.keys()];
  }

  remove(sessionId: string): void {
    this.#journals.delete(sessionId);
  }

  close(): void {
    this.#journals.clear();
  }
}
