import { crc32 } from 'node:zlib';
import { StoreError } from '../errors.ts';
import { decodeAccount, encodeAccount, type StoredAccount } from './sqlite-account.ts';
import type { SqliteDatabase, SqlRow } from './sqlite-database.ts';
import type { StoredSession } from './store.ts';

/** A session's summary and its number in the file. */
export interface SessionRow {
  readonly num: number;
  readonly summary: StoredSession;
}

const COLUMNS = `CAST(num AS INTEGER), CAST(name AS BLOB), CAST(opened_at AS INTEGER), CAST(updated_at AS INTEGER),
  CAST(entries AS INTEGER), CAST(prompts AS INTEGER), CAST(open_prompts AS INTEGER), CAST(closed AS INTEGER),
  CAST(checksum AS INTEGER), CAST(fork_of AS BLOB), CAST(account AS BLOB)`;
const ALL = `SELECT ${COLUMNS} FROM sessions ORDER BY num`;
const ONE = `SELECT ${COLUMNS} FROM sessions WHERE name = ?`;
const COUNT = 'SELECT CAST(sessions AS INTEGER) FROM totals';
const INSERT = `INSERT INTO sessions
  (num, name, opened_at, updated_at, entries, prompts, open_prompts, closed, checksum, fork_of, account)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const UPDATE = `UPDATE sessions
  SET opened_at = ?3, updated_at = ?4, entries = ?5, prompts = ?6, open_prompts = ?7, closed = ?8, checksum = ?9, fork_of = ?10,
    account = ?11
  WHERE num = ?1 AND name = ?2`;
const DELETE = 'DELETE FROM sessions WHERE num = ?';
const RECOUNT = 'UPDATE totals SET sessions = sessions + ?';

/** Every session, in the order in which they were opened. @throws {StoreError} `store_corrupt` when one is lost or damaged */
export function readSessions(database: SqliteDatabase): Map<string, SessionRow> {
  const rows = new Map<string, SessionRow>();
  for (const row of database.all(ALL)) {
    const session = toSession(database, row);
    rows.set(session.summary.sessionId, session);
  }
  const count = database.get(COUNT)?.[0];
  if (count === rows.size) return rows;
  throw new StoreError(
    'store_corrupt',
    `Store ${database.path} should have ${String(count)} sessions and ${rows.size} are found; nothing was changed, put back a copy of it.`,
  );
}

/** @throws {StoreError} `store_corrupt` */
export function readSession(database: SqliteDatabase, sessionId: string): SessionRow | undefined {
  const row = database.get(ONE, [nameOf(sessionId)]);
  return row && toSession(database, row);
}

export function addSession(database: SqliteDatabase, row: SessionRow): void {
  database.run(INSERT, valuesOf(row));
  database.run(RECOUNT, [1]);
}

export function updateSession(database: SqliteDatabase, row: SessionRow): void {
  if (database.run(UPDATE, valuesOf(row)) !== 1) throw damaged(database, row.summary.sessionId);
}

export function deleteSession(database: SqliteDatabase, { num, summary }: SessionRow): void {
  if (database.run(DELETE, [num]) !== 1) throw damaged(database, summary.sessionId);
  database.run(RECOUNT, [-1]);
}

function toSession(database: SqliteDatabase, row: SqlRow): SessionRow {
  // A damaged file may give something else in its place.
  const textOf = (value: unknown): string =>
    value instanceof Uint8Array ? Buffer.from(value).toString() : '';
  const name = textOf(row[1]);
  const [num, , openedAt, updatedAt, entryCount, promptCount, openPromptCount, closed] = row as number[];
  let sessionId: string;
  let forkOf: string | null;
  const accountText = row[10] === null ? null : textOf(row[10]);
  let account: StoredAccount;
  try {
    sessionId = JSON.parse(name) as string;
    forkOf = row[9] === null ? null : (JSON.parse(textOf(row[9])) as string);
    account = decodeAccount(accountText);
  } catch {
    throw damaged(database, name);
  }
  const session: SessionRow = {
    num: num!,
    summary: {
      sessionId,
      forkOf,
      openedAt: openedAt!,
      updatedAt: updatedAt!,
      entryCount: entryCount!,
      promptCount: promptCount!,
      openPromptCount: openPromptCount!,
      closed: closed !== 0,
      ...account,
    },
  };
  if (row[8] !== checksumOf(session, accountText)) throw damaged(database, sessionId);
  return session;
}

function valuesOf(row: SessionRow): (number | Uint8Array | null)[] {
  const { num, summary } = row;
  const account = encodeAccount(summary);
  return [
    num,
    nameOf(summary.sessionId),
    summary.openedAt,
    summary.updatedAt,
    summary.entryCount,
    summary.promptCount,
    summary.openPromptCount,
    summary.closed ? 1 : 0,
    checksumOf(row, account),
    summary.forkOf === null ? null : nameOf(summary.forkOf),
    account === null ? null : Buffer.from(account),
  ];
}

/** JSON, because an id may hold what does not survive as text: a NUL, half of a surrogate pair. */
function nameOf(sessionId: string): Uint8Array {
  return Buffer.from(JSON.stringify(sessionId));
}

/** Over the account as it is written: one of an earlier version may be read as more than it says. */
function checksumOf({ num, summary: s }: SessionRow, account: string | null): number {
  const values = [
    num,
    s.sessionId,
    s.openedAt,
    s.updatedAt,
    s.entryCount,
    s.promptCount,
    s.openPromptCount,
    s.closed,
    // Rows of version 1 have nothing here.
    ...(s.forkOf === null ? [] : [s.forkOf]),
    // Nor has one of a session that has spent nothing.
    ...(account === null ? [] : [account]),
  ];
  return crc32(JSON.stringify(values));
}

function damaged(database: SqliteDatabase, sessionId: string): StoreError {
  return new StoreError(
    'store_corrupt',
    `Store ${database.path}: the record of session ${sessionId} is damaged; nothing was changed, put back a copy of the store.`,
  );
}
