import { describe, expect, it } from 'vitest';
import { arrivalOffsets } from '../../src/bench/arrivals.ts';
import type { OpenArrival } from '../../src/bench/plan.ts';
import { seededRandom } from '../../src/model/scripted/seeded.ts';

function first(arrival: OpenArrival, count: number, seed = 1): number[] {
  const offsets: number[] = [];
  if (count > 0)
    for (const offset of arrivalOffsets(arrival, seededRandom(seed)))
      if (offsets.push(offset) === count) break;
  return offsets;
}

describe('a Poisson process', () => {
  const arrival: OpenArrival = { kind: 'poisson', perSecond: 50, maxAtOnce: 1 };

  it('follows from its seed', () => {
    expect(first(arrival, 100)).toEqual(first(arrival, 100));
    expect(first(arrival, 100, 2)).not.toEqual(first(arrival, 100));
  });

  it('ascends, at its rate, with gaps that are exponentially distributed', () => {
    const offsets = first(arrival, 20_000);
    const gaps = offsets.map((offset, i) => offset - (offsets[i - 1] ?? 0));
    expect(gaps.every((gap) => gap >= 0)).toBe(true);
    const mean = gaps.reduce((a, b) => a + b) / gaps.length;
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
    // Mean and deviation of such gaps are both 20 ms; the bounds are four standard errors.
    expect(Math.abs(mean - 20)).toBeLessThan(0.57);
    expect(Math.abs(deviation - 20)).toBeLessThan(0.8);
    // One in e of them is longer than the mean.
    const longer = gaps.filter((gap) => gap > 20).length / gaps.length;
    expect(Math.abs(longer - Math.exp(-1))).toBeLessThan(0.014);
  });

  it('has as many arrivals in a second as a Poisson distribution has', () => {
    const counts = Array.from({ length: 400 }, () => 0);
    for (const offset of first(arrival, 30_000)) {
      const second = Math.floor(offset / 1000);
      if (second < counts.length) counts[second]! += 1;
    }
    const mean = counts.reduce((a, b) => a + b) / counts.length;
    const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / counts.length;
    // Both are 50.
    expect(Math.abs(mean - 50)).toBeLessThan(1.5);
    expect(Math.abs(variance / mean - 1)).toBeLessThan(0.3);
  });
});

describe('a ramp', () => {
  it('goes from one rate to the other, and stays there', () => {
    const arrival: OpenArrival = { kind: 'ramp', from: 0, to: 100, overMs: 60_000, maxAtOnce: 1 };
    const offsets = first(arrival, 10_000);
    const within = (fromMs: number, toMs: number): number =>
      offsets.filter((offset) => offset >= fromMs && offset < toMs).length;
    // Expected: the area under the rate; the bounds are four standard deviations.
    for (const [fromMs, toMs, expected] of [
      [0, 30_000, 750],
      [30_000, 60_000, 2250],
      [60_000, 90_000, 3000],
    ] as const)
      expect(Math.abs(within(fromMs, toMs) - expected)).toBeLessThan(4 * Math.sqrt(expected));
    expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
  });

  it('ends when it comes down to nothing', () => {
    const arrival: OpenArrival = { kind: 'ramp', from: 100, to: 0, overMs: 10_000, maxAtOnce: 1 };
    const offsets = first(arrival, 10_000);
    expect(Math.abs(offsets.length - 500)).toBeLessThan(90);
    expect(offsets.at(-1)).toBeLessThanOrEqual(10_000);
  });
});

describe('bursts and traces', () => {
  it('a burst has all of its arrivals at one moment', () => {
    expect(first({ kind: 'burst', size: 3, everyMs: 500, maxAtOnce: 1 }, 7)).toEqual([
      0, 0, 0, 500, 500, 500, 1000,
    ]);
  });

  it('a trace has the arrivals of its file, and ends', () => {
    const offsetsMs = [0, 5, 5, 80];
    expect(first({ kind: 'trace', file: 'trace.txt', offsetsMs, maxAtOnce: 1 }, 9)).toEqual(offsetsMs);
  });
});
