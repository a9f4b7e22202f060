import { crc32 } from 'node:zlib';
import { addUsage, wholeUsage } from '../model/usage.ts';
import { NO_USAGE, type Usage } from '../model/model.ts';
import { encodeAccount } from './sqlite-account.ts';
import type { SqliteDatabase, SqlRow } from './sqlite-database.ts';

const KEYS_OF_A_SESSION = 2 ** 24;
const SESSIONS = `SELECT CAST(num AS INTEGER), CAST(name AS BLOB), CAST(opened_at AS INTEGER), CAST(updated_at AS INTEGER),
  CAST(entries AS INTEGER), CAST(prompts AS INTEGER), CAST(open_prompts AS INTEGER), CAST(closed AS INTEGER),
  CAST(checksum AS INTEGER), CAST(fork_of AS BLOB) FROM sessions`;
const RESPONSE = '{"type":"model-responded"';
/** Found by how they begin: reading only these is a fraction of reading the journals. */
const RESPONSES = `SELECT CAST(json AS BLOB) FROM entries
  WHERE key >= ? AND key < ? AND substr(CAST(json AS BLOB), 1, ${RESPONSE.length}) = CAST('${RESPONSE}' AS BLOB)`;

/**
 * From version 2 to 3: rows tell what their session has spent. It is written against the columns of those two versions
 * alone, and not changed when there are more. Rows that are damaged stay so, for whoever reads them to find.
 */
export function addAccounts(database: SqliteDatabase): void {
  // account: JSON, see sqlite-account.ts; null where nothing was spent
  database.exec('ALTER TABLE sessions ADD COLUMN account BLOB');
  for (const row of database.all(SESSIONS)) {
    const num = row[0] as number;
    const { usage, turns } = spendingOf(database, num);
    const account = encodeAccount({ usage, turns, group: null, parent: null });
    const values = valuesOf(row);
    if (account === null || !values || crc32(JSON.stringify(values)) !== row[8]) continue;
    const checksum = crc32(JSON.stringify([...values, account]));
    database.run('UPDATE sessions SET account = ?, checksum = ? WHERE num = ?', [
      Buffer.from(account),
      checksum,
      num,
    ]);
  }
}

/** What the checksum of a row of version 2 is over; undefined where it cannot be read. */
function valuesOf(row: SqlRow): unknown[] | undefined {
  const [num, name, openedAt, updatedAt, entries, prompts, openPrompts, closed, , forkOf] = row;
  try {
    return [
      num,
      parsed(name),
      openedAt,
      updatedAt,
      entries,
      prompts,
      openPrompts,
      closed !== 0,
      ...(forkOf === null ? [] : [parsed(forkOf)]),
    ];
  } catch {
    return undefined;
  }
}

function spendingOf(
  database: SqliteDatabase,
  num: number,
): { readonly usage: Usage; readonly turns: number } {
  let usage = NO_USAGE;
  let turns = 0;
  for (const [json] of database.all(RESPONSES, [num * KEYS_OF_A_SESSION, (num + 1) * KEYS_OF_A_SESSION])) {
    try {
      const { response } = parsed(json) as { readonly response: { readonly usage: Partial<Usage> } };
      usage = addUsage(usage, wholeUsage(response.usage));
      turns += 1;
    } catch {
      // A damaged entry: its journal cannot be read, and is told as that when somebody wants it.
    }
  }
  return { usage, turns };
}

function parsed(json: unknown): unknown {
  return JSON.parse(Buffer.from(json as Uint8Array).toString());
}
