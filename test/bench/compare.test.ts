import { describe, expect, it } from 'vitest';
import { chooseTargets } from '../../src/bench/compare/choose-targets.ts';
import {
  compare,
  type Comparison,
  type FigureComparison,
  type Verdict,
} from '../../src/bench/compare/compare.ts';
import type { FigureName } from '../../src/bench/compare/figures.ts';
import { isRegression } from '../../src/bench/compare/regression.ts';
import type { BenchResult } from '../../src/bench/result.ts';
import { syntheticResult, type SyntheticTarget } from './synthetic-result.ts';

function compared(before: BenchResult, after: BenchResult, seed = 1): Comparison {
  return compare(before, after, { pairs: chooseTargets(before, after, []), samePlan: true, seed });
}

function figure({ targets }: Comparison, name: FigureName): FigureComparison {
  return targets[0]!.figures.find((each) => each.name === name)!;
}

function verdicts({ targets }: Comparison): readonly Verdict[] {
  return targets.flatMap(({ figures }) => figures.map(({ verdict }) => verdict));
}

const hasDifference = (comparison: Comparison): boolean =>
  verdicts(comparison).some((verdict) => verdict === 'better' || verdict === 'worse');

const one = (
  chance: number,
  target: Partial<SyntheticTarget> = {},
  conversations = 120,
  planSeed = 1,
): BenchResult =>
  syntheticResult({ targets: [{ name: 'small', ...target }], conversations, chance, planSeed });

describe('two runs of one thing', () => {
  // Of pairs drawn from one distribution, the family of nine figures may be wrong about any in 5 of 100.
  const DRAWS = 100;
  it.each([
    ['of the same conversations', 1],
    ['of others', 2],
  ])(
    '%s: nothing differs in at least 95 % of the draws',
    (_, otherSeed) => {
      let wrong = 0;
      let paired = 0;
      for (let i = 0; i < DRAWS; i++) {
        const comparison = compared(one(2 * i + 1, {}, 50), one(2 * i + 2, {}, 50, otherSeed), i);
        if (hasDifference(comparison)) wrong += 1;
        if (comparison.targets[0]!.paired) paired += 1;
      }
      expect(wrong).toBeLessThanOrEqual(0.05 * DRAWS);
      expect(paired).toBe(otherSeed === 1 ? DRAWS : 0);
    },
    120_000,
  );

  it('in which each prompt is as slow as the one before: still nothing differs', () => {
    let wrong = 0;
    let lengths = 0;
    for (let i = 0; i < 40; i++) {
      const slow = { follows: 0.7 };
      const comparison = compared(one(2 * i + 1, slow, 200), one(2 * i + 2, slow, 200, 2), i);
      if (hasDifference(comparison)) wrong += 1;
      lengths += comparison.targets[0]!.blockLength;
    }
    expect(wrong).toBeLessThanOrEqual(3);
    expect(lengths / 40).toBeGreaterThan(3);
  });

  it('that are one and the same: every interval is 0', () => {
    const result = one(1, {}, 500);
    const { targets } = compared(result, { ...result });
    for (const { difference, verdict } of targets[0]!.figures) {
      expect(verdict).toBe('no-difference');
      expect(difference).toMatchObject({ estimate: 0 });
    }
    const median = targets[0]!.figures[0]!;
    expect(median.difference).toEqual({ estimate: 0, low: 0, high: 0 });
  });
});

describe('a difference', () => {
  it('of 10 % in latency is found, with an interval around it, and nothing else is', () => {
    const comparison = compared(one(1, {}, 400), one(2, { latencyMs: 1320 }, 400));
    for (const name of ['latencyP50', 'latencyP90', 'firstTokenP50'] as const) {
      const { verdict, change } = figure(comparison, name);
      expect(verdict).toBe('worse');
      expect(change!.low).toBeGreaterThan(0);
      expect(change!.low).toBeLessThan(0.1);
      expect(change!.high).toBeGreaterThan(0.1);
    }
    expect(figure(comparison, 'tokensPerSecond').verdict).toBe('worse');
    for (const name of ['success', 'errors', 'cost', 'betweenTokensP50'] as const) {
      expect(figure(comparison, name).verdict).toBe('no-difference');
    }
  });

  it('is found with fewer conversations when they are the same ones', () => {
    const widthOf = (comparison: Comparison): number => {
      const { low, high } = figure(comparison, 'latencyP50').change!;
      return high - low;
    };
    const before = one(1, {}, 300);
    expect(widthOf(compared(before, one(2, {}, 300)))).toBeLessThan(
      0.95 * widthOf(compared(before, one(2, {}, 300, 9))),
    );
  });

  it('has its sign by what is better: more success, fewer errors, lower cost', () => {
    const worse = { passes: 0.4, fails: 0.3, usd: 0.008 };
    const [good, bad] = [one(1, {}, 300), one(2, worse, 300)];
    for (const name of ['success', 'errors', 'cost'] as const) {
      expect(figure(compared(good, bad), name).verdict).toBe('worse');
      expect(figure(compared(bad, good), name).verdict).toBe('better');
    }
    expect(figure(compared(good, bad), 'success')).toMatchObject({ unit: 'share', change: null });
  });

  it('of all that can pass has an interval that holds it', () => {
    const { difference, verdict } = figure(
      compared(one(1, { passes: 0, fails: 0 }, 30), one(2, { passes: 1, fails: 0 }, 30)),
      'success',
    );
    expect(verdict).toBe('better');
    expect(difference).toMatchObject({ estimate: 1, high: 1 });
    expect(difference!.low).toBeLessThan(1);
  });

  it('says the same for the same seed', () => {
    const [before, after] = [one(1), one(2)];
    expect(compared(before, after, 5)).toEqual(compared(before, after, 5));
    expect(compared(before, after, 6)).not.toEqual(compared(before, after, 5));
  });

  it('is a regression only from the size asked for on', () => {
    const latency = figure(compared(one(1, {}, 400), one(2, { latencyMs: 1500 }, 400)), 'latencyP50');
    expect(latency.change!.estimate).toBeGreaterThan(0.15);
    expect(isRegression(latency, 0)).toBe(true);
    expect(isRegression(latency, 0.15)).toBe(true);
    expect(isRegression(latency, 0.5)).toBe(false);
    expect(isRegression({ ...latency, verdict: 'better' }, 0)).toBe(false);
  });
});

describe('too few conversations', () => {
  it('are named with how many it takes', () => {
    const comparison = compared(one(1, { fails: 0 }, 30), one(2, { fails: 0 }, 30));
    expect(figure(comparison, 'latencyP50').verdict).toBe('no-difference');
    expect(figure(comparison, 'latencyP99')).toMatchObject({
      verdict: 'too-few',
      lacks: '400 conversations are needed, there are 30',
      difference: null,
      p: null,
    });
    expect(comparison.tests).toBe(comparison.targets[0]!.figures.length - 3);
  });

  it('are also many that hang together', () => {
    const queue = { follows: 0.98, fails: 0 };
    const comparison = compared(one(1, queue, 300), one(2, queue, 300));
    expect(figure(comparison, 'latencyP50')).toMatchObject({ verdict: 'too-few' });
    expect(figure(comparison, 'latencyP50').lacks).toMatch(
      /there are 300, which hang together and count as \d+$/,
    );
  });

  it('are not those that wait in one queue where it is asked who passed', () => {
    const queue = { follows: 0.98, fails: 0 };
    const comparison = compared(
      one(1, { ...queue, passes: 0.5 }, 100),
      one(2, { ...queue, passes: 0.95 }, 100),
    );
    expect(figure(comparison, 'latencyP50').verdict).toBe('too-few');
    expect(figure(comparison, 'success').verdict).toBe('better');
  });

  it('are those of one prompt each as well as those of ten: conversations count', () => {
    const talkative = (chance: number): BenchResult =>
      syntheticResult({ targets: [{ name: 'small', fails: 0 }], conversations: 10, promptsEach: 10, chance });
    expect(new Set(verdicts(compared(talkative(1), talkative(2))))).toEqual(new Set(['too-few']));
  });

  it('are none at all where nothing was measured', () => {
    const comparison = compared(one(1, {}, 1), { ...one(2, {}, 1), prompts: [] });
    expect(new Set(verdicts(comparison))).toEqual(new Set(['not-measured']));
    expect(comparison.tests).toBe(0);
  });

  it('have no cost where a price is unknown', () => {
    expect(figure(compared(one(1), one(2, { usd: null })), 'cost')).toMatchObject({
      verdict: 'not-measured',
      after: null,
    });
  });
});

describe('targets', () => {
  const TWO = [{ name: 'a' }, { name: 'b', latencyMs: 3000 }, { name: 'c' }];
  const result = syntheticResult({ targets: TWO, chance: 1, conversations: 60 });
  const other = syntheticResult({ targets: [{ name: 'd' }, { name: 'b' }], chance: 2, conversations: 60 });

  it.each([
    ['of one result stand beside its first', result, result, [], ['a b', 'a c']],
    ['of one result stand beside the one named', result, result, ['b'], ['b a', 'b c']],
    ['of one result are compared as named', result, result, ['c', 'b'], ['c b']],
    ['of two results are compared by name', result, other, [], ['b b']],
    ['of two results are only the one named', result, other, ['b'], ['b b']],
    ['of two results may have different names', result, other, ['a', 'd'], ['a d']],
  ] as const)('%s', (_, before, after, names, pairs) => {
    expect(chooseTargets(before, after, names).map((pair) => `${pair.before} ${pair.after}`)).toEqual(pairs);
  });

  it('of one result are paired, since all have the same conversations', () => {
    const comparison = compared(result, result);
    expect(comparison.targets.map(({ paired }) => paired)).toEqual([true, true]);
    expect(figure(comparison, 'latencyP50').verdict).toBe('worse');
    expect(comparison.targets[1]!.figures[0]!.verdict).toBe('no-difference');
  });

  it('that are not there are an error that names the nearest', () => {
    expect(() => chooseTargets(result, other, ['bb'])).toThrow('did you mean "b"?');
    expect(() => chooseTargets(result, one(1), [])).toThrow('No target has the same name in both results');
    expect(() => chooseTargets(one(1), one(1), ['x', 'y'])).toThrow('there are "small"');
    const single = one(1);
    expect(() => chooseTargets(single, single, [])).toThrow('one target only');
  });
});
