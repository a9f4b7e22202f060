import { describe, expect, it } from 'vitest';
import { TimerWheel, type Timed } from '../../src/model/scripted/timer-wheel.ts';

/** Runs what is given on one wheel until `count` runs happened. */
function runs(
  dueAfterMs: readonly number[],
  count: number,
  prepare: (wheel: TimerWheel, timed: readonly Timed[]) => void = () => {},
): Promise<{ index: number; early: boolean }[]> {
  return new Promise((resolve) => {
    const wheel = new TimerWheel();
    const seen: { index: number; early: boolean }[] = [];
    const start = performance.now();
    const timed = dueAfterMs.map((afterMs, index) => ({
      dueMs: start + afterMs,
      run(nowMs: number) {
        seen.push({ index, early: nowMs < this.dueMs || performance.now() < this.dueMs });
        if (seen.length === count) resolve(seen);
      },
    }));
    for (const each of timed) wheel.add(each);
    prepare(wheel, timed);
  });
}

describe('a timer wheel', () => {
  it('runs everything in the order in which it is due, and nothing early', async () => {
    const seen = await runs([30, 10, 20, 0, -5], 5);
    expect(seen.slice(-3)).toEqual([1, 2, 0].map((index) => ({ index, early: false })));
    expect(seen.slice(0, 2).map(({ early }) => early)).toEqual([false, false]);
  });

  it('keeps what is due after more than its round, and what shares a slot with it', async () => {
    const seen = await runs([1100, 76, 1100 - 1024], 3);
    expect(seen.map(({ index }) => index).at(-1)).toBe(0);
    expect(seen.map(({ early }) => early)).toEqual([false, false, false]);
  });

  it('does not run what was removed', async () => {
    const seen = await runs([5, 10, 15], 2, (wheel, [, second]) => wheel.remove(second!));
    expect(seen.map(({ index }) => index)).toEqual([0, 2]);
  });

  it('runs what adds itself again, and what is added after it had nothing to do', async () => {
    const wheel = new TimerWheel();
    const rounds = (count: number): Promise<number> =>
      new Promise((resolve) => {
        let round = 0;
        const timed = {
          dueMs: performance.now(),
          run(nowMs: number) {
            if (++round === count) return resolve(round);
            this.dueMs = nowMs + 1;
            wheel.add(this);
          },
        };
        wheel.add(timed);
      });
    expect(await rounds(5)).toBe(5);
    expect(await rounds(3)).toBe(3);
  });
});
