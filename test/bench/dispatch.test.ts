import { describe, expect, it } from 'vitest';
import { dispatch, type Dispatched } from '../../src/bench/dispatch.ts';
import type { Arrival, BenchPlan } from '../../src/bench/plan.ts';
import { ManualClock } from '../manual-clock.ts';

interface Held {
  readonly index: number;
  readonly dueMs: number;
  readonly startedMs: number;
}

/** Dispatches conversations that take a given time each, on a clock that goes on whenever nothing else can. */
async function run(
  arrival: Arrival,
  plan: Partial<BenchPlan> = {},
  takesMs: (index: number) => number = () => 10,
  stop = new AbortController(),
): Promise<{ readonly held: readonly Held[]; readonly dispatched: Dispatched; readonly mostAtOnce: number }> {
  const clock = new ManualClock();
  const held: Held[] = [];
  let running = 0;
  let mostAtOnce = 0;
  let isOver = false;
  const whole = { warmUp: { count: 0 }, extent: { count: 10 }, seed: 1, ...plan, arrival };
  const dispatching = dispatch({
    plan: whole,
    clock,
    stop: stop.signal,
    hold: async (index, dueMs) => {
      held.push({ index, dueMs, startedMs: clock.now() });
      running += 1;
      mostAtOnce = Math.max(mostAtOnce, running);
      await new Promise<void>((resolve) => clock.after(takesMs(index), resolve));
      running -= 1;
    },
  }).finally(() => {
    isOver = true;
  });
  while (!isOver) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(1);
  }
  return { held, dispatched: await dispatching, mostAtOnce };
}

const trace = (offsetsMs: readonly number[], maxAtOnce = 100): Arrival => ({
  kind: 'trace',
  file: 'trace.txt',
  offsetsMs,
  maxAtOnce,
});

describe('closed arrivals', () => {
  it('begin a conversation when one has ended, and are due then', async () => {
    const { held, mostAtOnce } = await run({ kind: 'closed', atOnce: 3 });
    expect(held.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(held.every(({ dueMs, startedMs }) => dueMs === startedMs)).toBe(true);
    expect(held.slice(3).every(({ startedMs }, i) => startedMs >= held[i]!.startedMs + 10)).toBe(true);
    expect(mostAtOnce).toBe(3);
  });

  it('end after a duration, counted from the end of the warm-up', async () => {
    const { held } = await run(
      { kind: 'closed', atOnce: 1 },
      { warmUp: { durationMs: 30 }, extent: { durationMs: 50 } },
    );
    const [warmUp, measured] = [
      held.filter(({ index }) => index < 0),
      held.filter(({ index }) => index >= 0),
    ];
    expect(warmUp.every(({ dueMs }) => dueMs < 30)).toBe(true);
    const from = measured[0]!.dueMs;
    expect(from).toBeGreaterThanOrEqual(30);
    expect(measured.every(({ dueMs }) => dueMs < from + 50)).toBe(true);
    expect(measured.length).toBeGreaterThan(2);
  });
});

describe('open arrivals', () => {
  it('begin conversations when they are due, whatever is still running', async () => {
    const offsets = [0, 5, 10, 10, 40];
    const { held, mostAtOnce } = await run(trace(offsets), { extent: { count: 5 } }, () => 1000);
    expect(held.map(({ dueMs }) => dueMs)).toEqual(offsets);
    expect(held.map(({ startedMs }) => startedMs)).toEqual(offsets);
    expect(mostAtOnce).toBe(5);
  });

  it('say since when those are due that had to wait for others to end', async () => {
    const { held, dispatched, mostAtOnce } = await run(
      trace([0, 5, 10, 15], 1),
      { extent: { count: 4 } },
      (index) => (index === 0 ? 500 : 1),
    );
    expect(held.map(({ dueMs }) => dueMs)).toEqual([0, 5, 10, 15]);
    expect(held.slice(1).every(({ startedMs }) => startedMs >= 500)).toBe(true);
    expect(dispatched.heldBack).toBeGreaterThanOrEqual(1);
    expect(mostAtOnce).toBe(1);
  });

  it('number the first of them below 0 where they are the warm-up', async () => {
    const { held } = await run(trace([0, 5, 10, 15]), { warmUp: { count: 2 }, extent: { count: 9 } });
    expect(held.map(({ index }) => index)).toEqual([-1, -2, 0, 1]);
  });

  it('end with what is due in the duration', async () => {
    const { held } = await run(trace([0, 20, 50, 69, 70, 90]), {
      warmUp: { count: 1 },
      extent: { durationMs: 50 },
    });
    expect(held.map(({ dueMs }) => dueMs)).toEqual([0, 20, 50, 69]);
  });

  it('of a burst begin all of it, many at once', async () => {
    const { held, dispatched } = await run(
      { kind: 'burst', size: 100, everyMs: 1000, maxAtOnce: 1000 },
      { extent: { count: 200 } },
    );
    expect(held.slice(0, 100).every(({ dueMs }) => dueMs === 0)).toBe(true);
    expect(held.slice(100).every(({ dueMs }) => dueMs === 1000)).toBe(true);
    expect(dispatched.heldBack).toBe(0);
  });
});

describe('arrivals that are stopped', () => {
  it.each([
    ['closed', { kind: 'closed', atOnce: 2 }],
    ['open', { kind: 'burst', size: 1, everyMs: 20, maxAtOnce: 10 }],
  ] as const)('%s: no more conversations begin, and those under way are waited for', async (_, arrival) => {
    const stop = new AbortController();
    const ended: number[] = [];
    const { held } = await run(
      arrival,
      { extent: { count: 1000 } },
      (index) => {
        if (index === 3) stop.abort();
        ended.push(index);
        return 10;
      },
      stop,
    );
    expect(held.length).toBeLessThanOrEqual(5);
    expect(ended).toEqual(held.map(({ index }) => index));
  });

  it.each([
    ['closed', { kind: 'closed', atOnce: 1 }],
    ['open', { kind: 'burst', size: 1, everyMs: 1, maxAtOnce: 10 }],
  ] as const)('%s: by a conversation that cannot be held, they fail with its error', async (_, arrival) => {
    let held = 0;
    const failing = dispatch({
      plan: { arrival, warmUp: { count: 0 }, extent: { count: 1000 }, seed: 1 },
      clock: new ManualClock(),
      stop: new AbortController().signal,
      hold: async () => {
        held += 1;
        throw new TypeError('cannot');
      },
    });
    await expect(failing).rejects.toThrow('cannot');
    expect(held).toBe(1);
  });
});
