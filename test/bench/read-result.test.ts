import { describe, expect, it } from 'vitest';
import { planDifference } from '../../src/bench/plan-difference.ts';
import { readResult } from '../../src/bench/read-result.ts';
import { syntheticResult } from './synthetic-result.ts';

const result = syntheticResult({ chance: 1, conversations: 3 });
const codeOf = (text: string): unknown => {
  try {
    readResult(text, 'a.json');
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return undefined;
};

describe('a result read from a file', () => {
  it('is what was written', () => {
    expect(readResult(JSON.stringify(result), 'a.json')).toEqual(JSON.parse(JSON.stringify(result)));
  });

  it.each([
    ['no JSON', 'prompts: 3'],
    ['JSON that is cut off', JSON.stringify(result).slice(0, -10)],
    ['other JSON', '{"version":1,"items":[]}'],
    ['a list', '[]'],
    ['null', 'null'],
    ['nothing', ''],
  ])('is refused where the file is %s', (_, text) => {
    expect(codeOf(text)).toBe('invalid_result');
  });

  it('says what is wrong in it, and where', () => {
    const prompts = [result.prompts[0], { ...result.prompts[1], endedAtMs: 'late' }];
    expect(() => readResult(JSON.stringify({ ...result, prompts }), 'a.json')).toThrow(
      /^a\.json is no result of skein bench: prompts\.1\.endedAtMs: /,
    );
  });

  it('is refused as newer where a newer skein wrote it, whatever is in it', () => {
    expect(codeOf('{"format":"skein-bench/2"}')).toBe('result_newer');
    expect(codeOf('{"format":"skein-bench/10"}')).toBe('result_newer');
    expect(codeOf('{"format":"skein-batch/2"}')).toBe('invalid_result');
  });
});

describe('the difference of two plans', () => {
  const of = (plan: Readonly<Record<string, unknown>>): string | null =>
    planDifference(result.plan, syntheticResult({ chance: 1, conversations: 3, plan }).plan);

  it('is none where they ask the same, of whatever targets and with whatever seed', () => {
    expect(of({})).toBeNull();
    expect(of({ seed: 77, targets: ['y:other'], name: 'other' })).toBeNull();
  });

  it.each([
    [{ arrival: { atOnce: 16 } }, 'arrival.atOnce is 8 in one and 16 in the other'],
    [{ count: 4 }, 'extent.count is 3 in one and 4 in the other'],
    [{ arrival: { poisson: 2 } }, 'arrival.kind is "closed" in one and "poisson" in the other'],
    [
      { scenarios: [{ name: 'easy', prompt: 'Do it now.' }] },
      'scenarios.0.prompts.0 is "Do it." in one and "Do it now." in the other',
    ],
  ])('%o: is named by its first field', (plan, text) => {
    expect(of(plan)).toBe(text);
  });
});
