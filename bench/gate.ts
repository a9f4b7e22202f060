/**
 * How do 100 sessions get along with a provider that allows 60 requests a minute and 10 at once?
 *
 *   npm run bench -- gate                 ten minutes (--quick: two)
 *
 * Real minutes. Each session asks again as soon as it is answered; an answer takes 5 s. Skein, beside 100 loops on the
 * `openai` package with its own retries, as it comes (two of them) and with a hundred. Each contestant has a process and a
 * server of its own, and all run at the same time: they wait nearly all of it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { GateTask, GateOutcome } from './gate.client.ts';
import type { LimitedModelStats } from './limited-model.ts';
import { measureInChild, startLimitedModel } from './support/child.ts';
import { jain } from './support/jain.ts';
import type { Question } from './support/question.ts';
import type { Row } from './support/report.ts';

const SESSIONS = 100;
const REQUESTS_PER_MINUTE = 60;
const AT_ONCE = 10;
const ANSWER_MS = 5_000;
const MINUTE_MS = 60_000;

/** What the server tells of its limits. */
const TELLS = {
  'openai headers': { headers: 'openai' },
  'Retry-After only': { headers: 'none' },
  'no headers': { headers: 'none', retryAfter: false },
} as const;
const CONTESTANTS: Readonly<Record<string, Pick<GateTask, 'contestant' | 'maxRetries'>>> = {
  skein: { contestant: 'skein', maxRetries: 0 },
  'openai, 2 retries': { contestant: 'openai', maxRetries: 2 },
  'openai, 100 retries': { contestant: 'openai', maxRetries: 100 },
};

interface Crowd {
  readonly name: string;
  readonly tells: string;
  readonly outcome: GateOutcome;
  readonly stats: LimitedModelStats;
}

export const gate: Question = {
  name: 'gate',
  async measure({ quick, progress }) {
    const minutes = quick ? 2 : 10;
    progress(`${minutes} minutes`);
    const crowds = await Promise.all(
      Object.keys(TELLS).flatMap((tells) =>
        Object.keys(CONTESTANTS).map((name) => crowd(name, tells as keyof typeof TELLS, minutes)),
      ),
    );
    return { rows: crowds.flatMap((one) => rowsOf(one, minutes)), raw: crowds };
  },
};

async function crowd(name: string, tells: keyof typeof TELLS, minutes: number): Promise<Crowd> {
  const server = await startLimitedModel({
    limits: { requestsPerMinute: REQUESTS_PER_MINUTE, concurrent: AT_ONCE, ...TELLS[tells] },
    delay: { firstMs: ANSWER_MS, jitter: 0.5 },
    rules: [{ answer: { text: 'Done.' } }],
  });
  // The minutes begin with the first request.
  const runMs = (minutes + 0.1) * MINUTE_MS;
  const { contestant, maxRetries } = CONTESTANTS[name]!;
  const task: GateTask = { contestant, maxRetries, baseURL: server.baseURL, sessions: SESSIONS, runMs };
  const outcome = measureInChild<GateOutcome>('gate.client', task);
  await sleep(runMs);
  const stats = await server.stats();
  try {
    return { name, tells, outcome: await outcome, stats };
  } finally {
    server.stop();
  }
}

function rowsOf({ name, tells, outcome, stats }: Crowd, minutes: number): Row[] {
  const whole = stats.minutes.slice(0, minutes);
  const sum = (key: 'requests' | 'admitted' | 'rateLimited', from = 0): number =>
    whole.slice(from).reduce((total, minute) => total + minute[key], 0);
  const allowed = REQUESTS_PER_MINUTE * whole.length;
  // A session that was never let in has had its share too.
  const served = new Map(stats.conversations.map(([session, { admitted }]) => [session, admitted]));
  const shares = Array.from({ length: SESSIONS }, (_, index) => served.get(`session ${index}`) ?? 0);
  const isSkein = name === 'skein';
  const row = (measure: string, value: number, unit: string, goal?: Row['goal']): Row => ({
    question: `gate, ${tells}`,
    measure: `${name}: ${measure}`,
    value,
    unit,
    ...(isSkein && goal ? { goal } : {}),
  });
  const later = sum('requests', 1);
  return [
    row(`sessions of ${SESSIONS} that failed`, outcome.failed, 'sessions', { atMost: 0 }),
    row('requests against the allowance', sum('requests') / allowed, '', { atMost: 1.1 }),
    // Where all have failed by then, nothing is asked.
    ...(later === 0
      ? []
      : [row('429s after the first minute', (100 * sum('rateLimited', 1)) / later, '%', { atMost: 5 })]),
    row('fairness (Jain)', jain(shares), '', { atLeast: 0.95 }),
    row('allowance used', (100 * sum('admitted')) / allowed, '%'),
  ];
}
