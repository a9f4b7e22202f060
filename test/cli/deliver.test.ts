import { execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  chmodSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { folder, MAIN, recordsOf, skein } from './run-cli.ts';

const SCRIPT = `
rules:
  - match: { turn: 0, user: '^Write (?<path>\\S+) (?<text>\\S+)' }
    answer: { calls: [{ name: write, arguments: { path: '{{path}}', content: "{{text}}\\n" } }] }
  - answer: { text: Done. }
`;

let here: ReturnType<typeof folder>;
beforeEach(() => {
  here = folder({ 'a.txt': 'a\n', 'script.yaml': SCRIPT });
});
afterEach(() => here.remove());

const path = (...names: string[]): string => join(here.path, ...names);
const SCRIPTED = ['--model', 'scripted:script.yaml'];

function job(rows: readonly string[]): void {
  const list = rows.map((prompt, n) => `    - { id: 'row-${n}', prompt: '${prompt}' }`).join('\n');
  writeFileSync(path('job.yaml'), `name: rows\nprompt: '{{prompt}}'\neach:\n  rows:\n${list}\n`);
}

describe('a reader that leaves', () => {
  it('costs the batch nothing: its results are written, its exit code is its own', async () => {
    job(Array.from({ length: 12 }, (_, n) => `Write f${n}.txt x`));
    const child = spawn(
      process.execPath,
      [MAIN, 'batch', 'job.yaml', ...SCRIPTED, '--out', 'out', '--json'],
      {
        cwd: here.path,
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    child.stdout.once('data', () => child.stdout.destroy());
    expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(0);
    expect(readFileSync(path('out/merged.patch'), 'utf8').match(/^diff --git/gm)).toHaveLength(12);
    expect(existsSync(path('out/report.html'))).toBe(true);
  });
});

describe('a patch that cannot be written', () => {
  it('is refused before the session, when that can be seen', async () => {
    const result = await skein(['run', 'Write a.txt b', ...SCRIPTED, '--patch', 'nowhere/x.patch'], {
      cwd: here.path,
    });
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toContain('nowhere/x.patch');
  });

  it('is saved elsewhere, when it is seen only afterwards', async () => {
    mkdirSync(path('taken'));
    const result = await skein(['run', 'Write a.txt b', ...SCRIPTED, '--patch', 'taken'], { cwd: here.path });
    expect(result.exitCode).toBe(1);
    const ended = recordsOf(result).filter(({ type }) => type === 'session.ended');
    expect(ended).toHaveLength(1);
    expect(ended[0]).toMatchObject({
      exit: 1,
      applied: false,
      problem: expect.stringContaining('taken') as string,
    });
    expect(readFileSync(ended[0]?.['patchFile'] as string, 'utf8')).toContain('+b');
  });
});

describe('a file that is there but was not shown', () => {
  it('keeps its change out of the merged patch, and the rest is taken', async () => {
    writeFileSync(path('b.bin'), Buffer.from([0, 1, 2]));
    job(['Write new.txt x', 'Write b.bin x']);
    const result = await skein(['batch', 'job.yaml', ...SCRIPTED, '--out', 'out'], { cwd: here.path });
    expect(recordsOf(result).at(-1)).toMatchObject({
      type: 'batch.ended',
      conflicts: [{ path: 'b.bin', kind: 'unseen' }],
    });
    execFileSync('git', ['apply', '--check', 'out/merged.patch'], { cwd: here.path });
    expect(readFileSync(path('out/merged.patch'), 'utf8')).toContain('new.txt');
  });

  it('is not written over by a run', async () => {
    writeFileSync(path('b.bin'), Buffer.from([0, 1, 2]));
    const result = await skein(['run', 'Write b.bin x', ...SCRIPTED, '--write'], { cwd: here.path });
    expect(result.exitCode).toBe(1);
    expect(recordsOf(result).at(-1)).toMatchObject({
      problem: expect.stringContaining('not shown') as string,
    });
    expect([...readFileSync(path('b.bin'))]).toEqual([0, 1, 2]);
  });
});

describe('--write', () => {
  it('is not done while a file is in conflict', async () => {
    job(['Write a.txt x', 'Write a.txt y', 'Write c.txt z']);
    const result = await skein(['batch', 'job.yaml', ...SCRIPTED, '--out', 'out', '--write'], {
      cwd: here.path,
    });
    expect(result.exitCode).toBe(1);
    expect([readFileSync(path('a.txt'), 'utf8'), readFileSync(path('c.txt'), 'utf8')]).toEqual([
      'a\n',
      'z\n',
    ]);
  });

  it('keeps a mode that the umask would not give', async () => {
    chmodSync(path('a.txt'), 0o666);
    expect((await skein(['run', 'Write a.txt b', ...SCRIPTED, '--write'], { cwd: here.path })).exitCode).toBe(
      0,
    );
    expect(statSync(path('a.txt')).mode & 0o777).toBe(0o666);
  });

  it('leaves a directory with unseen files alone that is in the way, and names it', async () => {
    mkdirSync(path('lib'));
    writeFileSync(path('lib/x.bin'), Buffer.from([0]));
    job(['Write aaa.txt x', 'Write lib x']);
    const result = await skein(['batch', 'job.yaml', ...SCRIPTED, '--out', 'out', '--write'], {
      cwd: here.path,
    });
    expect(result.exitCode).toBe(1);
    expect(recordsOf(result).at(-1)).toMatchObject({ conflicts: [{ path: 'lib', kind: 'unseen' }] });
    expect(existsSync(path('aaa.txt'))).toBe(true);
    expect(readdirSync(path('lib'))).toEqual(['x.bin']);
  });
});

describe('the command that takes a patch over', () => {
  it('works from a directory that is reached by a symbolic link', async () => {
    mkdirSync(path('repo/sub'), { recursive: true });
    writeFileSync(path('repo/sub/a.txt'), 'a\n');
    execFileSync('git', ['init', '-q'], { cwd: path('repo') });
    symlinkSync(path('repo/sub'), path('link'));
    job(['Write a.txt changed']);
    const args = ['batch', 'job.yaml', ...SCRIPTED, '--dir', 'link', '--out', 'out'];
    expect((await skein(args, { cwd: here.path })).exitCode).toBe(0);
    const report = JSON.parse(readFileSync(path('out/report.json'), 'utf8')) as {
      merged: { applyCommand: string };
    };
    execFileSync('sh', ['-c', report.merged.applyCommand], { cwd: here.path });
    expect(readFileSync(path('repo/sub/a.txt'), 'utf8')).toBe('changed\n');
  });
});

describe('an output directory where none can be made', () => {
  it('is refused, also below /proc', async () => {
    job(['Write a.txt x']);
    const result = await skein(['batch', 'job.yaml', ...SCRIPTED, '--out', '/proc/nowhere/x'], {
      cwd: here.path,
    });
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain('/proc/nowhere');
  });
});

describe('a job whose skills are not there', () => {
  it('is refused before anything is asked of a model', async () => {
    job(['Write a.txt x']);
    writeFileSync(path('job.yaml'), `${readFileSync(path('job.yaml'), 'utf8')}skills: [nowhere]\n`);
    const result = await skein(['batch', 'job.yaml', ...SCRIPTED, '--out', 'out'], { cwd: here.path });
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain('nowhere is not there. [invalid_job]');
  });
});
