import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from '../errors.ts';
import type { JournalEntry } from './entries.ts';
import type { EncodedEntry } from './entry-codec.ts';
import { isBusy, type SqliteDatabase } from './sqlite-database.ts';
import { deleteEntries, writeEntries } from './sqlite-journal.ts';
import type { SqliteLease } from './sqlite-lease.ts';
import { addSession, deleteSession, readSession, updateSession, type SessionRow } from './sqlite-sessions.ts';
import { summarize } from './summary.ts';

/** How long a write waits, without blocking, for another process to give up the lock. */
export const LOCK_WAIT_MS = 5_000;
const LOCK_RETRY_MS = 10;

/** What one transaction may take on: it blocks the event loop, for some milliseconds and not for more. */
const MAX_WRITES = 128;
const MAX_BYTES = 2 * 1024 * 1024;

/** One append, or the removal of a session. */
export type SqliteWrite =
  | {
      readonly type: 'append';
      readonly sessionId: string;
      readonly entries: readonly JournalEntry[];
      readonly encoded: readonly EncodedEntry[];
    }
  | { readonly type: 'remove'; readonly sessionId: string };

interface Pending {
  readonly write: SqliteWrite;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit: what is written in one turn of the event loop, by however many sessions, is one transaction, or a few where
 * it is much. All of one is kept or nothing, so each single write is, too. A failed transaction changes nothing here either, and the next one is tried
 * as if it had not been.
 */
export class SqliteWriter {
  readonly #database: SqliteDatabase;
  readonly #lease: SqliteLease;
  /** What the file holds, as of the last commit; this is its only writer. */
  readonly #sessions: Map<string, SessionRow>;
  #nextNum: number;
  readonly #queue: Pending[] = [];
  #flushing: Promise<void> | null = null;
  /** Why nothing more is written: whether the last transaction was kept could not be learned. */
  #unknown: StoreError | null = null;

  constructor(database: SqliteDatabase, lease: SqliteLease, sessions: Map<string, SessionRow>) {
    this.#database = database;
    this.#lease = lease;
    this.#sessions = sessions;
    this.#nextNum = [...sessions.values()].reduce((last, { num }) => Math.max(last, num), 0) + 1;
  }

  write(write: SqliteWrite): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ write, resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  /** Resolves when nothing is waiting to be written. */
  async idle(): Promise<void> {
    while (this.#flushing) await this.#flushing;
  }

  async #flush(): Promise<void> {
    // After the callbacks of this turn, whose writes go into the same transaction.
    await setImmediate();
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, batchSize(this.#queue));
      if (!(await this.#keep(batch))) {
        // One that cannot be kept, for its size perhaps, is no fault of those that came with it.
        for (const pending of batch) await this.#keep([pending]);
      }
      if (this.#queue.length > 0) await setImmediate();
    }
    this.#flushing = null;
  }

  /** @returns false when the writes could not be kept together and none was answered */
  async #keep(batch: readonly Pending[]): Promise<boolean> {
    try {
      await retryWhileBusy(() => this.#commit(batch.map(({ write }) => write)));
      for (const { resolve } of batch) resolve();
      return true;
    } catch (error) {
      const isForAll = batch.length === 1 || (error instanceof StoreError && error.code === 'store_locked');
      if (!isForAll) return false;
      for (const { reject } of batch) reject(error);
      return true;
    }
  }

  #commit(writes: readonly SqliteWrite[]): void {
    if (this.#unknown) throw this.#unknown;
    const changed = new Map<string, SessionRow | undefined>();
    const firstNum = this.#nextNum;
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      this.#lease.check();
      for (const write of writes) this.#apply(write, changed);
    } catch (error) {
      this.#undo(firstNum);
      throw error;
    }
    try {
      this.#database.exec('COMMIT');
    } catch (error) {
      // A commit that fails is nearly always undone, but that is for the file to say.
      this.#database.rollback();
      if (!this.#isKept(changed)) {
        this.#undo(firstNum);
        throw error;
      }
    }
    for (const [sessionId, row] of changed) {
      // A map keeps a key where it was first: a session that was removed and begun anew has to go to the end.
      if (row?.num !== this.#sessions.get(sessionId)?.num) this.#sessions.delete(sessionId);
      if (row) this.#sessions.set(sessionId, row);
    }
  }

  #apply(write: SqliteWrite, changed: Map<string, SessionRow | undefined>): void {
    const { sessionId } = write;
    const before = changed.has(sessionId) ? changed.get(sessionId) : this.#sessions.get(sessionId);
    if (write.type === 'remove') {
      if (!before) return;
      deleteEntries(this.#database, before);
      deleteSession(this.#database, before);
      changed.set(sessionId, undefined);
      return;
    }
    const num = before?.num ?? this.#nextNum++;
    const row = { num, summary: summarize(before?.summary, sessionId, write.entries) };
    writeEntries(
      this.#database,
      before ?? { num, summary: summarize(undefined, sessionId, []) },
      write.encoded,
    );
    if (before) {
      updateSession(this.#database, row);
    } else {
      addSession(this.#database, row);
      changed.delete(sessionId);
    }
    changed.set(sessionId, row);
  }

  #undo(firstNum: number): void {
    this.#database.rollback();
    this.#nextNum = firstNum;
  }

  /** Whether a transaction whose commit failed is in the file all the same: one of its sessions tells of all. */
  #isKept(changed: ReadonlyMap<string, SessionRow | undefined>): boolean {
    for (const [sessionId, row] of changed) {
      try {
        const kept = readSession(this.#database, sessionId);
        return kept?.num === row?.num && kept?.summary.entryCount === row?.summary.entryCount;
      } catch (cause) {
        this.#unknown = new StoreError(
          'store_unusable',
          `Store ${this.#database.path}: a write failed, and whether it was kept cannot be read; nothing more is written. Open the store again.`,
          { cause },
        );
        throw this.#unknown;
      }
    }
    return true;
  }
}

/** How many of the writes that wait go into one transaction; at least one. */
function batchSize(queue: readonly Pending[]): number {
  let bytes = 0;
  for (let size = 0; size < queue.length; size += 1) {
    if (size === MAX_WRITES || bytes > MAX_BYTES) return size;
    const { write } = queue[size]!;
    if (write.type === 'append') bytes += write.encoded.reduce((sum, entry) => sum + bytesOf(entry), 0);
  }
  return queue.length;
}

function bytesOf({ json, contents }: EncodedEntry): number {
  let bytes = json.length;
  for (const content of contents.values()) bytes += content.length;
  return bytes;
}

/** Tries again, without blocking, while another process has the file's lock. @throws {StoreError} `store_locked` in the end */
export async function retryWhileBusy<T>(body: () => T | Promise<T>): Promise<T> {
  const deadline = performance.now() + LOCK_WAIT_MS;
  for (;;) {
    try {
      return await body();
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
      await sleep(LOCK_RETRY_MS);
    }
  }
}
