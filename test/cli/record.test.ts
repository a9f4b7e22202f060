import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FIX_SCRIPT, folder, recordsOf, skein } from './run-cli.ts';

const JOB = `
name: lets
prompt: 'Fix {{path}}'
each: { files: ['*.js'] }
`;

let place: ReturnType<typeof folder>;
beforeEach(() => {
  place = folder({
    'script.yaml': FIX_SCRIPT,
    'job.yaml': JOB,
    'src/a.js': 'const a = 1;\n',
    'src/b.js': 'const b = 2;\n',
  });
});
afterEach(() => place.remove());

const run = (...args: string[]) => skein(args, { cwd: place.path });
const read = (name: string): string => readFileSync(join(place.path, name), 'utf8');

describe('skein run --record', () => {
  it('keeps what the model says: replay:DIR gives the same patch without it', async () => {
    const fix = ['run', 'Fix a.js', '--dir', 'src'];
    const first = await run(
      ...fix,
      '--model',
      'scripted:script.yaml',
      '--record',
      'tape',
      '--patch',
      'a.patch',
    );
    expect(first).toMatchObject({ exitCode: 0 });
    rmSync(join(place.path, 'script.yaml'));
    const again = await run(...fix, '--model', 'replay:tape', '--patch', 'b.patch');
    expect(again).toMatchObject({ exitCode: 0 });
    expect(again.stderr).toContain('replaying');
    expect(read('b.patch')).toBe(read('a.patch'));
    expect(read('b.patch')).toContain('+let a = 1;');
  });

  it('says what differs first when something else is asked', async () => {
    const model = ['--dir', 'src', '--json', '--model'];
    await run('run', 'Fix a.js', ...model, 'scripted:script.yaml', '--record', 'tape');
    const again = await run('run', 'Fix b.js', ...model, 'replay:tape');
    expect(again.exitCode).toBe(1);
    const error = JSON.stringify(recordsOf(again).at(-1)?.['error']);
    expect(error).toContain('not-recorded');
    expect(error).toMatch(/messages\[\d\]\.content/);
  });

  it('refuses a directory that holds something else, and a replay of nothing', async () => {
    writeFileSync(join(place.path, 'note.txt'), 'mine');
    const mine = await run('run', 'x', '--model', 'scripted:script.yaml', '--record', '.');
    expect(mine.exitCode).not.toBe(0);
    expect(mine.stderr).toContain('recording_');
    const none = await run('run', 'x', '--model', 'replay:nowhere');
    expect(none.exitCode).not.toBe(0);
    expect(none.stderr).toContain('recording_missing');
  });
});

describe('skein batch --record', () => {
  it('is replayed to the same merged patch', async () => {
    const batch = ['batch', 'job.yaml', '--dir', 'src', '--model'];
    const first = await run(...batch, 'scripted:script.yaml', '--record', 'tape', '--out', 'one');
    expect(first).toMatchObject({ exitCode: 0 });
    rmSync(join(place.path, 'script.yaml'));
    const again = await run(...batch, 'replay:tape', '--out', 'two');
    expect(again).toMatchObject({ exitCode: 0 });
    expect(read('two/merged.patch')).toContain('+let b = 2;');
    expect(read('two/merged.patch')).toBe(read('one/merged.patch'));
  });
});
