import type { JournalEntry } from './entries.ts';
import type { SessionRecord } from './session-record.ts';
import type { JournalStore } from './store.ts';

/** Writes a session's entries and folds them into its record, in that order: the only way a record changes. */
export class Journal {
  readonly #store: JournalStore;

  constructor(store: JournalStore) {
    this.#store = store;
  }

  /** Writes the `opened` entry of a new record. */
  async open(record: SessionRecord, at: number): Promise<void> {
    await this.#store.append(record.spec.sessionId, [{ type: 'opened', spec: record.spec, at }]);
  }

  /** When it resolves the entries are kept and the record shows them; when it rejects, neither. */
  async write(record: SessionRecord, ...entries: readonly JournalEntry[]): Promise<void> {
    // A store that is not asynchronous must not cost a turn of the event loop either.
    const written = this.#store.append(record.spec.sessionId, entries);
    if (written) await written;
    for (const entry of entries) record.apply(entry);
  }
}
