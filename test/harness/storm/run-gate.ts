import { setTimeout as sleep } from 'node:timers/promises';
import type { ScriptedLimits } from '../../../src/model/scripted/script.ts';
import type { Session } from '../../../src/pool/session.ts';
import { atLeast, atMost, none, told, type Figure } from '../shared/figures.ts';
import { jain } from '../../../bench/support/jain.ts';
import { openFastPool } from './fast-pool.ts';
import { startModel } from './model-process.ts';

export interface GateOptions {
  readonly sessions: number;
  /** How many times as fast as real time everything goes. */
  readonly speed: number;
  readonly minutes: number;
  readonly seed: number;
  /** Rejections are only told: a machine that stalls sends in bursts. */
  readonly untimed: boolean;
}

/** What the server tells of its limits. */
const TELLS: Readonly<Record<string, Pick<ScriptedLimits, 'headers' | 'retryAfter'>>> = {
  'openai headers': { headers: 'openai' },
  'Retry-After only': { headers: 'none' },
  nothing: { headers: 'none', retryAfter: false },
};
const REQUESTS_PER_MINUTE = 60;
const AT_ONCE = 10;
const ANSWER_MS = 5_000;

/** Many sessions, each asking again as soon as it is answered, of a server that allows 60 requests a minute and 10 at once. */
export async function runGate(options: GateOptions, harnessUrl: string): Promise<Figure[]> {
  const crowds = Object.entries(TELLS).map(([name, tells]) => crowd(name, tells, options, harnessUrl));
  return (await Promise.all(crowds)).flat();
}

async function crowd(
  name: string,
  tells: Pick<ScriptedLimits, 'headers' | 'retryAfter'>,
  { sessions, speed, minutes, seed, untimed }: GateOptions,
  harnessUrl: string,
): Promise<Figure[]> {
  const minuteMs = 60_000 / speed;
  const model = await startModel(harnessUrl, {
    seed,
    limits: {
      requestsPerMinute: REQUESTS_PER_MINUTE,
      concurrent: AT_ONCE,
      minuteMs,
      tellFullMinutes: true,
      ...tells,
    },
    delay: { firstMs: ANSWER_MS / speed, jitter: 0.5 },
    rules: [{ answer: { text: 'Done.' } }],
  });
  const pool = await openFastPool(model.baseURL, speed);
  const all = await Promise.all(
    Array.from({ length: sessions }, () => pool.start({ model: 'scripted:scripted', tools: [] })),
  );
  const failures: string[] = [];
  let isOver = false;
  const ask = async (session: Session, index: number): Promise<void> => {
    while (!isOver) {
      const { stopReason, error } = await session.prompt(`session ${index}`);
      if (stopReason === 'end' || isOver) continue;
      failures.push(`session ${index}: ${stopReason}, ${error?.message ?? 'no error'}`);
      return;
    }
  };
  const running = all.map(ask);
  // They begin with the first request.
  await sleep((minutes + 0.25) * minuteMs);
  const stats = await model.stats();
  isOver = true;
  await pool.close({ deadlineMs: 0 });
  await Promise.all(running);
  model.stop();

  const whole = stats.minutes.slice(0, minutes);
  const sum = (pick: (minute: (typeof whole)[number]) => number, from = 0): number =>
    whole.slice(from).reduce((total, minute) => total + pick(minute), 0);
  const allowed = REQUESTS_PER_MINUTE * whole.length;
  const asked = sum(({ requests }) => requests, 1);
  const refused = sum(({ rateLimited }) => rateLimited, 1);
  const served = Array.from(
    { length: sessions },
    (_, index) => stats.conversations.get(`session ${index}`)?.admitted ?? 0,
  );
  const label = (what: string): string => `gate, ${name}: ${what}`;
  const rejections = label('429s of requests after the first minute');
  const share = (100 * refused) / asked;
  return [
    none(label('sessions that failed'), failures.length),
    ...failures.slice(0, 3).map((failure) => told(label('failure'), failure)),
    atMost(label('requests for each that is allowed'), 1.1, sum(({ requests }) => requests) / allowed),
    untimed ? told(rejections, `${share.toFixed(1)} %`) : atMost(rejections, 5, share, '%'),
    atLeast(label('fairness (Jain)'), 0.95, jain(served)),
    told(label('allowance used'), `${Math.round((100 * sum(({ admitted }) => admitted)) / allowed)} %`),
    told(
      label('requests and 429s by minute'),
      whole.map(({ requests, rateLimited }) => `${requests}/${rateLimited}`).join(' '),
    ),
  ];
}
