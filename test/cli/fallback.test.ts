import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startScriptedModel, type ScriptedModelServer } from '../../src/model/scripted/server.ts';
import { folder, recordsOf, skein, type CliResult } from './run-cli.ts';

const JOB = 'name: lets\nprompt: Fix {{path}}\neach: { files: "src/*.ts" }\nmodel: down:m\nconcurrency: 1\n';
let here: ReturnType<typeof folder>;
let down: ScriptedModelServer;
let up: ScriptedModelServer;
beforeEach(async () => {
  here = folder({
    'src/a.ts': 'const a = 1;\n',
    'src/b.ts': 'const b = 1;\n',
    'none.yaml': JOB,
    'job.yaml': `${JOB}fallback: [up:of-job]\n`,
  });
  // Its key is refused, which would come again.
  down = await startScriptedModel({ rules: [{ fault: { status: 401 } }] });
  up = await startScriptedModel({ rules: [{ answer: { text: 'Done.' } }] });
});
afterEach(async () => {
  await Promise.all([down.close(), up.close()]);
  here.remove();
});

const run = (...args: string[]): Promise<CliResult> =>
  skein([...args, '--provider', `down=${down.baseURL}`, '--provider', `up=${up.baseURL}`], {
    cwd: here.path,
  });
const fellBackTo = (result: CliResult): unknown[] =>
  recordsOf(result).flatMap(({ type, to }) => (type === 'model.fell-back' ? [to] : []));

describe('--fallback', () => {
  it('names who is asked when a run’s model gives no answer, in the order given', async () => {
    const result = await run('run', 'x', '--model', 'down:m', '--fallback', 'down:n', '--fallback', 'up:m');
    expect(fellBackTo(result)).toEqual(['down:n', 'up:m']);
    expect(result.exitCode).toBe(0);
  });

  it('wins over the job’s, and is kept for the runs that go on with the batch', async () => {
    const first = await run('batch', 'job.yaml', '--out', 'out', '--limit', '1', '--fallback', 'up:given');
    expect(fellBackTo(first)).toEqual(['up:given']);
    const second = await run('batch', 'job.yaml', '--resume', 'out', '--limit', '2');
    expect(fellBackTo(second)).toEqual(['up:given']);
    expect([first.exitCode, second.exitCode]).toEqual([0, 0]);
  });
});

describe('a job’s fallback', () => {
  it('is asked when the job’s model gives no answer; without one the items fail', async () => {
    const result = await run('batch', 'job.yaml', '--out', 'out');
    expect(fellBackTo(result)).toEqual(['up:of-job', 'up:of-job']);
    expect(result.exitCode).toBe(0);
    const without = await run('batch', 'none.yaml', '--out', 'other');
    expect(fellBackTo(without)).toEqual([]);
    expect(without.exitCode).toBe(1);
  });
});
