import { describe, expect, it } from 'vitest';
import { observed, resample, type BootstrapSide } from '../../src/bench/compare/bootstrap.ts';
import { dependenceLength, holm, interval, pValue } from '../../src/bench/compare/inference.ts';
import { seededRandom } from '../../src/model/scripted/seeded.ts';

const numbers = (count: number, of: (i: number) => number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => of(i));

/** A mean and three quantiles of the same values, one a unit. */
function sideOf(values: Float64Array): BootstrapSide {
  const order = [...values.keys()].sort((a, b) => values[a]! - values[b]!);
  return {
    unitCount: values.length,
    statistics: [
      { kind: 'ratio', numerators: values, denominators: values.map(() => 1), isShare: false },
      {
        kind: 'quantiles',
        at: [0.5, 0.9, 1],
        values: Float64Array.from(order, (i) => values[i]!),
        units: Int32Array.from(order),
      },
    ],
  };
}

const OPTIONS = { resamples: 400, seed: 3, paired: false, blockLength: 1 };

describe('the figures of a sample', () => {
  it('are its mean, and the smallest values with so much of it at and below them', () => {
    expect(observed(sideOf(numbers(10, (i) => 10 - i)))).toEqual([5.5, 5, 9, 10]);
  });

  it('are unknown where nobody has a say', () => {
    const none: BootstrapSide = {
      unitCount: 3,
      statistics: [
        { kind: 'ratio', numerators: numbers(3, () => 0), denominators: numbers(3, () => 0), isShare: false },
        { kind: 'quantiles', at: [0.5], values: new Float64Array(), units: new Int32Array() },
      ],
    };
    expect(observed(none)).toEqual([NaN, NaN]);
    const drawn = resample(none, none, OPTIONS);
    expect(drawn.flatMap(({ before, after }) => [...before, ...after]).every(Number.isNaN)).toBe(true);
  });
});

describe('resampling', () => {
  const random = seededRandom(9);
  const before = sideOf(numbers(60, () => random()));
  const after = sideOf(numbers(80, () => random()));

  it('gives the same numbers for the same seed, and others for another', () => {
    expect(resample(before, after, OPTIONS)).toEqual(resample(before, after, OPTIONS));
    expect(resample(before, after, { ...OPTIONS, seed: 4 })).not.toEqual(resample(before, after, OPTIONS));
    // The upper half of a seed counts too.
    expect(resample(before, after, { ...OPTIONS, seed: 3 + 2 ** 32 })).not.toEqual(
      resample(before, after, OPTIONS),
    );
  });

  it('spreads a mean as theory has it', () => {
    const values = numbers(400, (i) => i % 2);
    const [mean] = resample(sideOf(values), sideOf(values), { ...OPTIONS, resamples: 4_000 });
    const variance = mean!.before.reduce((sum, value) => sum + (value - 0.5) ** 2, 0) / 4_000;
    expect(Math.sqrt(variance)).toBeCloseTo(Math.sqrt(0.25 / 400), 2);
    expect(mean!.before.some((value, i) => value !== mean!.after[i])).toBe(true);
  });

  it('draws pairs together, so that what both sides share cancels out', () => {
    const values = numbers(50, () => random());
    const shifted = values.map((value) => value + 1);
    const [mean, median] = resample(sideOf(values), sideOf(shifted), { ...OPTIONS, paired: true });
    for (const { before: from, after: to } of [mean!, median!]) {
      from.forEach((value, i) => expect(to[i]! - value).toBeCloseTo(1, 9));
    }
  });

  it('draws neighbours together where they hang together', () => {
    const steps = numbers(200, (i) => (i < 100 ? 0 : 1));
    const spreadOf = (blockLength: number): number => {
      const [mean] = resample(sideOf(steps), sideOf(steps), { ...OPTIONS, blockLength });
      return mean!.before.reduce((sum, value) => sum + (value - 0.5) ** 2, 0);
    };
    expect(spreadOf(40)).toBeGreaterThan(10 * spreadOf(1));
  });

  it('does not take 0 of 20 for certain', () => {
    const side: BootstrapSide = {
      unitCount: 20,
      statistics: [
        {
          kind: 'ratio',
          numerators: numbers(20, () => 0),
          denominators: numbers(20, () => 1),
          isShare: true,
        },
      ],
    };
    const [share] = resample(side, side, { ...OPTIONS, resamples: 2_000 });
    const { high } = interval(share!.before);
    // Clopper and Pearson's interval of 0 of 20 ends at 0.168.
    expect(high).toBeGreaterThan(0.08);
    expect(high).toBeLessThan(0.25);
  });
});

describe('an interval and its p-value', () => {
  it.each([
    [50, false],
    [49, true],
  ])('agree where %i of 2,000 resamples are at or below 0', (below, isOut) => {
    const differences = numbers(2_000, (i) => (i < below ? -1 : 1) * (1 + i));
    expect(interval(differences).low > 0).toBe(isOut);
    expect(pValue(differences) <= 0.05).toBe(isOut);
  });

  it('leave out what could not be said', () => {
    expect(interval(Float64Array.of(NaN, 1, 2, NaN))).toEqual({ low: 1, high: 2 });
    expect(interval(Float64Array.of(NaN))).toEqual({ low: NaN, high: NaN });
    expect(pValue(new Float64Array(100).fill(NaN))).toBe(1);
  });

  it('know no difference where all are 0, and never a p-value of 0', () => {
    expect(pValue(new Float64Array(100))).toBe(1);
    expect(pValue(new Float64Array(99).fill(1))).toBe(0.02);
  });
});

describe("Holm's correction", () => {
  it('multiplies the smallest by all, the next by one less, and never turns their order round', () => {
    expect(holm([0.04, 0.01, 0.03, 0.5])).toEqual([0.09, 0.04, 0.09, 0.5]);
    expect(holm([0.6, 0.9])).toEqual([1, 1]);
    expect(holm([])).toEqual([]);
  });
});

describe('values in a row', () => {
  it('stand for themselves where they are independent, or all the same', () => {
    const random = seededRandom(4);
    expect(dependenceLength(numbers(500, () => random()))).toBe(1);
    expect(dependenceLength(numbers(500, () => 7))).toBe(1);
    expect(dependenceLength(numbers(5, (i) => i))).toBe(1);
  });

  it('hang together in longer rows the more each takes of the one before', () => {
    const lengthOf = (share: number): number => {
      const random = seededRandom(5);
      let value = 0;
      return dependenceLength(numbers(500, () => (value = share * value + (1 - share) * (random() - 0.5))));
    };
    expect(lengthOf(0.5)).toBeGreaterThan(4);
    expect(lengthOf(0.9)).toBeGreaterThan(2 * lengthOf(0.5));
  });
});
