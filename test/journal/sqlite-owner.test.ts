import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  openSqliteStore,
  type SqliteStore,
  type SqliteStoreOptions,
} from '../../src/journal/sqlite-store.ts';
import { changed, prompt } from '../contracts/journal-store.ts';
import { failure, inDirectory, sql } from './sqlite-stage.ts';

/** A process that appends to four sessions as fast as it can and says of each append when it is acknowledged. */
const WRITER = `
import { writeSync } from 'node:fs';
import { openSqliteStore } from './src/journal/sqlite-store.ts';
const store = await openSqliteStore(process.argv[2], { leaseMs: 300 });
writeSync(1, 'open ' + store.epoch + '\\n');
await Promise.all(['a', 'b', 'c', 'd'].map(async (id) => {
  for (let i = 0; i < 100_000; i += 1) {
    const at = store.session(id)?.entryCount ?? 0;
    const bytes = new Uint8Array(200).fill(at);
    await store.append(id, [
      { type: 'prompt-accepted', promptId: String(at), text: '', at },
      { type: 'effect-ended', result: { callId: '1', name: 't', content: '', isError: false }, changes: [{ path: 'a', bytes }] },
    ]);
    writeSync(1, 'kept ' + id + ' ' + (at + 2) + '\\n');
  }
}));
`;

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Inside the project, so that it finds the packages. */
const script = join(root, 'dist', 'test', `store-writer-${process.pid}.mjs`);
beforeAll(async () => {
  mkdirSync(dirname(script), { recursive: true });
  await build({
    stdin: { contents: WRITER, resolveDir: root, loader: 'ts' },
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    outfile: script,
  });
});
afterAll(() => rmSync(script, { force: true }));

type Writer = ChildProcessByStdio<null, Readable, null>;
const writers: Writer[] = [];
const stores: SqliteStore[] = [];
afterEach(async () => {
  for (const writer of writers.splice(0)) writer.kill('SIGKILL');
  for (const store of stores.splice(0)) await store.close();
});

const open = async (path: string, options?: SqliteStoreOptions): Promise<SqliteStore> => {
  const store = await openSqliteStore(path, options);
  stores.push(store);
  return store;
};

/** Starts a writer; resolves when it has acknowledged so many appends. `ended` tells what it acknowledged in all. */
async function writing(
  path: string,
  lines: number,
): Promise<{ writer: Writer; ended: Promise<Map<string, number>> }> {
  const writer = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  writers.push(writer);
  const kept = new Map<string, number>();
  let count = 0;
  const reader = createInterface(writer.stdout);
  const ended = Promise.all([once(reader, 'close'), once(writer, 'exit')]).then(() => kept);
  await new Promise<void>((resolve, reject) => {
    reader.on('line', (line) => {
      const [, id, entries] = /^kept (\w) (\d+)$/.exec(line) ?? [];
      if (id) kept.set(id, Number(entries));
      count += 1;
      if (count > lines) resolve();
    });
    reader.once('close', () => reject(new Error(`the writer ended after ${count} lines`)));
  });
  return { writer, ended };
}

describe('a process that is killed while it appends', () => {
  it('loses nothing that it acknowledged, and its store is taken over at once', async () => {
    const path = inDirectory('killed.db');
    for (let round = 1; round <= 5; round += 1) {
      const { writer, ended } = await writing(path, round * 60);
      writer.kill('SIGKILL');
      const kept = await ended;
      const store = await open(path, { leaseMs: 3_600_000 });
      expect(store.epoch).toBe(2 * round);
      for (const [id, entries] of kept) {
        const journal = store.read(id);
        expect(journal.length).toBeGreaterThanOrEqual(entries);
        // Each append is there as a whole, and at most one that was not acknowledged.
        expect(journal.length - entries).toBeLessThanOrEqual(2);
        for (let at = 0; at < journal.length; at += 2) {
          expect(journal[at]).toMatchObject({ type: 'prompt-accepted', promptId: String(at) });
          expect(journal[at + 1]).toMatchObject({ type: 'effect-ended' });
        }
      }
      await store.close();
    }
  });
});

describe('a store that another process writes', () => {
  it('is refused to a second owner, who is told which process it is and what to do', async () => {
    const path = inDirectory('held.db');
    const { writer } = await writing(path, 10);
    await expect(openSqliteStore(path)).rejects.toMatchObject({
      code: 'store_locked',
      message: expect.stringMatching(new RegExp(`process ${writer.pid} on .*wait.*read-only`)) as string,
    });
  });

  it('can be read beside it, as far as it is written', async () => {
    const path = inDirectory('beside.db');
    const { writer, ended } = await writing(path, 50);
    const reader = await open(path, { readOnly: true });
    const before = reader.read('a').length;
    expect(before).toBeGreaterThan(0);
    await expect.poll(() => reader.read('a').length).toBeGreaterThan(before);
    for (let i = 0; i < 200; i += 1) {
      expect(reader.sessions()).toHaveLength(4);
      expect(reader.read('b').length % 2).toBe(0);
    }
    expect(await failure(() => reader.append('a', [prompt('1')]))).toBe('store_readonly');
    expect(await failure(() => reader.remove('a'))).toBe('store_readonly');
    writer.kill('SIGKILL');
    const kept = await ended;
    expect(reader.read('a').length).toBeGreaterThanOrEqual(kept.get('a')!);
    expect(reader.epoch).toBe(1);
  });
});

describe('the owner of a store', () => {
  it('is the only one in its own process, too, until it has closed', async () => {
    const path = inDirectory('own.db');
    const first = await open(path);
    expect(await failure(() => open(path))).toBe('store_locked');
    await first.append('a', [prompt('1')]);
    await first.close();
    expect((await open(path)).read('a')).toEqual([prompt('1')]);
  });

  it('writes nothing more when somebody else has taken over', async () => {
    const path = inDirectory('fenced.db');
    const stale = await open(path);
    await stale.append('a', [prompt('1')]);
    sql(path, 'UPDATE owner SET fence = fence + 1');
    const outcomes = [
      await failure(() => stale.append('a', [prompt('2')])),
      await failure(() => stale.append('b', [changed(new Uint8Array(500))])),
      await failure(() => stale.remove('a')),
    ];
    expect(outcomes).toEqual(['store_locked', 'store_locked', 'store_locked']);
    await expect(stale.append('a', [prompt('2')])).rejects.toMatchObject({ retryable: false });
    expect(stale.read('a')).toEqual([prompt('1')]);
    await stale.close();
    // Nor has it given away what is not its own.
    expect(sql(path, 'SELECT fence, released FROM owner')).toEqual([[2, 0]]);
    expect(sql(path, 'SELECT count(*) FROM entries')).toEqual([[1]]);
    expect(sql(path, 'SELECT count(*) FROM contents')).toEqual([[0]]);
  });

  const as = (holder: object): string =>
    `UPDATE owner SET holder = '${JSON.stringify(holder)}', released = 0`;
  const here = (path: string): { pid: number; started: string } =>
    JSON.parse(
      Buffer.from(sql(path, 'SELECT CAST(holder AS BLOB) FROM owner')[0]![0] as Uint8Array).toString(),
    ) as {
      pid: number;
      started: string;
    };

  it('is dead at once when its pid belongs to a process that began at another time, or to none', async () => {
    const path = inDirectory('reused.db');
    await (await open(path)).close();
    for (const other of [{ started: '1' }, { pid: 2 ** 22 + 1 }]) {
      sql(path, as({ ...here(path), ...other }));
      await (await open(path, { leaseMs: 3_600_000 })).close();
    }
  });

  it('on another machine is dead when it shows no life for the lease', async () => {
    const path = inDirectory('elsewhere.db');
    await (await open(path)).close();
    sql(path, as({ ...here(path), machine: 'another', host: 'elsewhere' }));
    const beating = setInterval(() => sql(path, 'UPDATE owner SET beat = beat + 1'), 20);
    try {
      await expect(openSqliteStore(path, { leaseMs: 200 })).rejects.toMatchObject({
        code: 'store_locked',
        message: expect.stringContaining('elsewhere') as string,
      });
    } finally {
      clearInterval(beating);
    }
    const store = await open(path, { leaseMs: 200 });
    expect(store.epoch).toBe(2);
    const beat = (): unknown => sql(path, 'SELECT beat FROM owner')[0]?.[0];
    const before = beat();
    await expect.poll(beat).not.toBe(before);
  });
});

describe('a file that another program has locked', () => {
  it('is waited for without blocking', async () => {
    const path = inDirectory('locked.db');
    const store = await open(path);
    const holder = spawn(
      process.execPath,
      [
        '-e',
        `const D = require('libsql'); const d = new D(process.argv[1]); d.exec('BEGIN IMMEDIATE'); console.log('held');
         setTimeout(() => { d.exec('COMMIT'); }, 400);`,
        path,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'], cwd: root },
    );
    writers.push(holder);
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    let ticks = 0;
    const ticking = setInterval(() => (ticks += 1), 5);
    await store.append('a', [prompt('1')]);
    clearInterval(ticking);
    // It would be none at all if the wait were SQLite's own.
    expect(ticks).toBeGreaterThan(3);
    expect(store.read('a')).toEqual([prompt('1')]);
  });
});
