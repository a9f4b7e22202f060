import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { chooseTargets } from '../../src/bench/compare/choose-targets.ts';
import { compare } from '../../src/bench/compare/compare.ts';
import { comparisonNotes } from '../../src/bench/compare/notes.ts';
import { formatChange, formatMs, threeDigits } from '../../src/bench/format-figure.ts';
import type { BenchResult } from '../../src/bench/result.ts';
import { viewComparison } from '../../src/cli/comparison-view.ts';
import { syntheticResult } from '../bench/synthetic-result.ts';

function view(before: BenchResult, after: BenchResult, planDifference: string | null = null): string {
  const sources = { before: 'a.json', after: 'b.json' };
  const pairs = chooseTargets(before, after, []);
  const comparison = compare(before, after, { pairs, samePlan: planDifference === null, seed: 1 });
  const notes = comparisonNotes({ before, after, sources, comparison, planDifference });
  return viewComparison({ before, after, sources, comparison, notes }, pc.createColors(false));
}

const run = (chance: number, latencyMs = 1200, conversations = 120): BenchResult =>
  syntheticResult({ targets: [{ name: 'small', latencyMs }], conversations, chance });

describe('a comparison on a terminal', () => {
  const lines = view(run(1), run(2, 1600)).split('\n');
  const line = (label: string): string => lines.find((each) => each.startsWith(`  ${label} `)) ?? '';

  it('says what is compared, and how', () => {
    expect(lines.slice(0, 2)).toEqual([
      'before  a.json  2026-01-02 03:04:05 · skein 0.1.0 · seed 1',
      'after   b.json  2026-01-02 03:04:05 · skein 0.1.0 · seed 1',
    ]);
    expect(lines).toContain('small  120 conversations · paired');
    expect(lines.at(-2)).toMatch(
      /^95 % intervals of 2,000 resamples of conversations \(seed 1\); .* Holm-corrected for 9 figures\.$/,
    );
  });

  it('has both values of a figure, the change, its interval and what it means', () => {
    expect(line('latency p50')).toMatch(
      /^ {2}latency p50 +\d\.\d\d s +\d\.\d\d s +\+\d+\.\d % +\+\d+\.\d … \+\d+\.\d % +worse$/,
    );
    expect(line('success')).toMatch(/ % +[+−]\d+\.\d points +−\d+\.\d … \+\d+\.\d points +no difference$/);
    expect(line('latency p99')).toMatch(/too few to tell: 400 conversations are needed, there are \d+$/);
  });

  it('names what was not measured', () => {
    const unpriced = syntheticResult({ targets: [{ name: 'small', usd: null }], chance: 3 });
    expect(view(unpriced, { ...unpriced })).toContain('  not measured on both sides: cost of a prompt');
  });

  it('shows nothing that steers a terminal', () => {
    const hostile = '\u001b[31mred\u0007\u202e';
    const result = syntheticResult({ targets: [{ name: hostile }, { name: 'b' }], chance: 1 });
    // oxlint-disable-next-line no-control-regex
    expect(view(result, result)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  });
});

describe('what to know of a comparison', () => {
  const before = run(1);

  it('is nothing for two clean runs of one plan', () => {
    expect(view(before, run(2))).not.toContain('note');
  });

  it.each<[string, Partial<BenchResult>, string]>([
    [
      'an interrupted run',
      { marks: [{ code: 'interrupted', message: 'Ctrl-C' }] },
      'b.json is marked interrupted: Ctrl-C',
    ],
    [
      'a saturated one',
      { marks: [{ code: 'saturated', message: 'late' }] },
      'b.json is marked saturated: late',
    ],
    ['another seed', { seed: 4 }, 'another seed, so conversations are not paired: 1 before, 4 after'],
    ['another skein', { skein: '0.2.0' }, 'another skein: 0.1.0 before, 0.2.0 after'],
    ['another Node', { node: 'v24.0.0' }, 'another Node: v20.19.0 before, v24.0.0 after'],
    [
      'another machine',
      { machine: { ...before.machine, cpuCount: 64 } },
      'another machine: 2 × A CPU before, 64 × A CPU after',
    ],
    [
      'another model',
      { targets: before.targets.map((target) => ({ ...target, model: 'y:other' })) },
      'small is x:model before and y:other after',
    ],
  ])('%s is told', (_, part, note) => {
    expect(view(before, { ...run(2), ...part }).split('\n')).toContain(`note    ${note}`);
  });

  it('comes first where the plans differ, and pairs nothing then', () => {
    const text = view(before, run(2), 'arrival.atOnce is 8 in one and 16 in the other');
    expect(text.split('\n')[2]).toBe(
      'note    different plans, compared all the same: arrival.atOnce is 8 in one and 16 in the other',
    );
    expect(text).toContain('not paired');
  });

  it('is also which targets are in one only', () => {
    const two = syntheticResult({ targets: [{ name: 'small' }, { name: 'large' }], chance: 1 });
    expect(view(two, run(2))).toContain('note    not compared: large');
  });
});

describe('figures', () => {
  it('have three digits', () => {
    expect([0.0001, 0.1234, 1.234, 12.34, 123.4, 1234].map(threeDigits)).toEqual([
      '0',
      '0.123',
      '1.23',
      '12.3',
      '123',
      '1,234',
    ]);
    expect([0.5, 9.999, 999.4, 999.6, 61_000].map(formatMs)).toEqual([
      '0.500 ms',
      '10.0 ms',
      '999 ms',
      '1.00 s',
      '61.0 s',
    ]);
  });

  it('have the sign of a change, and none where it is nothing', () => {
    expect([0.0312, -0.2, 0.0001].map((change) => formatChange(change))).toEqual([
      '+3.1 %',
      '−20.0 %',
      '±0.0 %',
    ]);
  });
});
