import { setTimeout as sleep } from 'node:timers/promises';
import type { ScriptedStorm } from '../../../src/model/scripted/script.ts';
import type { PromptResult } from '../../../src/pool/prompt-result.ts';
import type { Session } from '../../../src/pool/session.ts';
import { atLeast, none, told, type Figure } from '../shared/figures.ts';
import { quantile } from '../shared/machine.ts';
import { openFastPool } from './fast-pool.ts';
import { startModel } from './model-process.ts';

export interface StormOptions {
  readonly sessions: number;
  readonly speed: number;
  readonly seed: number;
  /** Whatever they take after recovery, prompts only have to end. */
  readonly untimed: boolean;
}

interface Prompted {
  readonly startedMs: number;
  readonly endedMs: number;
  readonly result: PromptResult;
}

/** Long enough for the gate to have come to know what the provider takes. */
const CALM_MS = 90_000;
const MINUTE_MS = 60_000;
const STORM_MINUTES = 5;
/** How long after recovery everything has to be over. */
const RECOVERY_MS = 60_000;
const PATIENCE_MS = 10 * MINUTE_MS;
const PAUSE_MS = 2_000;
/** The script's storm, which begins with the server, is not to begin before it is told. */
const LATER_MS = 1_000_000_000;

/** Five minutes in which the provider refuses, fails or breaks nearly everything, between two calms. */
export async function runStorm(
  { sessions, speed, seed, untimed }: StormOptions,
  harnessUrl: string,
): Promise<Figure[]> {
  const spells: Omit<ScriptedStorm, 'fromMs' | 'toMs'>[] = [
    { fault: { status: 429 } },
    { fault: { status: 503 } },
    { fault: { status: 429, retryAfter: 20 } },
    { share: 0.8, fault: { status: 529 } },
    { share: 0.9, fault: { refuse: true } },
  ];
  const model = await startModel(harnessUrl, {
    seed,
    storm: spells.map((spell, i) => ({
      fromMs: LATER_MS + (i * MINUTE_MS) / speed,
      toMs: LATER_MS + ((i + 1) * MINUTE_MS) / speed,
      ...spell,
    })),
    delay: { firstMs: 2_000 / speed, jitter: 0.5 },
    rules: [
      { match: { turn: 0 }, answer: { calls: [{ name: 'list', arguments: { path: '.' } }] } },
      { answer: { text: 'Done.' } },
    ],
  });
  const pool = await openFastPool(model.baseURL, speed);
  const all = await Promise.all(
    Array.from({ length: sessions }, () =>
      pool.start({ model: 'scripted:scripted', files: { 'a.txt': 'a\n' } }),
    ),
  );
  const prompted: Prompted[] = [];
  let isOver = false;
  let openCount = 0;
  const work = async (session: Session, index: number): Promise<void> => {
    for (let number = 1; !isOver; number += 1) {
      const startedMs = performance.now();
      openCount += 1;
      const result = await session.prompt(`prompt ${number} of session ${index}`);
      openCount -= 1;
      prompted.push({ startedMs, endedMs: performance.now(), result });
      await sleep(PAUSE_MS / speed);
    }
  };
  const running = Promise.all(all.map(work));
  await sleep(CALM_MS / speed);
  await model.startStorm(LATER_MS);
  const beganMs = performance.now();
  const before = await model.stats();
  await sleep((STORM_MINUTES * MINUTE_MS) / speed);
  const recoveredMs = performance.now();
  const after = await model.stats();
  isOver = true;
  await Promise.race([running, sleep(PATIENCE_MS / speed, undefined, { ref: false })]);
  const caught = prompted.filter(({ startedMs, endedMs }) => startedMs < recoveredMs && endedMs > beganMs);
  const stuck = openCount;
  await pool.close({ deadlineMs: 0 });
  model.stop();

  const lateMs = caught.map(({ endedMs }) => Math.max(0, endedMs - recoveredMs) * speed);
  const lateSeconds = (share: number): string => (quantile(lateMs, share) / 1_000).toFixed(1);
  const isDone = ({ result }: Prompted): boolean => result.stopReason === 'end';
  const isClear = ({ result: { stopReason, error } }: Prompted): boolean =>
    stopReason === 'model-error' && error?.kind !== undefined && error.message !== '';
  const good = caught.filter(
    (one) => (isDone(one) || isClear(one)) && (untimed || (one.endedMs - recoveredMs) * speed <= RECOVERY_MS),
  );
  const kinds = new Map<string, number>();
  for (const { result } of caught) {
    const kind = result.error?.kind ?? result.stopReason;
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  return [
    atLeast('storm: prompts in it', sessions, caught.length),
    atLeast(
      'storm: over, or clearly failed, within 60 s of recovery, %',
      99,
      (100 * good.length) / caught.length,
    ),
    none('storm: prompts that never ended', stuck),
    told('storm: completed', `${Math.round((100 * caught.filter(isDone).length) / caught.length)} %`),
    told('storm: how they ended', [...kinds].map(([kind, count]) => `${kind} ${count}`).join(', ')),
    told('storm: seconds after recovery, p50 p99 worst', [0.5, 0.99, 1].map(lateSeconds).join(' ')),
    told('storm: requests while it lasted', after.requests - before.requests),
  ];
}
