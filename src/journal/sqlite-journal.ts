import { crc32 } from 'node:zlib';
import { StoreError } from '../errors.ts';
import type { JournalEntry } from './entries.ts';
import { decodeEntry, type EncodedEntry } from './entry-codec.ts';
import { freeContents, keepContents, loadContent } from './sqlite-contents.ts';
import type { SqliteDatabase } from './sqlite-database.ts';
import type { SessionRow } from './sqlite-sessions.ts';

/** Entries that one session's journal can have: the rest of a key is the session's number. */
const MAX_ENTRIES = 2 ** 24;

const INSERT = 'INSERT INTO entries (key, checksum, json) VALUES (?, ?, ?)';
const RANGE = `SELECT CAST(key AS INTEGER), CAST(checksum AS INTEGER), CAST(json AS BLOB) FROM entries
  WHERE key >= ? AND key < ? ORDER BY key`;
const DELETE = 'DELETE FROM entries WHERE key >= ? AND key < ?';

/** Appends to a session's journal; `row` is the session as it was before. */
export function writeEntries(
  database: SqliteDatabase,
  { num, summary: { sessionId, entryCount } }: SessionRow,
  entries: readonly EncodedEntry[],
): void {
  if (entryCount + entries.length > MAX_ENTRIES) {
    throw new StoreError(
      'store_unusable',
      `Session ${sessionId} has the ${MAX_ENTRIES} entries that a journal can have; start a new one.`,
    );
  }
  entries.forEach(({ json, contents }, i) => {
    const position = entryCount + i;
    database.run(INSERT, [num * MAX_ENTRIES + position, checksumOf(sessionId, position, json), json]);
    keepContents(database, num, contents);
  });
}

/** All entries of a session, each checked. @throws {StoreError} `store_corrupt` */
export function readEntries(database: SqliteDatabase, { num, summary }: SessionRow): JournalEntry[] {
  const { sessionId, entryCount } = summary;
  const damaged = (what: string, cause?: unknown): StoreError =>
    new StoreError(
      'store_corrupt',
      `Store ${database.path}: the journal of session ${sessionId} is damaged (${what}); nothing was changed, put back a copy of the store.`,
      { cause },
    );
  const rows = database.all(RANGE, [num * MAX_ENTRIES, (num + 1) * MAX_ENTRIES]);
  if (rows.length !== entryCount) throw damaged(`${rows.length} of ${entryCount} entries`);
  return rows.map(([key, checksum, json], position) => {
    const isIntact =
      key === num * MAX_ENTRIES + position &&
      json instanceof Uint8Array &&
      checksum === checksumOf(sessionId, position, json);
    if (!isIntact) throw damaged(`entry ${position}`);
    try {
      return decodeEntry(json, (hash) => loadContent(database, hash));
    } catch (cause) {
      if (cause instanceof StoreError && cause.code !== 'store_corrupt') throw cause;
      throw damaged(`entry ${position}: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
    }
  });
}

export function deleteEntries(database: SqliteDatabase, { num }: SessionRow): void {
  database.run(DELETE, [num * MAX_ENTRIES, (num + 1) * MAX_ENTRIES]);
  freeContents(database, num);
}

/** Over the place, too: an entry that turns up in another is not that other. */
function checksumOf(sessionId: string, position: number, json: Uint8Array): number {
  return crc32(json, crc32(`${position} ${JSON.stringify(sessionId)}`));
}
