import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SessionPool } from '../../../src/pool/pool.ts';
import type { Session } from '../../../src/pool/session.ts';
import { fromFiles } from '../../../src/workspace/from-files.ts';
import { startClient } from '../shared/client-process.ts';
import { atLeast, none, told, type Figure } from '../shared/figures.ts';
import { settledRssMb } from '../shared/machine.ts';
import { replyTo, textOf } from './soak-plan.ts';

const PARK_AFTER_MS = 1_000;
const AT_ONCE = 64;
/** Many sessions open at once over one base image: each prompted, all parked, each prompted again. */
export async function runLive(
  count: number,
  store: 'memory' | 'sqlite',
  harnessUrl: string,
): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'skein-live-'));
  const model = await startClient(harnessUrl, 'soak-model', []);
  const { baseURL } = model.hello as { baseURL: string };
  const base = fromFiles(
    Object.fromEntries(
      Array.from({ length: 500 }, (_, i) => [`src/file${i}.ts`, `export {};\n`.repeat(200)]),
    ),
  );
  const pool = await SessionPool.open({
    store: store === 'sqlite' ? `sqlite:${join(folder, 'store.sqlite')}` : 'memory',
    providers: { scripted: { baseURL } },
    threads: { max: 4 },
    limits: { parkAfterMs: PARK_AFTER_MS },
  });
  const before = await settledRssMb();
  const sessions: Session[] = [];
  let wrong = 0;
  const each = async (work: (index: number) => Promise<void>): Promise<number> => {
    const startedAt = performance.now();
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < count) await work(next++);
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, lane));
    return (performance.now() - startedAt) / 1_000;
  };
  const prompt = async (index: number, number: number): Promise<void> => {
    const text = textOf(index, number);
    const { stopReason, reply, files } = await sessions[index]!.prompt(text);
    const isRight = stopReason === 'end' && reply === replyTo(text) && files.has(`f${number}.txt`);
    // What an earlier prompt wrote is there again after the park.
    if (!isRight || !files.has('f0.txt')) wrong += 1;
  };
  const openS = await each(async (index) => {
    sessions[index] = await pool.start({
      id: `live ${index}`,
      model: 'scripted:scripted',
      base,
      files: { 'a.txt': 'a text\n' },
    });
  });
  const rssOpen = await settledRssMb();
  const firstS = await each((index) => prompt(index, 0));
  const rssFirst = await settledRssMb();
  await parked(pool, count);
  const rssParked = await settledRssMb();
  const wasParked = pool.stats().sessions.parked;
  const againS = await each((index) => prompt(index, 1));
  await parked(pool, count);
  const rssAgain = await settledRssMb();
  const stats = pool.stats();
  await pool.close({ deadlineMs: 1_000 });
  model.child.disconnect();
  rmSync(folder, { recursive: true });
  const rate = (seconds: number): string =>
    `${seconds.toFixed(1)} s, ${Math.round(count / seconds)} a second`;
  return [
    told('sessions opened', rate(openS)),
    told('first prompts', rate(firstS)),
    told('prompts after the park', rate(againS)),
    none('prompts that went wrong', wrong),
    atLeast('parked at once', count, wasParked),
    told('threads', `${stats.threads.running} of ${stats.threads.max}`),
    told(
      'resident memory: before, opened, prompted, parked, prompted again and parked',
      [before, rssOpen, rssFirst, rssParked, rssAgain].map((mb) => Math.round(mb)).join(', '),
    ),
    // With the threads' heaps and the files that they keep.
    told('KiB a session, parked', (((rssAgain - before) * 1_024) / count).toFixed(1)),
  ];
}

async function parked(pool: SessionPool, count: number): Promise<void> {
  const until = performance.now() + 30 * PARK_AFTER_MS;
  while (pool.stats().sessions.parked < count && performance.now() < until) await sleep(100);
}
