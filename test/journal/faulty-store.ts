import { StoreError } from '../../src/errors.ts';
import type { JournalEntry } from '../../src/journal/entries.ts';
import type { JournalStore, StoredSession } from '../../src/journal/store.ts';

/** When a call fails: before the store it wraps has seen it, or after that has done it, which the caller cannot tell. */
export interface Fault {
  /** The number of the first call that fails, from 1. */
  readonly at: number;
  /** And every so many calls after it; never again when it is left out. */
  readonly every?: number;
  readonly when: 'before' | 'after';
  /** Throw at once where the store may, or reject after a turn of the event loop. */
  readonly how: 'sync' | 'async';
}

/** Any store, with faults at calls of a given number. Appends, removals and reads count; `close` never fails. */
export class FaultyStore implements JournalStore {
  /** Calls so far. */
  calls = 0;
  /** Faults so far. */
  faults = 0;
  readonly #inner: JournalStore;
  readonly #fault: Fault;

  constructor(inner: JournalStore, fault: Fault) {
    this.#inner = inner;
    this.#fault = fault;
  }

  get durable(): boolean {
    return this.#inner.durable;
  }

  get epoch(): number {
    return this.#inner.epoch;
  }

  append(sessionId: string, entries: readonly JournalEntry[]): void | Promise<void> {
    return this.#write(() => this.#inner.append(sessionId, entries));
  }

  remove(sessionId: string): void | Promise<void> {
    return this.#write(() => this.#inner.remove(sessionId));
  }

  read(sessionId: string): readonly JournalEntry[] {
    return this.#read(() => this.#inner.read(sessionId));
  }

  sessions(): readonly StoredSession[] {
    return this.#read(() => this.#inner.sessions());
  }

  session(sessionId: string): StoredSession | undefined {
    return this.#read(() => this.#inner.session(sessionId));
  }

  close(): void | Promise<void> {
    return this.#inner.close();
  }

  #write(body: () => void | Promise<void>): void | Promise<void> {
    if (!this.#isDue()) return body();
    if (this.#fault.how === 'async') return this.#failLater(body);
    if (this.#fault.when === 'before') throw injected();
    const written = body();
    if (!written) throw injected();
    return written.then(() => {
      throw injected();
    });
  }

  async #failLater(body: () => void | Promise<void>): Promise<void> {
    if (this.#fault.when === 'after') await body();
    await new Promise(setImmediate);
    throw injected();
  }

  #read<T>(body: () => T): T {
    if (this.#isDue()) throw injected();
    return body();
  }

  #isDue(): boolean {
    this.calls += 1;
    const { at, every } = this.#fault;
    const past = this.calls - at;
    const isDue = every === undefined ? past === 0 : past >= 0 && past % every === 0;
    if (isDue) this.faults += 1;
    return isDue;
  }
}

function injected(): StoreError {
  return new StoreError('store_unusable', 'injected fault: disk I/O error');
}
