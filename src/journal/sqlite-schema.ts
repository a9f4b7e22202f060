import { closeSync, openSync, readSync, renameSync, rmSync } from 'node:fs';
import { StoreError } from '../errors.ts';
import { addAccounts } from './sqlite-add-accounts.ts';
import type { SqliteDatabase } from './sqlite-database.ts';

/** "skein" as SQLite's application id: the file says itself whose it is. */
const APPLICATION_ID = 0x736b6e31;

/** SQL, or what SQL alone cannot do. Runs in the transaction of all of them. */
export type Migration = string | ((database: SqliteDatabase) => void);

/**
 * SQL that takes a store from one version to the next; the first makes version 1 out of an empty file. A released one
 * is never changed. The table `owner` stays as it is in every version: it is read before anything is migrated.
 */
export const MIGRATIONS: readonly Migration[] = [
  `
  -- Who may write; see sqlite-lease.ts. holder: JSON, released: 0 or 1
  CREATE TABLE owner (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    fence INTEGER NOT NULL, beat INTEGER NOT NULL, released INTEGER NOT NULL, holder BLOB NOT NULL
  );
  INSERT INTO owner VALUES (1, 0, 0, 1, '{}');

  -- How many sessions there are: one that is lost by damage is missed
  CREATE TABLE totals (one INTEGER PRIMARY KEY CHECK (one = 1), sessions INTEGER NOT NULL);
  INSERT INTO totals VALUES (1, 0);

  -- num: in the order in which they were opened; name: the session's id as JSON; the rest: see StoredSession
  CREATE TABLE sessions (
    num INTEGER PRIMARY KEY,
    name BLOB NOT NULL UNIQUE,
    opened_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
    entries INTEGER NOT NULL, prompts INTEGER NOT NULL, open_prompts INTEGER NOT NULL, closed INTEGER NOT NULL,
    checksum INTEGER NOT NULL
  );

  -- key: session number * 2^24 + position in its journal, so that a journal is one range of one tree
  CREATE TABLE entries (key INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, json BLOB NOT NULL);

  -- File contents and base images, each once; hash: SHA-256
  CREATE TABLE contents (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, bytes BLOB NOT NULL);

  -- Which session refers to which content; what nobody refers to is removed
  CREATE TABLE uses (session INTEGER NOT NULL, content INTEGER NOT NULL, PRIMARY KEY (session, content)) WITHOUT ROWID;
  CREATE INDEX uses_by_content ON uses (content);
  `,
  `
  -- Journals may have entries of the type "restored", which version 1 does not know.
  -- fork_of: the id, as JSON, of the session that it was forked from
  ALTER TABLE sessions ADD COLUMN fork_of BLOB;
  `,
  // Journals may have entries of the types "budget-reached", "budget-set" and "resumed".
  addAccounts,
];

/**
 * Looks at the file alone, before SQLite does, so that one that is not a store is not touched.
 * @returns whether there is a store in it; false for a file that is empty or not there
 * @throws {StoreError} `store_foreign`, `store_corrupt`, `store_unusable`
 */
export function looksLikeStore(path: string): boolean {
  const header = Buffer.alloc(100);
  let length: number;
  try {
    const file = openSync(path, 'r');
    try {
      length = readSync(file, header, 0, header.length, 0);
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw new StoreError('store_unusable', `Store ${path} cannot be read: ${String(cause)}.`, { cause });
  }
  if (length === 0) return false;
  const magic = Buffer.from('SQLite format 3\0');
  if (!header.subarray(0, Math.min(length, magic.length)).equals(magic.subarray(0, length))) {
    throw new StoreError('store_foreign', `${path} is not a store of skein: give another path.`);
  }
  if (length < header.length) {
    throw new StoreError(
      'store_corrupt',
      `Store ${path} is cut off after ${length} bytes; put back a copy of it.`,
    );
  }
  if (header.readUInt32BE(68) !== APPLICATION_ID) {
    throw new StoreError(
      'store_foreign',
      `${path} is a database of another program, not a store of skein: give another path.`,
    );
  }
  return true;
}

/** The version of the store; 0 where nothing is in the file yet. @throws {StoreError} `store_newer`, `store_foreign` */
export function versionOf(database: SqliteDatabase, migrations: readonly Migration[]): number {
  const version = Number(database.get('PRAGMA user_version')?.[0] ?? 0);
  if (version > migrations.length) {
    throw new StoreError(
      'store_newer',
      `Store ${database.path} has version ${version} and this skein knows up to ${migrations.length}: use a newer skein.`,
    );
  }
  if (version === 0 && Number(database.get('SELECT count(*) FROM sqlite_schema')?.[0]) > 0) {
    throw new StoreError('store_foreign', `${database.path} is not a store of skein: give another path.`);
  }
  return version;
}

/** Makes an empty file a store of the newest version. Does nothing where another process was faster. */
export function createStore(database: SqliteDatabase, migrations: readonly Migration[]): void {
  // Not yet in WAL mode: the id has to be in the file itself, where the next look at it expects it.
  inTransaction(database, () => {
    if (versionOf(database, migrations) > 0) return;
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    runMigrations(database, migrations, 0);
  });
}

/**
 * Brings an older store up to date, all versions in one transaction, after a copy of it was put beside it
 * (`<path>.backup-v<version>`).
 */
export function migrateStore(database: SqliteDatabase, migrations: readonly Migration[]): void {
  const version = versionOf(database, migrations);
  if (version === migrations.length) return;
  keepCopy(database, `${database.path}.backup-v${version}`);
  inTransaction(database, () => runMigrations(database, migrations, version));
}

function keepCopy(database: SqliteDatabase, copy: string): void {
  const unfinished = `${copy}.unfinished`;
  try {
    rmSync(unfinished, { force: true });
    database.exec(`VACUUM INTO '${unfinished.replaceAll("'", "''")}'`);
    renameSync(unfinished, copy);
  } catch (cause) {
    if (cause instanceof StoreError) throw cause;
    throw new StoreError(
      'store_unusable',
      `Store ${database.path} is of an older version, and no copy of it can be put at ${copy} before it is brought up to date (${String(cause)}); nothing was changed.`,
      { cause },
    );
  }
}

function runMigrations(database: SqliteDatabase, migrations: readonly Migration[], version: number): void {
  for (const migration of migrations.slice(version)) {
    if (typeof migration === 'string') database.exec(migration);
    else migration(database);
  }
  database.exec(`PRAGMA user_version = ${migrations.length}`);
}

/** Runs the body in one transaction that has the write lock from its beginning; all of it is kept, or nothing. */
export function inTransaction<T>(database: SqliteDatabase, body: () => T): T {
  try {
    database.exec('BEGIN IMMEDIATE');
    const value = body();
    database.exec('COMMIT');
    return value;
  } catch (error) {
    database.rollback();
    throw error;
  }
}
