import { copyFileSync, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { JournalEntry } from '../../../src/journal/entries.ts';
import { SqliteDatabase } from '../../../src/journal/sqlite-database.ts';
import { openSqliteStore } from '../../../src/journal/sqlite-store.ts';
import type { JournalStore } from '../../../src/journal/store.ts';
import { fromFiles } from '../../../src/workspace/from-files.ts';
import { DEFAULT_QUOTA } from '../../../src/workspace/workspace.ts';
import type { Prng } from '../shared/prng.ts';

/** A store as it lies on the disk at one moment. */
export interface StoreImage {
  readonly name: string;
  readonly file: Buffer;
  /** The write-ahead log; empty when the store was closed properly. */
  readonly log: Buffer;
  /** Transactions that are in the file itself, so that no damage to the log can undo them. */
  readonly checkpointed: number;
  /** How long the log was when each transaction was acknowledged; empty where the log was begun anew since. */
  readonly logEnds: readonly number[];
}

/** What was written, and what the files looked like. */
export interface JournalTruth {
  /** Entries by session, each as text that is equal only for equal entries. */
  readonly journals: ReadonlyMap<string, readonly string[]>;
  /** After each transaction: how many entries each session had. The first one is the empty store. */
  readonly states: readonly ReadonlyMap<string, number>[];
  readonly images: readonly StoreImage[];
}

const SESSIONS = ['a', 'b', 'session-3', 'é\u{1f600}', '__proto__', 'nul\0', ' '];
const TRANSACTIONS = 60;
/** No process has it. */
const DEAD_PID = 2 ** 30;

/** Writes a store of some sessions, and takes its files: with all in the log, with half of it, and closed. */
export async function writeTruth(prng: Prng, folder: string): Promise<JournalTruth> {
  const path = join(folder, 'truth.sqlite');
  const store = await openSqliteStore(path);
  // Whoever opens a copy finds an owner that is dead, as after a crash.
  const beside = new SqliteDatabase(path, { readOnly: false, busyTimeoutMs: 1_000 });
  const [holder] = beside.get('SELECT CAST(holder AS BLOB) FROM owner') ?? [];
  const dead = { ...(JSON.parse(Buffer.from(holder as Uint8Array).toString()) as object), pid: DEAD_PID };
  beside.run('UPDATE owner SET holder = ?', [Buffer.from(JSON.stringify(dead))]);
  beside.all('PRAGMA wal_checkpoint(TRUNCATE)');

  const journals = new Map<string, string[]>();
  const states: ReadonlyMap<string, number>[] = [new Map()];
  const images: StoreImage[] = [];
  const logEnds: number[] = [];
  const take = (name: string, checkpointed: number, ends: readonly number[] = []): void => {
    const copy = join(folder, 'copy.sqlite');
    copyFileSync(path, copy);
    const log = existsSync(`${path}-wal`) ? readFileSync(`${path}-wal`) : Buffer.alloc(0);
    images.push({ name, file: readFileSync(copy), log, checkpointed, logEnds: [...ends] });
  };
  let checkpointed = 0;
  for (let i = 1; i <= TRANSACTIONS; i++) {
    // What is written in one turn of the event loop is one transaction.
    const sessions = prng.shuffled(SESSIONS).slice(0, prng.chance(0.2) ? 2 : 1);
    await Promise.all(sessions.map((sessionId) => appendSome(prng, store, sessionId, journals)));
    states.push(new Map([...journals].map(([sessionId, entries]) => [sessionId, entries.length])));
    logEnds.push(statSync(`${path}-wal`).size);
    if (i === TRANSACTIONS / 2) {
      take('all in the log', 0, logEnds);
      beside.all('PRAGMA wal_checkpoint(RESTART)');
      checkpointed = i;
    }
  }
  take('half in the log', checkpointed);
  beside.close();
  await store.close();
  take('closed', TRANSACTIONS);
  return { journals, states, images };
}

/** Equal only for equal entries, bytes included. */
export function textOf(entry: JournalEntry): string {
  return JSON.stringify(entry, (key, value: unknown) => {
    if (key === 'imageId') return undefined;
    if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
    return value instanceof SharedArrayBuffer ? Buffer.from(new Uint8Array(value)).toString('base64') : value;
  });
}

/** One more entry, for those who write on in a damaged store. */
export function prompt(promptId: string): JournalEntry {
  return { type: 'prompt-accepted', promptId, text: 'Go on.', at: 9 };
}

async function appendSome(
  prng: Prng,
  store: JournalStore,
  sessionId: string,
  journals: Map<string, string[]>,
): Promise<void> {
  const journal = journals.get(sessionId) ?? [];
  journals.set(sessionId, journal);
  const entries = Array.from({ length: prng.between(1, 3) }, (_, i) =>
    journal.length === 0 && i === 0 ? opened(sessionId) : drawEntry(prng, journal.length + i),
  );
  journal.push(...entries.map(textOf));
  await store.append(sessionId, entries);
}

const IMAGE = fromFiles(new Map([['a.ts', Buffer.from('a'.repeat(500))]]));

function opened(sessionId: string): JournalEntry {
  const spec = {
    sessionId,
    model: 'x:y',
    modelOptions: { temperature: 0 },
    system: 'é\u{1f600}',
    skills: [],
    tools: [],
    images: [IMAGE.handle],
    maxTurns: 10,
    quota: DEFAULT_QUOTA,
  };
  return { type: 'opened', spec, at: 5 };
}

function drawEntry(prng: Prng, place: number): JournalEntry {
  switch (prng.below(5)) {
    case 0:
      return {
        type: 'prompt-accepted',
        promptId: `p${place}`,
        text: 'word '.repeat(prng.below(500)),
        at: place,
      };
    case 1:
      return { type: 'prompt-ended', promptId: `p${place}`, stopReason: 'end', error: null, at: place };
    case 2:
      return { type: 'step-began', stepId: place, input: 'turn' };
    case 3:
      return {
        type: 'restored',
        from: { sessionId: prng.pick(SESSIONS), promptId: prng.pick(['p1', null]) },
        keptMessages: place,
        messages: [{ role: 'user', content: 'word '.repeat(prng.below(500)) }],
        overlay: [{ path: 'f', bytes: new Uint8Array(prng.pick([0, 50, 3_000])).fill(prng.below(4)) }],
        opening: null,
        stepId: place,
        at: place,
      };
    default: {
      // Few different ones, so that sessions share contents; some longer than a page.
      const bytes = new Uint8Array(prng.pick([0, 50, 101, 3_000, 9_000])).fill(prng.below(4));
      const result = { callId: `c${place}`, name: 'write', content: 'ok', isError: false };
      return {
        type: 'effect-ended',
        result,
        changes: [
          { path: `f${place}`, bytes },
          { path: 'gone', bytes: null },
        ],
      };
    }
  }
}
