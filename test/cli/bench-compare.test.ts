import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { syntheticResult } from '../bench/synthetic-result.ts';
import { folder, recordsOf, skein, type CliResult } from './run-cli.ts';

let here: ReturnType<typeof folder>;
beforeAll(() => {
  const of = (chance: number, latencyMs: number, plan = {}): string =>
    JSON.stringify(
      syntheticResult({
        targets: [
          { name: 'small', latencyMs },
          { name: 'large', latencyMs: 2 * latencyMs },
        ],
        conversations: 100,
        chance,
        plan,
      }),
    );
  here = folder({
    'a.json': of(1, 1200),
    'same.json': of(2, 1200),
    'slower.json': of(3, 2000),
    'other.json': of(4, 1200, { arrival: { atOnce: 16 } }),
    'newer.json': '{"format":"skein-bench/2"}',
    'plan.yaml': 'name: no result\n',
  });
});
afterAll(() => here.remove());

const compare = (...args: readonly string[]): Promise<CliResult> =>
  skein(['bench', 'compare', ...args], { cwd: here.path });

describe('skein bench compare', () => {
  it('writes a record for each figure of each target, and ends with 0 whatever differs', async () => {
    const run = await compare('a.json', 'slower.json');
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    const records = recordsOf(run);
    expect(records.map(({ type }) => type)).toEqual([
      'comparison.started',
      ...Array.from({ length: 20 }, () => 'comparison.figure'),
      'comparison.ended',
    ]);
    expect(records[1]).toMatchObject({
      target: { before: 'small', after: 'small', paired: true },
      figure: 'latencyP50',
      unit: 'ms',
      better: 'lower',
      verdict: 'worse',
    });
    expect(records.at(-1)).toMatchObject({ correction: 'holm', seed: 1 });
  });

  it('ends with 1 on a regression where that is asked for, if it is as large as asked', async () => {
    const exitOf = async (...args: readonly string[]): Promise<number | null> =>
      (await compare(...args)).exitCode;
    expect(await exitOf('a.json', 'slower.json', '--fail-on-regression')).toBe(1);
    expect(await exitOf('a.json', 'slower.json', '--fail-on-regression', '90')).toBe(0);
    expect(await exitOf('slower.json', 'a.json', '--fail-on-regression')).toBe(0);
    expect(await exitOf('a.json', 'same.json', '--fail-on-regression')).toBe(0);
  });

  it('compares the targets of one result', async () => {
    const records = recordsOf(await compare('a.json', '--json', '--seed', '7'));
    expect(records[1]).toMatchObject({
      target: { before: 'small', after: 'large', paired: true },
      verdict: 'worse',
    });
    expect(records.at(-1)).toMatchObject({ seed: 7 });
  });

  it('compares one target with another of another result', async () => {
    const records = recordsOf(await compare('a.json', 'same.json', '--target', 'large', '--target', 'small'));
    expect(records[1]).toMatchObject({ target: { before: 'large', after: 'small' }, verdict: 'better' });
  });

  it('refuses results of different plans, and names what differs', async () => {
    const run = await compare('a.json', 'other.json');
    expect(run).toMatchObject({ exitCode: 2, stdout: '' });
    expect(run.stderr).toContain('arrival.atOnce is 8 in one and 16 in the other');
    expect(run.stderr).toContain('[different_plans]');
  });

  it('compares them with --force, unpaired, and says so', async () => {
    const [started, figure] = recordsOf(await compare('a.json', 'other.json', '--force'));
    expect(started).toMatchObject({
      planDifference: 'arrival.atOnce is 8 in one and 16 in the other',
      notes: ['different plans, compared all the same: arrival.atOnce is 8 in one and 16 in the other'],
    });
    expect(figure).toMatchObject({ target: { paired: false } });
  });

  it.each([
    [['a.json', 'none.json'], 'input_unreadable'],
    [['a.json', 'plan.yaml'], 'invalid_result'],
    [['newer.json'], 'result_newer'],
    [['a.json', 'same.json', '--target', 'smal'], 'unknown_target'],
    [['a.json', '--target', 'small', '--target', 'large', '--target', 'x'], 'usage'],
  ])('%j is refused', async (args, code) => {
    const run = await compare(...args);
    expect(run).toMatchObject({ exitCode: 2, stdout: '' });
    expect(run.stderr).toContain(`[${code}]`);
    expect(run.stderr.split('\n')).toHaveLength(2);
  });
});
