import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { StoreError } from '../errors.ts';
import type { JournalEntry } from './entries.ts';
import { encodeEntry } from './entry-codec.ts';
import { SqliteDatabase, type SqliteDatabaseOptions } from './sqlite-database.ts';
import { readEntries } from './sqlite-journal.ts';
import { SqliteLease } from './sqlite-lease.ts';
import {
  createStore,
  looksLikeStore,
  migrateStore,
  MIGRATIONS,
  versionOf,
  type Migration,
} from './sqlite-schema.ts';
import { readSession, readSessions, type SessionRow } from './sqlite-sessions.ts';
import { retryWhileBusy, SqliteWriter } from './sqlite-writer.ts';
import type { JournalStore, StoredSession } from './store.ts';

export interface SqliteStoreOptions {
  /** Only read; works beside the process that owns the store. Default false. */
  readonly readOnly?: boolean;
  /**
   * `normal` (the default): an append that has resolved survives the death of the process. `full`: also that of the
   * machine; every transaction then waits for the disk.
   */
  readonly synchronous?: 'normal' | 'full';
  /** An owner that cannot be seen (on another machine) is taken for dead when it has shown no life for so long. Default 10,000. */
  readonly leaseMs?: number;
  /** For tests: the most 4 KiB pages that the file may have. */
  readonly maxPageCount?: number;
  /** For tests: the versions of the store. */
  readonly migrations?: readonly Migration[];
  /** For tests: called around every statement. */
  readonly onStatement?: SqliteDatabaseOptions['onStatement'];
}

/** How long one statement may block the event loop while another process has the lock; waiting goes on without blocking. */
const BUSY_TIMEOUT_MS = 10;
/** Pages in the write-ahead log from which on it is taken over into the file: 16 MiB. */
const CHECKPOINT_PAGES = 4_000;
const MAX_LOG_BYTES = 64 * 1024 * 1024;

/**
 * Opens a store in a file, which is made when it is not there (unless it is to be read only).
 * @throws {StoreError} `store_locked` while another process owns it, `store_foreign`, `store_newer`, `store_corrupt`,
 *   `store_unusable`, `storage_full`
 */
export async function openSqliteStore(file: string, options: SqliteStoreOptions = {}): Promise<SqliteStore> {
  const path = resolve(file);
  const { readOnly = false, migrations = MIGRATIONS, leaseMs = 10_000, onStatement } = options;
  checkPath(path, readOnly);
  const exists = looksLikeStore(path);
  const database = new SqliteDatabase(path, { readOnly, busyTimeoutMs: BUSY_TIMEOUT_MS, onStatement });
  try {
    database.get('PRAGMA cell_size_check = ON');
    database.get('PRAGMA trusted_schema = OFF');
    if (readOnly) return await retryWhileBusy(() => openReader(database, migrations));
    if (options.maxPageCount) database.get(`PRAGMA max_page_count = ${options.maxPageCount}`);
    if (!exists) await retryWhileBusy(() => createStore(database, migrations));
    versionOf(database, migrations);
    await retryWhileBusy(() => database.get('PRAGMA journal_mode = WAL'));
    database.get(`PRAGMA synchronous = ${options.synchronous ?? 'normal'}`);
    database.get(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    database.get(`PRAGMA journal_size_limit = ${MAX_LOG_BYTES}`);
    const lease = await retryWhileBusy(() => SqliteLease.take(database, leaseMs));
    try {
      await retryWhileBusy(() => migrateStore(database, migrations));
      const sessions = await retryWhileBusy(() => readSessions(database));
      return new SqliteStore(database, { lease, leaseMs, sessions });
    } catch (error) {
      letGo(lease);
      throw error;
    }
  } catch (error) {
    database.close();
    throw error;
  }
}

interface Ownership {
  readonly lease: SqliteLease;
  readonly leaseMs: number;
  readonly sessions: Map<string, SessionRow>;
}

/** Journals in an SQLite file that one process owns at a time. See {@link openSqliteStore}. */
export class SqliteStore implements JournalStore {
  readonly durable = true;
  readonly epoch: number;
  readonly #database: SqliteDatabase;
  readonly #owned: (Ownership & { readonly writer: SqliteWriter; readonly beat: NodeJS.Timeout }) | null;
  #closed: Promise<void> | null = null;
  #isOpen = true;

  /** @param ownership  null to read only */
  constructor(database: SqliteDatabase, ownership: Ownership | null, epoch = ownership?.lease.fence ?? 0) {
    this.#database = database;
    this.epoch = epoch;
    if (!ownership) {
      this.#owned = null;
      return;
    }
    const { lease, leaseMs, sessions } = ownership;
    const beat = setInterval(() => {
      try {
        lease.beat();
      } catch {
        // The file is locked or full for now, or taken over; the next write tells whoever makes it.
      }
    }, leaseMs / 3);
    beat.unref();
    this.#owned = { ...ownership, writer: new SqliteWriter(database, lease, sessions), beat };
  }

  async append(sessionId: string, entries: readonly JournalEntry[]): Promise<void> {
    const { writer } = this.#writable();
    if (entries.length === 0) return;
    // Encoded here, so that an entry that cannot be encoded fails alone.
    const encoded = entries.map(encodeEntry);
    await writer.write({ type: 'append', sessionId, entries, encoded });
  }

  read(sessionId: string): readonly JournalEntry[] {
    return this.#reading(() => {
      const row = this.#row(sessionId);
      return row ? readEntries(this.#database, row) : [];
    });
  }

  sessions(): readonly StoredSession[] {
    return this.#reading(() => {
      const rows = this.#owned?.sessions ?? readSessions(this.#database);
      return Array.from(rows.values(), ({ summary }) => summary);
    });
  }

  session(sessionId: string): StoredSession | undefined {
    return this.#reading(() => this.#row(sessionId)?.summary);
  }

  async remove(sessionId: string): Promise<void> {
    await this.#writable().writer.write({ type: 'remove', sessionId });
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    const owned = this.#owned;
    this.#isOpen = false;
    try {
      if (!owned) return;
      clearInterval(owned.beat);
      await owned.writer.idle();
      await retryWhileBusy(() => owned.lease.release());
      this.#database.get('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // What was acknowledged is in the file; the next owner finds that this process is gone.
    } finally {
      this.#database.close();
    }
  }

  #row(sessionId: string): SessionRow | undefined {
    if (this.#owned) return this.#owned.sessions.get(sessionId);
    // Where the index has nothing the whole table is asked, which notices when a session is lost.
    return readSession(this.#database, sessionId) ?? readSessions(this.#database).get(sessionId);
  }

  /** Beside a writer, several statements have to see one state of the file. */
  #reading<T>(body: () => T): T {
    if (!this.#isOpen) throw this.#isClosed();
    if (this.#owned) return body();
    return snapshot(this.#database, body);
  }

  #writable(): { readonly writer: SqliteWriter } {
    if (!this.#isOpen) throw this.#isClosed();
    if (this.#owned) return this.#owned;
    throw new StoreError(
      'store_readonly',
      `Store ${this.#database.path} was opened to be read only; nothing was written.`,
    );
  }

  #isClosed(): StoreError {
    return new StoreError('store_closed', `Store ${this.#database.path} is closed; open it again.`);
  }
}

/** After a failure that its caller is told of: one more, here, would hide that. */
function letGo(lease: SqliteLease): void {
  try {
    lease.release();
  } catch {
    // Others wait until this process has ended.
  }
}

function openReader(database: SqliteDatabase, migrations: readonly Migration[]): SqliteStore {
  if (versionOf(database, migrations) < migrations.length) {
    throw new StoreError(
      'store_unusable',
      `Store ${database.path} is of an older version: open it for writing once, which brings it up to date.`,
    );
  }
  const fence = database.get('SELECT CAST(fence AS INTEGER) FROM owner')?.[0];
  return new SqliteStore(database, null, Number(fence));
}

function snapshot<T>(database: SqliteDatabase, body: () => T): T {
  database.exec('BEGIN');
  try {
    return body();
  } finally {
    database.rollback();
  }
}

function checkPath(path: string, readOnly: boolean): void {
  const unusable = (problem: string): StoreError =>
    new StoreError('store_unusable', `Store ${path} ${problem}.`);
  const at = (place: string) => statSync(place, { throwIfNoEntry: false });
  try {
    if (at(path)?.isDirectory()) throw unusable('is a directory: give the path of a file');
    if (readOnly && !at(path)) throw unusable('is not there: there is nothing to read');
    if (!at(dirname(path))?.isDirectory())
      throw unusable('is in a directory that does not exist: make it first');
  } catch (cause) {
    throw cause instanceof StoreError ? cause : unusable(`cannot be reached (${String(cause)})`);
  }
}
