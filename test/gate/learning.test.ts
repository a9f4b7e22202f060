import { describe, expect, it } from 'vitest';
import { jain, playCrowd, type CrowdServer } from './crowd.ts';
import {
  fixedWindow,
  Limiter,
  slidingLog,
  tokenBucket,
  unlimited,
  type Counter,
  type Hint,
} from './limiters.ts';

const MINUTE = 60_000;
const MINUTES = 6;
const ALLOWANCE = 60;

const COUNTERS: readonly (readonly [string, () => Counter, number])[] = [
  // Beside what a minute allows: what a full bucket holds at the start.
  ['a fixed window', () => fixedWindow(ALLOWANCE), ALLOWANCE * MINUTES],
  ['a sliding log', () => slidingLog(ALLOWANCE), ALLOWANCE * MINUTES],
  ['a token bucket', () => tokenBucket(ALLOWANCE), ALLOWANCE * (MINUTES + 1)],
];
const HINTS: readonly (readonly [string, Hint])[] = [
  ['headers', 'headers'],
  ['Retry-After only', 'retry-after'],
  ['nothing', 'nothing'],
];

const CASES = COUNTERS.flatMap(([name, counter, allowed]) =>
  HINTS.map(([says, hint]) => [name, says, counter, hint, allowed] as const),
);

describe('100 sessions at a provider that takes 60 requests a minute and 10 at once', () => {
  it.each(CASES)(
    'by %s, and says %s: nobody fails, the allowance is kept and used, and shared',
    async (_name, _says, counter, hint, allowed) => {
      for (const seed of [1, 2, 3, 4]) {
        const server = new Limiter({ counter: counter(), limit: ALLOWANCE, atOnce: 10, hint });
        const crowd = await playCrowd({ seed, sessions: 100, durationMs: MINUTES * MINUTE, server });
        const late = crowd.sent.filter(({ at }) => at > MINUTE);
        const rejected = late.filter(({ isRejected }) => isRejected).length;
        const answered = crowd.served.reduce((sum, served) => sum + served, 0);
        expect(crowd.failures).toEqual([]);
        expect(crowd.sent.length).toBeLessThanOrEqual(1.1 * allowed);
        expect(rejected / late.length).toBeLessThanOrEqual(0.05);
        expect(jain(crowd.served)).toBeGreaterThanOrEqual(0.95);
        expect(answered).toBeGreaterThanOrEqual(0.85 * ALLOWANCE * MINUTES);
      }
    },
  );

  it('and has only the limit of 10 at once: that is found, and most of it used', async () => {
    for (const seed of [1, 2, 3, 4]) {
      const server = new Limiter({ counter: unlimited(), limit: Infinity, atOnce: 10, hint: 'nothing' });
      const crowd = await playCrowd({ seed, sessions: 100, durationMs: MINUTES * MINUTE, server });
      const late = crowd.sent.filter(({ at }) => at > MINUTE);
      const rejected = late.filter(({ isRejected }) => isRejected).length;
      const answered = crowd.served.reduce((sum, served) => sum + served, 0);
      expect(crowd.failures).toEqual([]);
      expect(rejected / late.length).toBeLessThanOrEqual(0.05);
      expect(jain(crowd.served)).toBeGreaterThanOrEqual(0.95);
      // 10 at once of 2 s each are 300 a minute.
      expect(answered).toBeGreaterThanOrEqual(0.7 * 300 * MINUTES);
    }
  });

  it('and is configured as such: hardly anything is ever rejected', async () => {
    const server = new Limiter({
      counter: slidingLog(ALLOWANCE),
      limit: ALLOWANCE,
      atOnce: 10,
      hint: 'nothing',
    });
    const limits = { requestsPerMinute: ALLOWANCE, maxInFlight: 10 };
    const crowd = await playCrowd({ seed: 1, sessions: 100, durationMs: MINUTES * MINUTE, server, limits });
    expect(crowd.sent.filter(({ isRejected }) => isRejected).length).toBeLessThanOrEqual(MINUTES);
    expect(crowd.failures).toEqual([]);
  });
});

describe('a rejection without a reason, right at the start', () => {
  it.each([4, 12])('does not slow down %s sessions for longer than its pause', async (sessions) => {
    const server = (isFlawless: boolean): CrowdServer => {
      let arrived = 0;
      return {
        arrive: () => ({ isAccepted: (arrived += 1) !== 6 || isFlawless, limits: null }),
        leave: () => undefined,
      };
    };
    const play = async (isFlawless: boolean): Promise<number> => {
      const plan = { seed: 1, sessions, durationMs: MINUTE, server: server(isFlawless) };
      return (await playCrowd(plan)).served.reduce((sum, served) => sum + served, 0);
    };
    expect(await play(false)).toBeGreaterThan(0.9 * (await play(true)));
  });
});

describe('a rate that was learned too low', () => {
  it('is unlearned within minutes', async () => {
    // For four minutes somebody else uses up the allowance; then there is plenty.
    const narrow = new Limiter({ counter: fixedWindow(6), limit: 6, atOnce: 50, hint: 'nothing' });
    const wide = new Limiter({ counter: fixedWindow(600), limit: 600, atOnce: 50, hint: 'nothing' });
    let isWide = false;
    const isOfWide = new Array<boolean>();
    const server = {
      arrive: (now: number) => {
        isWide = now > 4 * MINUTE;
        const verdict = (isWide ? wide : narrow).arrive(now);
        if (verdict.isAccepted) isOfWide.push(isWide);
        return verdict;
      },
      leave: () => (isOfWide.shift() ? wide : narrow).leave(),
    };
    const crowd = await playCrowd({ seed: 1, sessions: 100, durationMs: 13 * MINUTE, server });
    const inMinute = (minute: number): number =>
      crowd.sent.filter(({ at, isRejected }) => !isRejected && Math.floor(at / MINUTE) === minute).length;
    expect(inMinute(4)).toBeLessThan(60);
    expect(inMinute(10)).toBeGreaterThan(300);
  });
});

describe('headers that lie', () => {
  it('that nothing remains, while everything is answered, do not stall', async () => {
    const server = {
      arrive: () => ({
        isAccepted: true,
        limits: { requests: { limit: 100, remaining: 0, resetMs: 3_600_000 } },
      }),
      leave: () => undefined,
    };
    const crowd = await playCrowd({ seed: 1, sessions: 100, durationMs: 2 * MINUTE, server });
    const answered = crowd.served.reduce((sum, served) => sum + served, 0);
    // 100 sessions of 2 s a request could have 6,000.
    expect(answered).toBeGreaterThan(2_500);
  });

  it('that nothing remains, to one who asks for one thing after another, cost him seconds and not hours', async () => {
    const server = {
      arrive: () => ({
        isAccepted: true,
        limits: { requests: { limit: 100, remaining: 0, resetMs: 3_600_000 } },
      }),
      leave: () => undefined,
    };
    const crowd = await playCrowd({ seed: 1, sessions: 1, durationMs: 2 * MINUTE, server });
    expect(crowd.served[0]).toBeGreaterThan(30);
  });

  it('that plenty remains, while nearly everything is rejected, do not flood', async () => {
    const counter = fixedWindow(ALLOWANCE);
    const real = new Limiter({ counter, limit: ALLOWANCE, atOnce: 1_000, hint: 'nothing' });
    const server = {
      arrive: (now: number) => ({
        ...real.arrive(now),
        limits: { requests: { limit: 1_000, remaining: 999, resetMs: 10 } },
      }),
      leave: () => real.leave(),
    };
    const crowd = await playCrowd({ seed: 1, sessions: 100, durationMs: MINUTES * MINUTE, server });
    const late = crowd.sent.filter(({ at }) => at > MINUTE);
    expect(late.filter(({ isRejected }) => isRejected).length / late.length).toBeLessThanOrEqual(0.05);
    expect(crowd.sent.length).toBeLessThanOrEqual(1.1 * ALLOWANCE * MINUTES);
  });
});
