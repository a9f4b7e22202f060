import { StoreError } from '../errors.ts';
import type { SqliteDatabase } from './sqlite-database.ts';
import { sha256 } from '../workspace/bytes.ts';

const FIND = 'SELECT CAST(id AS INTEGER) FROM contents WHERE hash = ?';
const LOAD = 'SELECT CAST(bytes AS BLOB) FROM contents WHERE hash = ?';
const ADD = 'INSERT INTO contents (hash, bytes) VALUES (?, ?) RETURNING id';
const USE = 'INSERT OR IGNORE INTO uses (session, content) VALUES (?, ?)';
const USED = 'SELECT CAST(content AS INTEGER) FROM uses WHERE session = ?';
const UNUSE = 'DELETE FROM uses WHERE session = ?';
const FREE = 'DELETE FROM contents WHERE id = ? AND NOT EXISTS (SELECT 1 FROM uses WHERE content = ?)';

/** Keeps contents for a session, each once however many sessions have it. */
export function keepContents(
  database: SqliteDatabase,
  session: number,
  contents: ReadonlyMap<string, Uint8Array>,
): void {
  for (const [hash, bytes] of contents) {
    const key = Buffer.from(hash, 'hex');
    const row = database.get(FIND, [key]) ?? database.get(ADD, [key, bytes]);
    database.run(USE, [session, row![0]!]);
  }
}

/** The bytes with this hash; the caller owns them. @throws {StoreError} `store_corrupt` when they are lost or changed */
export function loadContent(database: SqliteDatabase, hash: string): Uint8Array {
  const bytes = database.get(LOAD, [Buffer.from(hash, 'hex')])?.[0];
  if (bytes instanceof Uint8Array && sha256(bytes) === hash) {
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }
  throw new StoreError('store_corrupt', `content ${hash} is ${bytes ? 'damaged' : 'missing'}`);
}

/** Removes what only this session used. */
export function freeContents(database: SqliteDatabase, session: number): void {
  const used = database.all(USED, [session]);
  database.run(UNUSE, [session]);
  for (const [content] of used) database.run(FREE, [content!, content!]);
}
