import { crc32 } from 'node:zlib';
import { existsSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { MIGRATIONS } from '../../src/journal/sqlite-schema.ts';
import {
  openSqliteStore,
  type SqliteStore,
  type SqliteStoreOptions,
} from '../../src/journal/sqlite-store.ts';
import { openStore } from '../../src/journal/open-store.ts';
import type { JournalEntry } from '../../src/journal/entries.ts';
import { NO_USAGE } from '../../src/model/model.ts';
import { packImage } from '../../src/workspace/base-image.ts';
import {
  changed,
  journalStoreContract,
  opened,
  prompt,
  responded,
  restored,
} from '../contracts/journal-store.ts';
import { failure, inDirectory, sql, tempDirectory } from './sqlite-stage.ts';

const stores: SqliteStore[] = [];
const open = async (path: string, options?: SqliteStoreOptions): Promise<SqliteStore> => {
  const store = await openSqliteStore(path, options);
  stores.push(store);
  return store;
};
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
});

journalStoreContract('sqlite', () => openSqliteStore(inDirectory('contract.db')));

describe('a store that is opened again', () => {
  it('has everything, in the order in which it was opened, and one epoch more', async () => {
    const path = inDirectory('again.db');
    const first = await open(path);
    for (const id of ['z', 'a', 'm']) await first.append(id, [opened(id), prompt('1')]);
    await first.remove('a');
    const sessions = first.sessions();
    await first.close();
    const second = await open(path);
    expect([first.epoch, second.epoch]).toEqual([1, 2]);
    expect(second.sessions()).toEqual(sessions);
    await second.append('m', [prompt('2')]);
    expect(second.read('m')).toEqual([opened('m'), prompt('1'), prompt('2')]);
  });

  it('gives one image to all sessions over it, though they were written from another', async () => {
    const path = inDirectory('images.db');
    const first = await open(path);
    const pack = () => packImage([{ path: 'a.ts', bytes: Buffer.from('the same content') }]);
    const image = pack();
    await first.append('a', [opened('a', [image])]);
    await first.append('b', [opened('b', [pack()])]);
    const images = ['a', 'b'].map((id) => {
      const [entry] = first.read(id);
      if (entry?.type !== 'opened') throw new Error('expected the opened entry');
      return entry.spec.images[0];
    });
    expect(images).toEqual([image.handle, image.handle]);
    expect(images[0]?.buffer).toBe(images[1]?.buffer);
    await first.close();
    expect(sql(path, 'SELECT count(*) FROM contents')).toEqual([[1]]);
  });
});

describe('contents', () => {
  it('are kept once, whoever has them, and go with the last session that does', async () => {
    const path = inDirectory('contents.db');
    const store = await open(path);
    const bytes = new Uint8Array(10_000).fill(7);
    const ids = Array.from({ length: 100 }, (_, i) => `s${i}`);
    await Promise.all(ids.map((id) => store.append(id, [changed(bytes), changed(bytes, 'b')])));
    const count = (): unknown => sql(path, 'SELECT count(*) FROM contents')[0]?.[0];
    expect(count()).toBe(1);
    for (const id of ids.slice(1)) await store.remove(id);
    expect(count()).toBe(1);
    expect(store.read('s0')).toEqual([changed(bytes), changed(bytes, 'b')]);
    await store.remove('s0');
    expect(count()).toBe(0);
    expect(sql(path, 'SELECT count(*) FROM uses')).toEqual([[0]]);
  });
});

describe('appends of one turn of the event loop', () => {
  it('are one transaction', async () => {
    let commits = 0;
    const store = await open(inDirectory('group.db'), {
      onStatement: (statement, when) => {
        if (statement === 'COMMIT' && when === 'after') commits += 1;
      },
    });
    commits = 0;
    await Promise.all(Array.from({ length: 100 }, (_, i) => store.append(`s${i}`, [prompt('1')])));
    expect(commits).toBe(1);
    expect(store.sessions()).toHaveLength(100);
  });

  it('are several where they are many or large, so that none blocks for long', async () => {
    let commits = 0;
    const store = await open(inDirectory('groups.db'), {
      onStatement: (statement, when) => {
        if (statement === 'COMMIT' && when === 'after') commits += 1;
      },
    });
    commits = 0;
    await Promise.all(Array.from({ length: 300 }, (_, i) => store.append(`s${i}`, [prompt('1')])));
    expect(commits).toBe(3);
    const large = (i: number): JournalEntry => changed(new Uint8Array(1_500_000).fill(i));
    await Promise.all(Array.from({ length: 4 }, (_, i) => store.append('large', [large(i)])));
    expect(commits).toBe(5);
    expect(store.session('large')?.entryCount).toBe(4);
  });

  it('do not fail with one of them that cannot be encoded', async () => {
    const store = await open(inDirectory('bad.db'));
    const bad = opened('bad', [], { count: 1n });
    const writes = [
      store.append('a', [prompt('1')]),
      store.append('bad', [prompt('0'), bad]),
      store.append('a', [prompt('2')]),
    ];
    const outcomes = await Promise.allSettled(writes);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(store.read('a')).toEqual([prompt('1'), prompt('2')]);
    expect(store.read('bad')).toEqual([]);
  });
});

describe('a full disk', () => {
  it('fails writes as a whole, lets reads go on, and heals when there is room', async () => {
    const path = inDirectory('full.db');
    const store = await open(path, { maxPageCount: 40 });
    const big = (i: number): JournalEntry => changed(new Uint8Array(20_000).fill(i));
    await store.append('kept', [prompt('1'), big(0)]);
    const written = [0, 0];
    let code: string | undefined;
    for (let i = 1; i < 30 && code === undefined; i += 1) {
      // Two neighbours in one transaction. What there is no room for is refused, and its neighbour is not.
      const both = [store.append('x', [prompt('p'), big(i)]), store.append('y', [prompt('p'), big(100 + i)])];
      const outcomes = await Promise.all(both.map((write) => failure(() => write)));
      for (const [n, outcome] of outcomes.entries()) if (outcome === undefined) written[n]! += 1;
      code = outcomes[0] ?? outcomes[1];
    }
    expect(code).toBe('storage_full');
    expect(written[0]).toBeGreaterThan(0);
    expect(store.read('x')).toHaveLength(2 * written[0]!);
    expect(store.read('y')).toHaveLength(2 * written[1]!);
    await store.remove('y');
    await store.append('x', [big(200)]);
    await store.close();
    const again = await open(path);
    expect(again.read('x').slice(-1)).toEqual([big(200)]);
    expect(again.sessions().map((s) => [s.sessionId, s.entryCount])).toEqual([
      ['kept', 2],
      ['x', 2 * written[0]! + 1],
    ]);
  });
});

describe('a path that cannot be a store', () => {
  const directory = tempDirectory;
  it.each<[string, string, (path: string) => void]>([
    ['a directory', 'store_unusable', (path) => mkdirSync(path)],
    ['not SQLite', 'store_foreign', (path) => writeFileSync(path, 'hello world\n'.repeat(500))],
    ['another program’s database', 'store_foreign', (path) => void sql(path, 'CREATE TABLE sessions (id)')],
    [
      'the first bytes of a database',
      'store_corrupt',
      (path) => writeFileSync(path, 'SQLite format 3\0\x10'),
    ],
  ])('is refused and left alone: %s', async (name, code, make) => {
    const path = join(directory(), `${name}.db`);
    make(path);
    const before = statSync(path).isDirectory() ? null : readFileSync(path);
    expect(await failure(() => open(path))).toBe(code);
    expect(await failure(() => open(path, { readOnly: true }))).toBe(code);
    if (before) expect(readFileSync(path)).toEqual(before);
    for (const suffix of ['-wal', '-shm', '-journal']) expect(existsSync(path + suffix)).toBe(false);
  });

  it('is refused where nothing can be made: no directory, a file in the way, no such file to read', async () => {
    const file = inDirectory('file');
    writeFileSync(file, '');
    expect(await failure(() => open(join(directory(), 'none', 'x.db')))).toBe('store_unusable');
    expect(await failure(() => open(join(file, 'x.db')))).toBe('store_unusable');
    expect(await failure(() => open('/proc/x.db'))).toBe('store_unusable');
    expect(await failure(() => open(join(directory(), 'none.db'), { readOnly: true }))).toBe(
      'store_unusable',
    );
  });

  it('is damaged when its end is missing', async () => {
    const path = inDirectory('cut.db');
    const store = await open(path);
    for (let i = 0; i < 20; i += 1) await store.append(`s${i}`, [changed(new Uint8Array(9_000).fill(i))]);
    await store.close();
    for (const size of [30, 1_000, 5_000, 40_000, statSync(path).size - 4096]) {
      const cut = inDirectory(`cut-${size}.db`);
      writeFileSync(cut, readFileSync(path));
      truncateSync(cut, size);
      const readAll = async (): Promise<void> => {
        const damaged = await open(cut);
        for (const { sessionId } of damaged.sessions()) damaged.read(sessionId);
      };
      expect(await failure(readAll)).toBe('store_corrupt');
      expect(statSync(cut).size).toBe(size);
    }
  });
});

describe('what forks take over', () => {
  it('is in the file once, however many there are', async () => {
    const path = inDirectory('forks.db');
    const store = await open(path);
    const bytes = Uint8Array.from({ length: 30_000 }, (_, i) => i % 251);
    await store.append('s', [opened('s'), changed(bytes, 'z')]);
    for (let fork = 1; fork <= 20; fork += 1) {
      await store.append(`f${fork}`, [opened(`f${fork}`), restored('s', bytes)]);
    }
    // The file's content, and the conversation.
    expect(sql(path, 'SELECT count(*) FROM contents')).toEqual([[2]]);
    await store.remove('s');
    for (let fork = 2; fork <= 20; fork += 1) await store.remove(`f${fork}`);
    expect(store.read('f1')).toEqual([opened('f1'), restored('s', bytes)]);
    await store.remove('f1');
    expect(sql(path, 'SELECT count(*) FROM contents')).toEqual([[0]]);
  });

  it('is noticed when a row says that less was spent', async () => {
    const path = inDirectory('spent.db');
    const store = await open(path);
    await store.append('f', [opened('f'), responded({ totalTokens: 7 })]);
    await store.close();
    sql(path, `UPDATE sessions SET account = CAST(replace(CAST(account AS TEXT), '7', '6') AS BLOB)`);
    expect(await failure(() => open(path))).toBe('store_corrupt');
  });

  it('is noticed when a row says another parent', async () => {
    const path = inDirectory('parent.db');
    const store = await open(path);
    await store.append('f', [opened('f'), restored('s', null)]);
    await store.close();
    sql(path, `UPDATE sessions SET fork_of = CAST('"t"' AS BLOB)`);
    expect(await failure(() => open(path))).toBe('store_corrupt');
  });
});

describe('versions of a store', () => {
  const SECOND = 'ALTER TABLE contents ADD COLUMN note BLOB';

  it('are migrated together, with a copy of the older file beside it', async () => {
    const path = inDirectory('versions.db');
    const first = await open(path);
    await first.append('a', [prompt('1')]);
    await first.close();
    const migrations = [...MIGRATIONS, SECOND, 'CREATE TABLE third (x)'];
    expect(await failure(() => open(path, { migrations, readOnly: true }))).toBe('store_unusable');
    const second = await open(path, { migrations });
    expect(second.read('a')).toEqual([prompt('1')]);
    await second.close();
    expect(sql(path, 'PRAGMA user_version')).toEqual([[MIGRATIONS.length + 2]]);
    const backup = await open(`${path}.backup-v${MIGRATIONS.length}`, { readOnly: true });
    expect(backup.read('a')).toEqual([prompt('1')]);
    expect(await failure(() => open(path))).toBe('store_newer');
    expect(await failure(() => open(path, { readOnly: true }))).toBe('store_newer');
  });

  it('have no copy beside them when they are new', async () => {
    const path = inDirectory('new.db');
    await (await open(path)).close();
    expect(existsSync(`${path}.backup-v1`)).toBe(false);
  });

  it('stay as they are where the copy cannot be put', async () => {
    const path = inDirectory('no-copy.db');
    await (await open(path)).close();
    const migrations = [...MIGRATIONS, SECOND];
    mkdirSync(`${path}.backup-v${MIGRATIONS.length}`);
    expect(await failure(() => open(path, { migrations }))).toBe('store_unusable');
    expect(sql(path, 'PRAGMA user_version')).toEqual([[MIGRATIONS.length]]);
    await (await open(path)).close();
  });

  it('are migrated from the first one, whose sessions have no forks', async () => {
    const path = inDirectory('first.db');
    const store = await open(path);
    await store.append('a', [opened('a'), prompt('1'), changed(new Uint8Array(500))]);
    const sessions = store.sessions();
    await store.close();
    // As version 1 left it: a row's checksum had nothing of forks and accounts in it.
    sql(path, 'ALTER TABLE sessions DROP COLUMN account');
    sql(path, 'ALTER TABLE sessions DROP COLUMN fork_of');
    sql(path, 'PRAGMA user_version = 1');
    const again = await open(path);
    expect(again.sessions()).toEqual(sessions);
    await again.append('b', [opened('b'), restored('a', new Uint8Array(500))]);
    await again.close();
    expect((await open(path, { readOnly: true })).session('b')?.forkOf).toBe('a');
    expect(existsSync(`${path}.backup-v1`)).toBe(true);
  });

  it('are migrated from the second one, with what each session has spent, as its journal tells it', async () => {
    const path = inDirectory('second.db');
    const store = await open(path);
    const response = responded({ inputTokens: 5, totalTokens: 5 });
    await store.append('idle', [opened('idle')]);
    await store.append('busy', [opened('busy'), prompt('1'), response, changed(null), response]);
    await store.append('fork', [opened('fork'), restored('busy', null), response]);
    const journals = ['idle', 'busy', 'fork'].map((id) => store.read(id));
    await store.close();
    // As version 2 left it: a row's checksum had nothing of accounts in it.
    sql(path, 'ALTER TABLE sessions DROP COLUMN account');
    for (const [num, name, opened_, updated, entries, prompts, openPrompts, closed, forkOf] of sql(
      path,
      'SELECT num, name, opened_at, updated_at, entries, prompts, open_prompts, closed, fork_of FROM sessions',
    )) {
      const text = (value: unknown): unknown => JSON.parse(Buffer.from(value as Uint8Array).toString());
      const values = [num, text(name), opened_, updated, entries, prompts, openPrompts, closed !== 0];
      if (forkOf !== null) values.push(text(forkOf));
      sql(path, `UPDATE sessions SET checksum = ${crc32(JSON.stringify(values))} WHERE num = ${String(num)}`);
    }
    sql(path, 'PRAGMA user_version = 2');

    const again = await open(path);
    expect(
      again.sessions().map(({ sessionId, turns, usage }) => [sessionId, turns, usage.totalTokens]),
    ).toEqual([
      ['idle', 0, 0],
      ['busy', 2, 10],
      ['fork', 1, 5],
    ]);
    expect(again.session('busy')?.usage).toEqual({ ...NO_USAGE, inputTokens: 10, totalTokens: 10 });
    expect(['idle', 'busy', 'fork'].map((id) => again.read(id))).toEqual(journals);
    await again.append('busy', [response]);
    await again.close();
    expect((await open(path, { readOnly: true })).session('busy')).toMatchObject({ turns: 3 });
  });

  it('keep a row that is damaged as it is when they are migrated, for whoever reads it', async () => {
    const path = inDirectory('damaged-second.db');
    const store = await open(path);
    await store.append('a', [opened('a'), responded({ totalTokens: 1 })]);
    await store.close();
    sql(path, 'ALTER TABLE sessions DROP COLUMN account');
    sql(path, 'UPDATE sessions SET prompts = 99');
    sql(path, 'PRAGMA user_version = 2');
    expect(await failure(() => open(path))).toBe('store_corrupt');
  });

  it('are migrated all or not at all', async () => {
    const path = inDirectory('half.db');
    await (await open(path)).close();
    const migrations = [...MIGRATIONS, SECOND, 'SELECT * FROM nothing'];
    expect(await failure(() => open(path, { migrations }))).toBe('store_corrupt');
    expect(sql(path, 'PRAGMA user_version')).toEqual([[MIGRATIONS.length]]);
    const again = await open(path);
    await again.append('a', [prompt('1')]);
  });
});

describe('openStore', () => {
  it('knows its schemes', async () => {
    expect((await openStore('memory')).durable).toBe(false);
    const store = await openStore(`sqlite:${inDirectory('named.db')}`);
    expect([store.durable, store.epoch]).toEqual([true, 1]);
    await store.close();
    for (const spec of ['', 'sqlite:', 'redis://x', 'Memory'])
      await expect(openStore(spec)).rejects.toMatchObject({
        code: 'invalid_option',
        message: /memory.*sqlite:/,
      });
  });
});
