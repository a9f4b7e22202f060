import type { JournalEntry } from './entries.ts';
import { leanEntry } from './lean-entry.ts';
import type { SessionRecord } from './session-record.ts';
import type { JournalStore } from './store.ts';

/** Writes a session's entries and folds them into its record, in that order: the only way a record changes. */
export class Journal {
  readonly #store: JournalStore;
  /** The last write of each record that has not settled: a record sees its entries in the order they were written. */
  readonly #pending = new WeakMap<SessionRecord, Promise<void>>();

  constructor(store: JournalStore) {
    this.#store = store;
  }

  /** Writes the `opened` entry of a new record and those that come with it, all or none. */
  async open(record: SessionRecord, at: number, ...rest: readonly JournalEntry[]): Promise<void> {
    const { spec } = record;
    const others = rest.map(leanEntry);
    await this.#store.append(spec.sessionId, [{ type: 'opened', spec, at }, ...others]);
    applyAll(record, others);
  }

  /** All entries of a session, oldest first. @throws {StoreError} */
  read(sessionId: string): readonly JournalEntry[] {
    return this.#store.read(sessionId);
  }

  /** Resolves when nothing is being written to the record. */
  async settled(record: SessionRecord): Promise<void> {
    for (let write = this.#pending.get(record); write; write = this.#pending.get(record)) {
      await write.catch(() => undefined);
    }
  }

  /** When it resolves the entries are kept and the record shows them; when it rejects, neither. */
  async write(record: SessionRecord, ...given: readonly JournalEntry[]): Promise<void> {
    const entries = given.map(leanEntry);
    const previous = this.#pending.get(record);
    if (previous) return this.#track(record, this.#after(previous, record, entries));
    // A store that is not asynchronous must not cost a turn of the event loop either.
    const written = this.#store.append(record.spec.sessionId, entries);
    if (written) return this.#track(record, this.#applied(written, record, entries));
    applyAll(record, entries);
  }

  async #after(
    previous: Promise<void>,
    record: SessionRecord,
    entries: readonly JournalEntry[],
  ): Promise<void> {
    // Whoever made the earlier write hears of its failure.
    await previous.catch(() => undefined);
    await this.#store.append(record.spec.sessionId, entries);
    applyAll(record, entries);
  }

  async #applied(
    written: Promise<void>,
    record: SessionRecord,
    entries: readonly JournalEntry[],
  ): Promise<void> {
    await written;
    applyAll(record, entries);
  }

  async #track(record: SessionRecord, write: Promise<void>): Promise<void> {
    this.#pending.set(record, write);
    try {
      await write;
    } finally {
      if (this.#pending.get(record) === write) this.#pending.delete(record);
    }
  }
}

function applyAll(record: SessionRecord, entries: readonly JournalEntry[]): void {
  for (const entry of entries) record.apply(entry);
}
