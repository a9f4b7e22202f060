import { describe, expect, it } from 'vitest';
import { timedFrames, wholeFrame } from '../../src/model/scripted/frames.ts';
import type { Reply } from '../../src/model/scripted/reply.ts';
import { draw, scaledDraw, type ScriptedDraw } from '../../src/model/scripted/draw.ts';
import { seededRandom } from '../../src/model/scripted/seeded.ts';

const MANY = 20_000;

/** Sorted; the same for the same figure, since the seed is. */
function draws(figure: ScriptedDraw): number[] {
  const random = seededRandom(1);
  return Array.from({ length: MANY }, () => draw(figure, random)).sort((a, b) => a - b);
}

describe('a figure that is drawn', () => {
  it('has the percentiles that it is given by', () => {
    const sorted = draws({ p50: 700, p99: 4000 });
    expect(sorted[MANY * 0.5]! / 700).toBeCloseTo(1, 1);
    expect(sorted[MANY * 0.99]! / 4000).toBeCloseTo(1, 1);
    expect(sorted[0]).toBeGreaterThan(0);
  });

  it('has the mean and the deviation that it is given by, and is never below 0', () => {
    const sorted = draws({ mean: 100, deviation: 10 });
    const mean = sorted.reduce((sum, one) => sum + one, 0) / MANY;
    const variance = sorted.reduce((sum, one) => sum + (one - mean) ** 2, 0) / MANY;
    expect(mean / 100).toBeCloseTo(1, 2);
    expect(Math.sqrt(variance) / 10).toBeCloseTo(1, 1);
    expect(draws({ mean: 1, deviation: 10 })[0]).toBe(0);
  });

  it('is no chance where it is a number: nothing is asked of the generator', () => {
    const asked = (): number => {
      throw new Error('asked');
    };
    expect(draw(12, asked)).toBe(12);
  });

  it('is the same draw in other units', () => {
    for (const figure of [80, { p50: 20, p99: 90 }, { mean: 50, deviation: 5 }]) {
      const whole = draw(figure, seededRandom(3));
      expect(draw(scaledDraw(figure, 0.1), seededRandom(3))).toBeCloseTo(whole / 10, 9);
    }
  });
});

describe('an answer with a time for each token', () => {
  const reply = {
    delay: { firstMs: 100, betweenMs: 1, tokenMs: 10, jitter: 0 },
    outputTokens: 8,
    random: seededRandom(1),
  } as Partial<Reply> as Reply;

  it('takes as long as it has tokens, spread over its deltas; the first comes without', () => {
    const frames = timedFrames(['opening', 'one', 'two', 'three', 'four'], 'end', reply);
    expect(frames.map(({ atMs }) => atMs)).toEqual([100, 100, 121, 142, 163, 163]);
  });

  it('takes as long in one body', () => {
    expect(wholeFrame('body', 4, reply)).toEqual([{ atMs: 100 + 3 + 80, data: 'body' }]);
  });

  it('draws each anew, and the same ones again with the same seed', () => {
    const drawn = (seed: number): number[] =>
      timedFrames(['opening', 'one', 'two', 'three'], 'end', {
        ...reply,
        delay: { ...reply.delay, betweenMs: 0, tokenMs: { p50: 10, p99: 40 } },
        random: seededRandom(seed),
      }).map(({ atMs }) => atMs);
    const [, one, two, three] = drawn(1);
    expect(two! - one!).not.toBeCloseTo(three! - two!, 3);
    expect(drawn(1)).toEqual(drawn(1));
    expect(drawn(2)).not.toEqual(drawn(1));
  });
});
