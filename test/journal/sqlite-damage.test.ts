import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { StoreError } from '../../src/errors.ts';
import type { JournalEntry } from '../../src/journal/entries.ts';
import {
  openSqliteStore,
  type SqliteStore,
  type SqliteStoreOptions,
} from '../../src/journal/sqlite-store.ts';
import { changed, prompt } from '../contracts/journal-store.ts';
import { failure, inDirectory, sql } from './sqlite-stage.ts';

const stores: SqliteStore[] = [];
const open = async (path: string, options?: SqliteStoreOptions): Promise<SqliteStore> => {
  const store = await openSqliteStore(path, options);
  stores.push(store);
  return store;
};
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
});

describe('a store that lost or changed something', () => {
  it.each([
    ['a session', 'DELETE FROM sessions WHERE num = 2'],
    ['what is known of a session', 'UPDATE sessions SET open_prompts = 0 WHERE num = 2'],
    ['the end of a journal', 'DELETE FROM entries WHERE key = 2 * 16777216 + 2'],
    ['an entry', 'DELETE FROM entries WHERE key = 2 * 16777216 + 1'],
    [
      'an entry for that of another session',
      `UPDATE entries SET (checksum, json) =
       (SELECT checksum, json FROM entries WHERE key = 16777216) WHERE key = 2 * 16777216`,
    ],
    ['the place of an entry', 'UPDATE entries SET key = 2 * 16777216 + 7 WHERE key = 2 * 16777216 + 2'],
    ['a content', 'DELETE FROM contents WHERE id = 2'],
    [
      'a content for another',
      'UPDATE contents SET bytes = (SELECT bytes FROM contents WHERE id = 1) WHERE id = 2',
    ],
  ])('says so, and leaves all the rest readable beside it: %s', async (_what, damage) => {
    const path = inDirectory('lost.db');
    const first = await open(path);
    const entries = (id: string): JournalEntry[] => [
      prompt(id),
      changed(new Uint8Array(Buffer.alloc(500, id))),
      prompt('2'),
    ];
    for (const id of ['a', 'b', 'c']) await first.append(id, entries(id));
    await first.close();
    sql(path, damage);
    const before = readFileSync(path);
    const reader = await open(path, { readOnly: true });
    for (const id of ['a', 'c']) expect(reader.read(id)).toEqual(entries(id));
    expect(await failure(() => reader.read('b'))).toBe('store_corrupt');
    await reader.close();
    expect(readFileSync(path)).toEqual(before);
    const code = await failure(async () => (await open(path)).read('b'));
    expect(code).toBe('store_corrupt');
  });
});

describe('a reader beside a writer', () => {
  it('sees one state of the file in one read', async () => {
    const path = inDirectory('snapshot.db');
    const first = await open(path);
    await first.append('a', [prompt('1'), prompt('2')]);
    let isDue = false;
    const reader = await open(path, {
      readOnly: true,
      onStatement: (statement, when) => {
        if (!isDue || when !== 'after' || !statement.includes('FROM sessions')) return;
        isDue = false;
        sql(path, 'DELETE FROM entries');
      },
    });
    isDue = true;
    expect(reader.read('a')).toEqual([prompt('1'), prompt('2')]);
    expect(isDue).toBe(false);
    expect(await failure(() => reader.read('a'))).toBe('store_corrupt');
  });
});

describe('a flipped bit in the file', () => {
  it('is never taken for the truth', { timeout: 60_000 }, async () => {
    const path = inDirectory('flips.db');
    const store = await open(path);
    const ids = Array.from({ length: 12 }, (_, i) => `session-${i}`);
    for (const id of ids) {
      for (let j = 0; j < 6; j += 1) {
        await store.append(id, [
          prompt(`${id} ${j}`.repeat(j * 9)),
          changed(new Uint8Array(j * 700).fill(j)),
        ]);
      }
    }
    const sessions = store.sessions();
    const truth = new Map(ids.map((id) => [id, store.read(id)]));
    await store.close();
    const good = readFileSync(path);

    const damaged = inDirectory('damaged.db');
    let noticed = 0;
    let state = 20_261_121;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    writeFileSync(damaged, good);
    for (let round = 0; round < 250; round += 1) {
      // Half of them where a page keeps its structure.
      const offset = round % 2 ? random(good.length) : 4096 * random(good.length / 4096) + random(100);
      const file = openSync(damaged, 'r+');
      writeSync(file, Buffer.of(good[offset]! ^ (1 << random(8))), 0, 1, offset);
      try {
        const reader = await openSqliteStore(damaged, { readOnly: true });
        const outcomes = await Promise.all([
          failure(() => expect(isDeepStrictEqual(reader.sessions(), sessions)).toBe(true)),
          ...ids.map((id) =>
            failure(() => expect(isDeepStrictEqual(reader.read(id), truth.get(id))).toBe(true)),
          ),
        ]);
        await reader.close();
        if (outcomes.some((code) => code !== undefined)) noticed += 1;
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        noticed += 1;
      }
      writeSync(file, good, offset, 1, offset);
      closeSync(file);
    }
    expect(noticed).toBeGreaterThan(50);
  });
});
