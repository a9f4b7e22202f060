import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BenchResult } from '../../src/bench/result.ts';
import { FIX_SCRIPT, folder, recordsOf, skein, type CliResult } from './run-cli.ts';

const PLAN = `
name: simulated
targets:
  - openai:one
  - { name: own, model: 'gpu:one', baseURL: 'http://gpu.invalid/v1' }
  - { name: other, model: 'gpu:one', baseURL: 'http://other.invalid/v1' }
scenarios: [{ prompt: 'Say {{index}}.' }]
arrival: { atOnce: 4 }
count: 6
`;
const PROFILE = `
speed: 50
latency: { firstTokenMs: 60 }
limits: { concurrent: 6 }
prices: { input: 100, output: 200 }
answers: { behaviour: text, tokens: 20 }
`;

let here: ReturnType<typeof folder>;
beforeEach(() => {
  here = folder({ 'plan.yaml': PLAN, 'profile.yaml': PROFILE, 'fix.yaml': FIX_SCRIPT });
});
afterEach(() => here.remove());

const bench = (...args: string[]): Promise<CliResult> =>
  skein(['bench', ...args, '--out', 'out'], { cwd: here.path });

const result = (): BenchResult =>
  JSON.parse(readFileSync(join(here.path, 'out/result.json'), 'utf8')) as BenchResult;

describe('skein bench --simulate', () => {
  it('measures a simulated provider in real time at every target, and asks no other', async () => {
    const ran = await bench('plan.yaml', '--simulate', 'profile.yaml');
    expect(ran.exitCode).toBe(0);
    expect(ran.stderr).toBe(
      'skein: simulated with the profile profile, in real time; no language model is asked, and nothing is paid\n',
    );
    const { simulated, marks, targets, overall } = result();
    expect(simulated).toMatchObject({
      name: 'profile',
      profile: { speed: 1, latency: { firstTokenMs: 60 } },
    });
    expect(marks[0]).toMatchObject({
      code: 'simulated',
      message: expect.stringContaining('No language model'),
    });
    expect(targets.map(({ name, measures: { prompts, errors } }) => [name, prompts, errors])).toEqual([
      ['openai:one', 6, {}],
      ['own', 6, {}],
      ['other', 6, {}],
    ]);
    expect(overall.firstTokenMs!.p50).toBeGreaterThanOrEqual(59);
    const { inputTokens, outputTokens, cost } = overall;
    expect(outputTokens).toBe(18 * 20);
    // Also where two targets of one provider are at different places, and so have providers of their own in the pool.
    expect(cost.unpricedTurns).toBe(0);
    expect(cost.usd).toBeCloseTo((inputTokens * 100 + outputTokens * 200) / 1e6, 6);
    expect(recordsOf(ran).map(({ type }) => type)).toContain('bench.ended');
  });

  it('answers a target by the script that it names', async () => {
    writeFileSync(join(here.path, 'limits.yaml'), 'limits: { concurrent: 4 }');
    const args = ['--model', 'scripted:fix.yaml', '--prompt', 'Say it', '--count', '3'];
    expect((await bench(...args, '--simulate', 'limits.yaml')).exitCode).toBe(0);
    expect(result().overall).toMatchObject({ prompts: 3, errors: {}, outputTokens: 3 * 2 });

    writeFileSync(join(here.path, 'both.yaml'), 'answers: fix.yaml');
    const both = await bench(...args, '--force', '--simulate', 'both.yaml');
    expect(both.exitCode).toBe(2);
    expect(both.stderr).toContain('profile both.yaml has answers of its own, and so has scripted:fix.yaml');
  });

  it('is another plan than the same without it, and than with another profile', async () => {
    const hashes: string[] = [];
    for (const profile of ['{}', '{ latency: { firstTokenMs: 1 } }', undefined]) {
      const args = ['--model', 'scripted:fix.yaml', '--prompt', 'Say it', '--count', '1', '--force'];
      if (profile !== undefined) {
        writeFileSync(join(here.path, 'p.yaml'), profile);
        args.push('--simulate', 'p.yaml');
      }
      await bench(...args);
      hashes.push(result().planHash);
    }
    expect(new Set(hashes).size).toBe(3);
  });

  it('still refuses a provider that nobody knows, and an unknown profile', async () => {
    const unknown = await bench('--model', 'opnai:m', '--prompt', 'x', '--simulate', 'profile.yaml');
    expect([unknown.exitCode, unknown.stderr.includes('[unknown_provider]')]).toEqual([2, true]);
    const profile = await bench('--model', 'openai:m', '--prompt', 'x', '--simulate', 'flaki');
    expect(profile.stderr).toContain('Did you mean "flaky"?');
  });
});
