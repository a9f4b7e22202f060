import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JournalEntry } from '../../../src/journal/entries.ts';
import { openSqliteStore } from '../../../src/journal/sqlite-store.ts';
import { assemble } from '../../../src/pool/assemble.ts';
import { SessionPool } from '../../../src/pool/pool.ts';
import { startClient } from '../shared/client-process.ts';
import { leakedHandles, openHandles, settledRssMb, watchLoopDelay } from '../shared/machine.ts';
import { Prng } from '../shared/prng.ts';
import { ChaosDriver } from './chaos-driver.ts';
import { HistoryWriter } from './history.ts';
import { Nemesis } from './nemesis.ts';
import { ChaosPlan } from './plan.ts';
import { TappedStore } from './tapped-store.ts';

export interface ChaosOptions {
  readonly seed: number;
  readonly sessions: number;
  readonly faults: number;
  /** Faults a second while a storm is on. */
  readonly rate: number;
  readonly threads: number;
  readonly isolation: 'thread' | 'process';
  /** Length of one storm; the calm between two is half as long. */
  readonly stormMs: number;
}

/** Where a run has left what it saw and what was kept. */
export interface ChaosTraces {
  readonly folder: string;
  readonly history: string;
  readonly store: string;
}

const HEAP_MB = 96;
const PROMPTS_EACH = 12;
/** Shares of the faults that come from outside, and that prompts are built to have on average. */
const OUTSIDE_SHARE = 0.15;
const FAULTS_A_PROMPT = 1.6;
const SETTLE_MS = 1_500;

/** One run: calm and storm by turns over the same sessions, until there were enough faults. */
export async function runChaos(options: ChaosOptions, harnessUrl: string): Promise<ChaosTraces> {
  const { seed, sessions } = options;
  const folder = mkdtempSync(join(tmpdir(), 'skein-chaos-'));
  const traces = { folder, history: join(folder, 'history.ndjson'), store: join(folder, 'store.sqlite') };
  const targets = Math.ceil(sessions * 0.6);
  const plan = new ChaosPlan(seed, targets);
  const model = await startClient(harnessUrl, 'chaos-model', [seed, targets, 100]);
  const { baseURL } = model.hello as { baseURL: string };
  const history = new HistoryWriter(traces.history);
  history.add({ type: 'run', seed, sessions, targets });
  const figure = (name: string, value: number): void => history.add({ type: 'figure', name, value });
  const handlesBefore = openHandles();
  const stopWatch = watchLoopDelay();

  const parts = assemble(
    {
      providers: { scripted: { baseURL } },
      isolation: options.isolation,
      threads: { max: options.threads, maxHeapMb: HEAP_MB },
    },
    new TappedStore(await openSqliteStore(traces.store), history),
  );
  const pool = await SessionPool.over(parts);
  const { rate } = options;
  const driver = new ChaosDriver({
    pool,
    plan,
    history,
    sessions,
    targetPauseMs: (1_000 * targets * FAULTS_A_PROMPT) / (rate * (1 - OUTSIDE_SHARE)),
    otherPauseMs: 4_000,
    promptsEach: PROMPTS_EACH,
  });
  const nemesis = new Nemesis(
    { driver, runner: parts.runner, history, prng: new Prng(seed).fork('nemesis') },
    HEAP_MB,
  );
  let isOver = false;
  const strikes = nemesis.run(1_000 / (rate * OUTSIDE_SHARE), () => isOver);
  const prompts = driver.run();
  const setMood = (mood: typeof driver.mood): void => {
    driver.mood = mood;
    history.add({ type: 'mood', mood });
  };
  let rssCalmMb = 0;
  while (driver.faultCount + nemesis.count < options.faults) {
    setMood('calm');
    await sleep(options.stormMs / 2);
    setMood('between');
    if (rssCalmMb === 0) rssCalmMb = await settledRssMb();
    setMood('storm');
    const stormEnd = performance.now() + options.stormMs;
    while (performance.now() < stormEnd && driver.faultCount + nemesis.count < options.faults)
      await sleep(50);
    // What the storm has left behind is its own.
    setMood('between');
    await sleep(SETTLE_MS);
  }
  driver.stop();
  isOver = true;
  await Promise.all([prompts, strikes]);
  figure('loop delay p99', stopWatch());
  await pool.close();
  history.add({
    type: 'figure',
    name: 'resident memory over calm',
    value: (await settledRssMb()) - rssCalmMb,
  });
  const leaked = await leakedHandles(handlesBefore);
  if (leaked !== '') process.stderr.write(`still open: ${leaked}\n`);
  figure('handles left', leaked === '' ? 0 : leaked.split(',').length);
  model.child.disconnect();
  history.close();
  return traces;
}

/** The journals as another process finds them. */
export async function readJournals(path: string): Promise<Map<string, readonly JournalEntry[]>> {
  const store = await openSqliteStore(path, { readOnly: true });
  try {
    return new Map(store.sessions().map(({ sessionId }) => [sessionId, store.read(sessionId)]));
  } finally {
    await store.close();
  }
}
