import { describe, expect, it } from 'vitest';
import { TimeHistogram } from '../../src/bench/histogram.ts';

describe('a histogram of times', () => {
  it('has no distribution before anything is counted', () => {
    expect(new TimeHistogram().distribution()).toBeNull();
  });

  it('tells every percentile to a thousandth', () => {
    const histogram = new TimeHistogram();
    for (let ms = 1; ms <= 1000; ms++) histogram.record(ms);
    const { count, mean, p50, p90, p99, max } = histogram.distribution()!;
    expect(count).toBe(1000);
    for (const [told, is] of [
      [mean, 500.5],
      [p50, 500],
      [p90, 900],
      [p99, 990],
      [max, 1000],
    ] as const)
      expect(Math.abs(told / is - 1)).toBeLessThanOrEqual(0.001);
  });

  it('tells its percentiles evenly by nines, as far as there are values', () => {
    const histogram = new TimeHistogram();
    for (let ms = 1; ms <= 1000; ms++) histogram.record(ms);
    const { percentiles, p50, p90, p99 } = histogram.distribution()!;
    const of = new Map(percentiles);
    expect([of.get(50), of.get(90), of.get(99), of.get(100)]).toEqual([p50, p90, p99, 1000]);
    expect(percentiles.length).toBe(62);
    expect(percentiles.every(([, ms], i) => i === 0 || ms >= percentiles[i - 1]![1])).toBe(true);
    const [last] = percentiles.at(-2)!;
    expect(last).toBeLessThan(99.9);
    expect(last).toBeGreaterThan(99.8);
  });

  it('counts what another one has counted', () => {
    const [a, b] = [new TimeHistogram(), new TimeHistogram()];
    a.record(1);
    b.record(100);
    a.add(b);
    a.add(new TimeHistogram());
    expect(a.distribution()).toMatchObject({ count: 2, p50: 1, max: 100 });
    expect(b.distribution()!.count).toBe(1);
  });

  it('counts no time at all as the shortest, and a day as no more than an hour, but for the maximum', () => {
    const histogram = new TimeHistogram();
    histogram.record(0);
    histogram.record(24 * 3_600_000);
    const { percentiles, p99, max } = histogram.distribution()!;
    expect(percentiles[0]).toEqual([0, 0.001]);
    expect(p99 / 3_600_000).toBeCloseTo(1, 2);
    expect(max).toBe(24 * 3_600_000);
    expect(percentiles.at(-1)).toEqual([100, max]);
  });
});
