import { copyFileSync, existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../src/journal/entries.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import { openSqliteStore, type SqliteStoreOptions } from '../../src/journal/sqlite-store.ts';
import type { JournalStore } from '../../src/journal/store.ts';
import { changed, opened, prompt } from '../contracts/journal-store.ts';
import { FaultyStore, type Fault } from './faulty-store.ts';
import { failure, inDirectory } from './sqlite-stage.ts';

const IDS = ['a', 'b', 'c'];
const group = (id: string, n: number): JournalEntry[] => [
  prompt(`${id}${n}`),
  changed(new Uint8Array(300).fill(n)),
];

/** Journals as their writer was told that they are, and what it was told has failed. */
interface Told {
  readonly journals: Map<string, JournalEntry[]>;
  readonly failed: JournalEntry[][];
  readonly isRemoved: boolean;
}

/** A fixed workload over three sessions, side by side; every append has a name of its own. */
async function work(store: JournalStore): Promise<Told> {
  const journals = new Map<string, JournalEntry[]>();
  const failed: JournalEntry[][] = [];
  const append = async (id: string, entries: JournalEntry[]): Promise<void> => {
    const code = await failure(() => store.append(id, entries));
    if (code === undefined) journals.set(id, [...(journals.get(id) ?? []), ...entries]);
    else failed.push(entries);
  };
  await Promise.all(
    IDS.map(async (id) => {
      await append(id, [opened(id)]);
      for (let n = 1; n <= 3; n += 1) await append(id, group(id, n));
    }),
  );
  const isRemoved = (await failure(() => store.remove('b'))) === undefined;
  if (isRemoved) journals.delete('b');
  await append('b', group('b', 9));
  return { journals, failed, isRemoved };
}

/** The appends that a journal consists of, by what each begins with; throws when one is not whole. */
function appends(entries: readonly JournalEntry[]): string[] {
  const names: string[] = [];
  for (let i = 0; i < entries.length; i += 1) {
    const entry = entries[i];
    if (entry?.type === 'opened') {
      names.push(`${entry.spec.sessionId}0`);
    } else if (entry?.type === 'prompt-accepted' && entries[i + 1]?.type === 'effect-ended') {
      names.push(entry.promptId);
      i += 1;
    } else {
      throw new Error(`half an append: ${JSON.stringify(entry)}`);
    }
  }
  return names;
}

describe('a statement of SQLite that fails, at every one of the workload', () => {
  const seen = (store: JournalStore): [string, readonly JournalEntry[]][] =>
    store.sessions().map(({ sessionId }) => [sessionId, store.read(sessionId)]);

  it.each(['before', 'after'] as const)(
    'keeps what was acknowledged and nothing else: %s it ran',
    { timeout: 120_000 },
    async (phase) => {
      const empty = inDirectory('empty.db');
      await (await openSqliteStore(empty)).close();
      let rounds = 0;
      for (let n = 1; ; n += 1) {
        const path = inDirectory('faults.db');
        copyFileSync(empty, path);
        let statements = 0;
        let isInjected = false;
        let isArmed = false;
        const onStatement: SqliteStoreOptions['onStatement'] = (_statement, when) => {
          if (!isArmed || when !== phase) return;
          statements += 1;
          if (statements !== n) return;
          isInjected = true;
          throw Object.assign(new Error('injected'), { rawCode: 10 });
        };
        const store = await openSqliteStore(path, { onStatement });
        isArmed = true;
        const { journals, failed } = await work(store);
        isArmed = false;
        const before = seen(store);
        // It goes on as if nothing had been.
        await store.append('after', group('after', 1));
        await store.remove('after');
        await store.close();

        const again = await openSqliteStore(path, { readOnly: true });
        expect(seen(again)).toEqual(before);
        expect(Object.fromEntries(before)).toEqual(Object.fromEntries(journals));
        await again.close();
        if (!isInjected) {
          expect(failed).toEqual([]);
          break;
        }
        rounds += 1;
      }
      expect(rounds).toBeGreaterThan(80);
    },
  );

  it('leaves no half of a store when it is made', { timeout: 60_000 }, async () => {
    let isInjected = true;
    for (let n = 1; isInjected; n += 1) {
      const path = inDirectory('make.db');
      let statements = 0;
      isInjected = false;
      const onStatement: SqliteStoreOptions['onStatement'] = (_statement, when) => {
        if (when !== (n % 2 ? 'before' : 'after')) return;
        statements += 1;
        if (statements !== Math.ceil(n / 2)) return;
        isInjected = true;
        throw Object.assign(new Error('injected'), { rawCode: 10 });
      };
      const code = await failure(async () => (await openSqliteStore(path, { onStatement })).close());
      if (isInjected && code !== undefined) expect(code).toBe('store_unusable');
      const store = await openSqliteStore(path);
      await store.append('a', [prompt('1')]);
      expect(store.read('a')).toEqual([prompt('1')]);
      await store.close();
      expect(existsSync(path)).toBe(true);
    }
  });
});

describe.each<[string, () => JournalStore | Promise<JournalStore>]>([
  ['memory', () => new MemoryStore()],
  ['sqlite', () => openSqliteStore(inDirectory('wrapped.db'))],
])('calls of the %s store that fail, at every one of the workload', (_name, open) => {
  it.each<[Fault['when'], Fault['how']]>([
    ['before', 'sync'],
    ['before', 'async'],
    ['after', 'sync'],
    ['after', 'async'],
  ])('leave each append whole, in its order or not there: %s, %s', { timeout: 60_000 }, async (when, how) => {
    for (let at = 1; ; at += 1) {
      const inner = await open();
      const store = new FaultyStore(inner, { at, when, how });
      const { journals, failed, isRemoved } = await work(store);
      const doubtful = failed.flatMap(appends);
      for (const id of IDS) {
        const told = appends(journals.get(id) ?? []);
        const stored = appends(inner.read(id));
        if (when === 'before') expect(stored).toEqual(told);
        // Failed for its caller and done all the same: it is there as a whole, in its place.
        else if (id !== 'b' || isRemoved)
          expect(stored.filter((name) => !doubtful.includes(name))).toEqual(told);
        else expect(stored).toEqual(['b9']);
      }
      await store.close();
      if (store.faults === 0) break;
      expect(store.faults).toBe(1);
    }
  });
});
