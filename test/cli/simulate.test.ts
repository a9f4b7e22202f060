import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Report } from '../../src/batch/report.ts';
import { FIX_SCRIPT, folder, recordsOf, skein, type CliResult } from './run-cli.ts';

const JOB =
  'name: lets\nprompt: Fix {{path}}\neach: { files: "src/*.js" }\nmodel: openai:any-model\nconcurrency: 12\n';
const FILES = Object.fromEntries(
  Array.from({ length: 24 }, (_, i) => [`src/f${String(i).padStart(2, '0')}.js`, `const x${i} = 1;\n`]),
);
let here: ReturnType<typeof folder>;
beforeEach(() => {
  here = folder({ 'job.yaml': JOB, 'fix.yaml': FIX_SCRIPT, ...FILES });
});
afterEach(() => here.remove());

function simulate(profile: string, ...args: string[]): Promise<CliResult> {
  writeFileSync(join(here.path, 'profile.yaml'), profile);
  return skein(['batch', 'job.yaml', '--simulate', 'profile.yaml', '--out', 'out', ...args], {
    cwd: here.path,
  });
}

const report = (): Report => JSON.parse(readFileSync(join(here.path, 'out/report.json'), 'utf8')) as Report;

describe('skein batch --simulate', () => {
  it('keeps to 60 requests a minute: what is too much waits at the gate, and nothing fails', async () => {
    const result = await simulate('{ speed: 12, limits: { requestsPerMinute: 60 }, answers: fix.yaml }');
    expect(result.exitCode).toBe(0);
    const { totals, simulated, durationMs } = report();
    expect(totals).toMatchObject({ done: 24, failed: 0, files: 24, turns: 72 });
    // 72 requests at 60 a minute are over in the second minute at the soonest.
    expect(durationMs).toBeGreaterThan(60_000);
    expect(simulated?.gate.waits).toBeGreaterThan(0);
    expect(simulated?.gate.waitedMs).toBeGreaterThan(0);
    expect(simulated?.provider.requests).toBe(
      72 + Object.values(simulated?.retries ?? {}).reduce((a, b) => a + b, 0),
    );
  });

  it('ends well with a provider that fails now and then, and counts what was done again', async () => {
    const faults =
      '[{ kind: overloaded, share: 0.1 }, { kind: cut, share: 0.1 }, { kind: malformed, share: 0.1 }]';
    const result = await simulate(`{ speed: 60, seed: 7, faults: ${faults}, answers: fix.yaml }`);
    expect(result.exitCode).toBe(0);
    const { totals, simulated } = report();
    expect(totals).toMatchObject({ done: 24, files: 24 });
    const { overloaded = 0, connect = 0, 'bad-response': malformed = 0 } = simulated?.retries ?? {};
    for (const retries of [overloaded, connect, malformed]) expect(retries).toBeGreaterThan(0);
    expect(simulated?.provider.struck).toBe(overloaded + connect + malformed);
  });

  it('needs no key, asks nobody, and says loudly that all of it is made up', async () => {
    const result = await simulate('{ speed: 50, prices: { input: 100, output: 200 } }');
    expect(result.stderr).toBe(
      'skein: simulated with the profile profile, 50 simulated minutes in one real minute; no language model is asked, and nothing is paid\n',
    );
    const { simulated, totals, model } = report();
    expect(model).toBe('openai:any-model');
    expect(simulated).toMatchObject({
      name: 'profile',
      speed: 50,
      profile: { prices: { input: 100, output: 200 } },
      provider: { requests: 72, struck: 0 },
    });
    const { inputTokens, outputTokens, cost } = totals.usage;
    expect(cost).toMatchObject({ basis: 'table', unpriced: 0 });
    expect(cost.usd).toBeCloseTo((inputTokens * 100 + outputTokens * 200) / 1e6, 6);
    const records = recordsOf(result);
    expect(records[0]).toMatchObject({ type: 'batch.started', simulated: { name: 'profile', speed: 50 } });
    expect(records.at(-1)).toMatchObject({ type: 'batch.ended', applied: false, simulated: { speed: 50 } });
    const html = readFileSync(join(here.path, 'out/report.html'), 'utf8');
    expect(html).toContain(
      'Simulated with the profile profile: no language model was used. Replies and changes are made up, and the cost is an estimate by the prices of the profile. It took',
    );
    expect(html).not.toContain('To take the changes over');
    expect(readFileSync(join(here.path, 'src/f00.js'), 'utf8')).toBe('const x0 = 1;\n');
  });

  it.each([['--write'], ['--branch', 'b'], ['--worktree'], ['--record', 'tape']])(
    'refuses %s, and begins nothing',
    async (...args) => {
      const result = await simulate('{}', ...args);
      expect(result.exitCode).toBe(2);
      expect(result.stderr).toContain(`Options --simulate and ${args[0]} exclude each other`);
      expect(existsSync(join(here.path, 'out'))).toBe(false);
    },
  );

  it('goes on with a simulated batch only with --simulate, and with no other', async () => {
    await simulate('{ answers: { behaviour: text } }', '--limit', '2');
    const real = await skein(['batch', 'job.yaml', '--resume', 'out', '--write'], { cwd: here.path });
    expect(real.exitCode).toBe(2);
    expect(real.stderr).toContain('was simulated, and can only go on with --simulate');
    const again = await skein(
      ['batch', 'job.yaml', '--resume', 'out', '--simulate', 'profile.yaml', '--limit', '4'],
      {
        cwd: here.path,
      },
    );
    expect(recordsOf(again).at(-1)).toMatchObject({ exit: 0, totals: { items: 4, done: 4 } });

    writeFileSync(join(here.path, 'real.yaml'), JOB.replace('openai:any-model', 'scripted:fix.yaml'));
    await skein(['batch', 'real.yaml', '--out', 'real', '--limit', '1'], { cwd: here.path });
    const mixed = await skein(['batch', 'real.yaml', '--resume', 'real', '--simulate', 'flaky'], {
      cwd: here.path,
    });
    expect(mixed.exitCode).toBe(2);
    expect(mixed.stderr).toContain('was not simulated, and cannot go on so');
  });
});

describe('examples/simulate', () => {
  it('runs offline, with real edits, as its first lines say', async () => {
    const root = fileURLToPath(new URL('../..', import.meta.url));
    const profile = 'examples/simulate/sixty-a-minute.yaml';
    const command = /skein (batch .*?)\n# +(--simulate \S+)/.exec(
      readFileSync(join(root, profile), 'utf8').replaceAll('\\\n#', '\n#'),
    );
    const args = `${command?.[1]} ${command?.[2]}`.split(/\s+/);
    const out = join(here.path, 'out');
    const result = await skein([...args, '--limit', '12', '--out', out], { cwd: root });
    expect(result.exitCode).toBe(0);
    const { totals, simulated } = report();
    expect(totals).toMatchObject({ done: 12, failed: 0 });
    expect(totals.files).toBeGreaterThan(0);
    expect(totals.usage.cost.usd).toBeGreaterThan(0);
    expect(simulated?.name).toBe('sixty-a-minute');
  });
});

describe('a profile that cannot be used', () => {
  const refused = async (simulated: string, model = 'openai:m'): Promise<string> => {
    const args = ['batch', 'job.yaml', '--out', 'out', '--model', model, '--simulate', simulated];
    const result = await skein(args, { cwd: here.path });
    expect(result.exitCode).toBe(2);
    expect(existsSync(join(here.path, 'out'))).toBe(false);
    return result.stderr;
  };

  it('names the ready profile that was meant', async () => {
    expect(await refused('flakey')).toContain(
      'There is no profile called flakey, and no such file. Did you mean "flaky"?',
    );
  });

  it('names the file that is not there', async () => {
    expect(await refused('no/such.yaml')).toContain('Profile no/such.yaml cannot be read (ENOENT)');
    writeFileSync(join(here.path, 'p.yaml'), 'answers: missing.yaml');
    expect(await refused('p.yaml')).toContain('missing.yaml cannot be read');
  });

  it('is refused for a recording, and for a script beside its own', async () => {
    writeFileSync(join(here.path, 'p.yaml'), 'answers: fix.yaml');
    expect(await refused('p.yaml', 'scripted:fix.yaml')).toContain('has answers of its own, and so has');
    expect(await refused('flaky', 'replay:tape')).toContain('is a recording');
  });
});
