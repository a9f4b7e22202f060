import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startScriptedModel } from '../../../src/model/scripted/server.ts';
import { SessionPool } from '../../../src/pool/pool.ts';
import { atMost, none, type Figure } from '../shared/figures.ts';
import { quantile, watchLoopDelay } from '../shared/machine.ts';

const JAVASCRIPT = [
  'infinite-loop',
  'microtasks',
  'regex-plus',
  'regex-nested',
  'regex-replace',
  'json-large',
  'sort-large',
  'typed-sort',
  'atomics-wait',
  'index-of',
  'locale-sort',
  'never-resolves',
];
const NATIVE = ['native-hash', 'native-normalize', 'native-read'];
const DEADLINE_MS = 300;
const TOOLS = new URL('../../../test/harness/chaos/hang-tools.mjs', import.meta.url);

/** Every stuck shape, some times: how long after its deadline the session has its answer. */
export async function runHangs(times: number): Promise<Figure[]> {
  const stopWatch = watchLoopDelay();
  const figures = [
    ...(await hang('thread', JAVASCRIPT, times, 250)),
    ...(await hang('process', NATIVE, times, 3_000)),
  ];
  return [...figures, atMost('hangs: main thread late: p99', 50, stopWatch(), 'ms')];
}

async function hang(
  isolation: 'thread' | 'process',
  shapes: readonly string[],
  times: number,
  graceMs: number,
): Promise<Figure[]> {
  // A shard may read the directory of the module, and nothing else: the pipe has to be in it.
  const folder = mkdtempSync(join(tmpdir(), 'skein-hangs-'));
  const module = join(folder, 'hang-tools.mjs');
  copyFileSync(TOOLS, module);
  const fifo = join(folder, 'pipe');
  execFileSync('mkfifo', [fifo]);
  const model = await startScriptedModel({
    rules: [
      { match: { turn: 0 }, answer: { calls: [{ name: 'warm' }] } },
      { match: { turn: 1 }, answer: ({ user }) => ({ calls: [{ name: user, arguments: { fifo } }] }) },
      { answer: { text: 'done' } },
    ],
  });
  const pool = await SessionPool.open({
    isolation,
    providers: { scripted: { baseURL: model.baseURL } },
    threads: { max: 2 },
  });
  const figures: Figure[] = [];
  let wrong = 0;
  for (const shape of shapes) {
    const lateMs: number[] = [];
    for (let round = 0; round < times; round += 1) {
      const session = await pool.start({ model: 'scripted:scripted', tools: [pathToFileURL(module)] });
      let startedAt = 0;
      let answered = false;
      for await (const event of session.stream(shape)) {
        if (event.type === 'tool-started' && event.name === shape) startedAt = performance.now();
        if (event.type !== 'tool-ended' || event.name !== shape) continue;
        lateMs.push(performance.now() - startedAt - DEADLINE_MS);
        answered = event.content.includes('timed_out');
      }
      if (!answered) wrong += 1;
      await session.close();
    }
    figures.push(
      atMost(`${shape} (${isolation}): most after its deadline`, graceMs, quantile(lateMs, 1), 'ms'),
    );
  }
  await pool.close({ deadlineMs: 0 });
  await model.close();
  rmSync(folder, { recursive: true });
  return [...figures, none(`hangs (${isolation}) that were not told as timed_out`, wrong)];
}
