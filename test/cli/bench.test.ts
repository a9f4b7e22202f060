import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BenchResult } from '../../src/bench/result.ts';
import { folder, recordsOf, skein, type CliResult } from './run-cli.ts';

const SCRIPT = `
rules:
  - match: { turn: 0, user: Write }
    answer: { text: Writing., calls: [{ name: write, arguments: { path: a.txt, content: hello } }] }
  - answer: { text: 'It is done.' }
`;
const PLAN = `
name: both
targets:
  - scripted:model.yaml
  - { name: refuses, model: 'scripted:other.yaml' }
scenarios:
  - name: write
    prompt: Write a.txt.
    check: { files: { a.txt: { equals: hello } }, reply: done, command: [grep, -q, hello, a.txt] }
  - { name: talk, prompt: 'Say {{index}}.' }
arrival: { atOnce: 4 }
warmUp: { count: 2 }
count: 20
seed: 3
`;

let here: ReturnType<typeof folder>;
beforeEach(() => {
  here = folder({
    'plans/model.yaml': SCRIPT,
    'plans/other.yaml': 'rules: [{ answer: { text: I will not. } }]\n',
    'plans/plan.yaml': PLAN,
    'never.yaml': `
rules:
  - { match: { user: '^[0-3]$' }, answer: { text: Done. } }
  - answer: { text: Never., delay: { firstMs: 600000 } }
`,
    'bad.yaml': 'rules: [{ fault: { status: 401 } }]\n',
  });
});
afterEach(() => here.remove());

const bench = (...args: string[]): Promise<CliResult> => skein(['bench', ...args], { cwd: here.path });

function resultIn(directory: string): BenchResult {
  return JSON.parse(readFileSync(join(here.path, directory, 'result.json'), 'utf8')) as BenchResult;
}

describe('skein bench with a plan file', () => {
  it('tells a record of everything, and keeps the result', async () => {
    const ran = await bench('plans/plan.yaml');
    expect([ran.exitCode, ran.stderr]).toEqual([0, '']);
    const records = recordsOf(ran);
    expect(records[0]).toMatchObject({
      type: 'bench.started',
      name: 'both',
      targets: [
        { name: 'scripted:model.yaml', model: 'scripted:model.yaml' },
        { name: 'refuses', model: 'scripted:other.yaml' },
      ],
      scenarios: ['write', 'talk'],
      seed: 3,
    });
    const of = (type: string): typeof records => records.filter((record) => record.type === type);
    expect(of('bench.measuring')).toHaveLength(1);
    expect(of('prompt.ended')).toHaveLength(40);
    expect(of('bench.second').length).toBeGreaterThan(0);
    expect(of('bench.marked').map(({ code }) => code)).toEqual(['few-samples', 'few-samples']);
    const writes = of('prompt.ended').filter(
      ({ target, scenario }) => target !== 'refuses' && scenario === 'write',
    ).length;
    expect(writes).toBeGreaterThan(0);
    expect(of('check.ended').map(({ passed }) => passed)).toEqual(Array(writes).fill(true));
    const last = records.at(-1)!;
    expect(last).toMatchObject({ type: 'bench.ended', exit: 0 });

    const [name] = readdirSync(join(here.path, '.skein')).filter((entry) => entry.startsWith('bench-both-'));
    const result = resultIn(join('.skein', name!));
    expect(last['result']).toBe(join(here.path, '.skein', name!, 'result.json'));
    expect(last['report']).toBe(join(here.path, '.skein', name!, 'report.html'));
    expect(readFileSync(String(last['report']), 'utf8')).toContain('<h2>Targets</h2>');
    expect(last['planHash']).toBe(result.planHash);
    const [does, refuses] = result.targets;
    expect(does!.measures.success).toEqual({ passed: writes, checked: writes });
    expect(refuses!.measures.success).toEqual({ passed: 0, checked: writes });
    const failed = result.prompts.find(({ passed }) => passed === false)!;
    expect(failed.checkMessage).toBe('the reply does not match /done/');
    // Where the models were started for this run is nothing that another one could use.
    expect(JSON.stringify(result)).not.toContain('127.0.0.1');
  });

  it('takes flags in place of what the plan says', async () => {
    const flags = '--model scripted:plans/model.yaml --rate 50 --count 3 --warm-up 0 --seed 9 --out out';
    const ran = await bench('plans/plan.yaml', ...flags.split(' '));
    expect(ran.exitCode).toBe(0);
    const { plan } = resultIn('out');
    expect(plan.targets.map(({ model }) => model)).toEqual(['scripted:plans/model.yaml']);
    expect(plan).toMatchObject({
      arrival: { kind: 'poisson', perSecond: 50 },
      extent: { count: 3 },
      warmUp: { count: 0 },
      seed: 9,
    });
  });

  it('replaces no result that is there, unless it is told to', async () => {
    mkdirSync(join(here.path, 'out'));
    writeFileSync(join(here.path, 'out/result.json'), 'mine');
    const refused = await bench('plans/plan.yaml', '--out', 'out');
    expect([refused.exitCode, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toMatch(/There is a result in .*out already.*\[output_exists\]/);
    expect(readFileSync(join(here.path, 'out/result.json'), 'utf8')).toBe('mine');
    expect((await bench('plans/plan.yaml', '--out', 'out', '--count', '1', '--force')).exitCode).toBe(0);
    expect(resultIn('out').format).toBe('skein-bench/1');
    expect(readdirSync(join(here.path, 'out'))).toEqual(['report.html', 'result.json']);
  });
});

it('the example’s plan runs offline, and tells the model that is right from the one that is quick', async () => {
  const plan = fileURLToPath(new URL('../../examples/bench/plan.yaml', import.meta.url));
  const ran = await bench(plan, '--count', '12', '--warm-up', '0', '--out', 'out');
  expect(ran.exitCode).toBe(0);
  const [quick, careful] = resultIn('out').targets.map(({ measures }) => measures);
  const { passed, checked } = careful!.success!;
  expect(passed).toBe(checked);
  expect(quick!.success!.checked).toBe(checked);
  expect(quick!.success!.passed).toBeLessThan(checked);
});

describe('skein bench without a plan file', () => {
  it('makes a plan of models and prompts', async () => {
    const flags =
      '--model scripted:plans/model.yaml --model scripted:plans/other.yaml --prompt Write. --prompt Again. ' +
      '--dir plans --at-once 2 --count 4 --out out';
    const ran = await bench(...flags.split(' '));
    expect(ran.exitCode).toBe(0);
    const { plan, prompts } = resultIn('out');
    expect(plan.scenarios[0]).toMatchObject({
      prompts: ['Write.', 'Again.'],
      files: { kind: 'directory', directory: join(here.path, 'plans') },
    });
    expect(plan.arrival).toEqual({ kind: 'closed', atOnce: 2 });
    expect(prompts).toHaveLength(16);
  });
});

describe('a benchmark that ends otherwise', () => {
  it('keeps what was measured until Ctrl-C, and marks it', async () => {
    let sent = false;
    const ran = await skein(
      ['bench', '--model', 'scripted:never.yaml', '--prompt', '{{index}}', '--at-once', '2', '--out', 'out'],
      {
        cwd: here.path,
        onOutput({ stdout }, child) {
          // All that will ever end has ended.
          if (sent || stdout.split('"prompt.ended"').length < 5) return;
          sent = true;
          child.kill('SIGINT');
        },
      },
    );
    expect(ran.exitCode).toBe(130);
    const { marks, prompts } = resultIn('out');
    expect(marks[0]).toEqual({
      code: 'interrupted',
      message: 'The run was interrupted before its end: 2 prompts that had not ended are not counted.',
    });
    expect(prompts.map(({ index }) => index).sort((a, b) => a - b)).toEqual([0, 1, 2, 3]);
    expect(recordsOf(ran).at(-1)).toMatchObject({ type: 'bench.ended', exit: 130 });
  });

  it('is unfinished where a model failed every call, and says why', async () => {
    const ran = await bench('--model', 'scripted:bad.yaml', '--prompt', 'Go.', '--out', 'out');
    expect(ran.exitCode).toBe(1);
    const given = recordsOf(ran).filter(({ type }) => type === 'target.given-up');
    expect(given).toHaveLength(1);
    expect(given[0]!['message']).toContain('401');
    expect(resultIn('out').marks.map(({ code }) => code)).toEqual(['all-failed']);
  });

  it('says with its exit code that a budget was reached', async () => {
    const ran = await bench('plans/plan.yaml', '--budget-turns', '8', '--out', 'out');
    expect(ran.exitCode).toBe(4);
    expect(resultIn('out').marks.map(({ code }) => code)).toContain('budget-reached');
  });
});

describe('a benchmark that is asked for wrongly', () => {
  it.each<[what: string, args: string[], code: string, says: string]>([
    ['nothing', [], 'usage', 'Give a plan file, or at least one --model and one --prompt'],
    ['a plan that is not there', ['no.yaml'], 'input_unreadable', 'no.yaml cannot be read (ENOENT)'],
    ['a script in place of a plan', ['plans/model.yaml'], 'invalid_plan', 'name is missing'],
    ['a prompt beside a plan', ['plans/plan.yaml', '--prompt', 'x'], 'usage', 'make a plan without a file'],
    ['two arrivals', ['plans/plan.yaml', '--at-once', '1', '--rate', '1'], 'usage', 'exclude each other'],
    ['two extents', ['plans/plan.yaml', '--count', '1', '--seconds', '1'], 'usage', 'exclude each other'],
    ['a model without a script', ['--model', 'scripted:', '--prompt', 'x'], 'invalid_plan', 'provider:name'],
    [
      'a script that is not there',
      ['--model', 'scripted:no.yaml', '--prompt', 'x'],
      'script_unreadable',
      'no.yaml',
    ],
    [
      'an unknown provider',
      ['--model', 'nobody:x', '--prompt', 'x'],
      'unknown_provider',
      'no provider "nobody"',
    ],
  ])('%s is told, and nothing is run', async (_, args, code, says) => {
    const ran = await bench(...args, '--out', 'out');
    expect([ran.exitCode, ran.stdout]).toEqual([2, '']);
    expect(ran.stderr).toContain(says);
    expect(ran.stderr).toContain(`[${code}]`);
    expect(existsSync(join(here.path, 'out'))).toBe(false);
  });

  it('a typo is told with the nearest key', async () => {
    writeFileSync(join(here.path, 'typo.yaml'), PLAN.replace('prompt: Write', 'promt: Write'));
    const ran = await bench('typo.yaml');
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toContain('scenarios[0]: unknown key "promt"; did you mean "prompt"?');
  });
});
