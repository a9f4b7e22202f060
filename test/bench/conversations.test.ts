import { describe, expect, it } from 'vitest';
import { conversationAt } from '../../src/bench/conversations.ts';
import { parseBenchPlan } from '../../src/bench/parse-plan.ts';

const PLAN = parseBenchPlan(
  `
name: two
targets: [ollama:a]
scenarios:
  - { name: often, weight: 3, prompts: ['{{index}}: {{word}}', Go on.], inputs: [{ word: a }, { word: b }] }
  - { name: seldom, prompt: Hello. }
seed: 42
`,
  'plan.yaml',
);

function first(count: number, seed = PLAN.seed): ReturnType<typeof conversationAt>[] {
  return Array.from({ length: count }, (_, index) => conversationAt({ ...PLAN, seed }, index));
}

describe('the conversations of a plan', () => {
  it('follow from the seed and the index alone', () => {
    const all = first(50);
    expect(conversationAt(PLAN, 37)).toEqual(all[37]);
    expect(first(50)).toEqual(all);
    expect(first(50, 43)).not.toEqual(all);
  });

  it('take scenarios by their weights, and every input', () => {
    const all = first(4000);
    const often = all.filter(({ scenario }) => scenario.name === 'often');
    // Three standard deviations around 3000.
    expect(Math.abs(often.length - 3000)).toBeLessThan(82);
    const withA = often.filter(({ prompts }) => prompts[0]!.endsWith(': a'));
    expect(Math.abs(withA.length - often.length / 2)).toBeLessThan(82);
  });

  it('have their prompts filled in', () => {
    const of = first(20).find(({ scenario }) => scenario.name === 'often')!;
    expect(of.prompts[0]).toMatch(new RegExp(`^${of.index}: [ab]$`));
    expect(of.prompts[1]).toBe('Go on.');
  });

  it('have seeds of their own, whole numbers of 31 bits', () => {
    const seeds = first(2000).map(({ seed }) => seed);
    expect(new Set(seeds).size).toBe(2000);
    expect(seeds.every((seed) => Number.isInteger(seed) && seed >= 0 && seed < 2 ** 31)).toBe(true);
  });
});
