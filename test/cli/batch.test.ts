import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FIX_SCRIPT, folder, MAIN, recordsOf, skein } from './run-cli.ts';

const JOB =
  'name: lets\nprompt: Fix {{path}}\neach: { files: "src/*.ts" }\nmodel: scripted:fix.yaml\nconcurrency: 1\n';
let here: ReturnType<typeof folder>;
beforeEach(() => {
  here = folder({
    'src/a.ts': 'const a = 1;\n',
    'src/b.ts': 'const b = 1;\n',
    'src/c.ts': 'var c = 1;\n',
    'jobs/lets.yaml': JOB,
    'jobs/fix.yaml': FIX_SCRIPT,
  });
});
afterEach(() => here.remove());

const file = (path: string): string => readFileSync(join(here.path, path), 'utf8');

describe('skein batch, piped', () => {
  it('writes each session’s records and one of the batch, last', async () => {
    const result = await skein(['batch', 'jobs/lets.yaml'], { cwd: here.path });
    const session = (item: string, tools: string[]): string[] => [
      `session.started ${item}`,
      ...tools.flatMap((tool) => [`tool.ended ${item} ${tool}`, `turn.ended ${item}`]),
      `turn.ended ${item}`,
      `session.ended ${item}`,
    ];
    const records = recordsOf(result);
    expect(
      records.map(({ type, item, name }) =>
        [type, item, type === 'tool.ended' ? name : undefined].filter(Boolean).join(' '),
      ),
    ).toEqual([
      'batch.started',
      ...session('src/a.ts', ['read', 'edit']),
      ...session('src/b.ts', ['read', 'edit']),
      ...session('src/c.ts', ['read']),
      'batch.ended',
    ]);
    expect(records.map(({ v, seq }) => [v, seq])).toEqual(records.map((_, i) => [1, i + 1]));
    expect(records.at(-1)).toMatchObject({
      exit: 0,
      totals: { items: 3, done: 3, files: 2 },
      conflicts: [],
      applied: false,
      error: null,
    });
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it('puts its results where nobody commits them or takes them for sources', async () => {
    const first = await skein(['batch', 'jobs/lets.yaml'], { cwd: here.path });
    const { out, patch } = recordsOf(first).at(-1) as unknown as { out: string; patch: string };
    expect(out.startsWith(join(here.path, '.skein', 'lets-'))).toBe(true);
    expect(readdirSync(out).sort()).toEqual([
      '.gitignore',
      'batch.json',
      'journal.db',
      'merged.patch',
      'patches',
      'report.html',
      'report.json',
    ]);
    expect(readFileSync(patch, 'utf8')).toContain('+let b = 1;');
    expect(file('.skein/.gitignore')).toBe('*\n');

    writeFileSync(join(here.path, 'all.yaml'), JOB.replace('src/*.ts', '**/*.patch'));
    const second = await skein(['batch', 'all.yaml'], { cwd: here.path });
    expect(second.stderr).toContain('[no_match]');
  });

  it('runs only the first items with --limit', async () => {
    const result = await skein(['batch', 'jobs/lets.yaml', '--limit', '1', '--out', 'out'], {
      cwd: here.path,
    });
    expect(recordsOf(result).at(-1)).toMatchObject({
      totals: { items: 1, done: 1 },
      out: join(here.path, 'out'),
    });
  });

  it('writes the files with --write', async () => {
    const result = await skein(['batch', 'jobs/lets.yaml', '--write'], { cwd: here.path });
    expect(recordsOf(result).at(-1)).toMatchObject({ exit: 0, applied: true });
    expect([file('src/a.ts'), file('src/b.ts'), file('src/c.ts')]).toEqual([
      'let a = 1;\n',
      'let b = 1;\n',
      'var c = 1;\n',
    ]);
  });

  it('writes no file at all where one has changed meanwhile', async () => {
    const result = await skein(['batch', 'jobs/lets.yaml', '--write'], {
      cwd: here.path,
      onOutput: ({ stdout }) => {
        if (stdout.includes('batch.started')) writeFileSync(join(here.path, 'src/b.ts'), 'mine\n');
      },
    });
    const last = recordsOf(result).at(-1);
    expect(last).toMatchObject({ exit: 1, applied: false, error: { code: 'disk_changed' } });
    expect(result.exitCode).toBe(1);
    expect([file('src/a.ts'), file('src/b.ts')]).toEqual(['const a = 1;\n', 'mine\n']);
    expect(readFileSync(String(last?.['patch']), 'utf8')).toContain('+let b = 1;');
  });

  it('ends with 1 where an item failed, and keeps the others', async () => {
    writeFileSync(
      join(here.path, 'jobs/fix.yaml'),
      FIX_SCRIPT.replace('rules:', 'rules:\n  - { match: { user: b.ts }, fault: { status: 400 } }'),
    );
    const result = await skein(['batch', 'jobs/lets.yaml'], { cwd: here.path });
    expect(result.exitCode).toBe(1);
    expect(recordsOf(result).at(-1)).toMatchObject({ exit: 1, totals: { done: 2, failed: 1, files: 1 } });
    const ended = recordsOf(result).filter(({ type }) => type === 'session.ended');
    expect(ended.map(({ item, stopReason }) => [item, stopReason])).toEqual([
      ['src/a.ts', 'end'],
      ['src/b.ts', 'model-error'],
      ['src/c.ts', 'end'],
    ]);
  });
});

describe('skein batch whose output fills the disk', () => {
  it.skipIf(!existsSync('/dev/full'))('writes its results, and ends with 1', () => {
    const full = openSync('/dev/full', 'w');
    try {
      const args = [MAIN, 'batch', 'jobs/lets.yaml', '--out', 'out'];
      const { status, stderr } = spawnSync(process.execPath, args, {
        cwd: here.path,
        stdio: ['ignore', full, 'pipe'],
        encoding: 'utf8',
      });
      expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
      expect(file('out/merged.patch')).toContain('+let b = 1;');
    } finally {
      closeSync(full);
    }
  });
});

describe('skein batch that is interrupted', () => {
  const stalls = FIX_SCRIPT.replace('rules:', 'rules:\n  - { match: { user: b.ts }, fault: { stall: 0 } }');

  it('writes what is done and ends with 130', async () => {
    writeFileSync(join(here.path, 'jobs/fix.yaml'), stalls);
    let isSent = false;
    const result = await skein(['batch', 'jobs/lets.yaml', '--write'], {
      cwd: here.path,
      onOutput: ({ stdout }, child) => {
        if (isSent || !/session\.started","item":"src\/b/.test(stdout)) return;
        isSent = true;
        child.kill('SIGINT');
      },
    });
    expect(result.exitCode).toBe(130);
    expect(result.stderr).toBe('skein: ending; Ctrl-C again exits at once\n');
    const last = recordsOf(result).at(-1);
    expect(last).toMatchObject({
      type: 'batch.ended',
      exit: 130,
      interrupted: true,
      applied: false,
      totals: { items: 3, done: 1, cancelled: 1, notStarted: 1 },
    });
    expect(readFileSync(String(last?.['patch']), 'utf8')).toContain('+let a = 1;');
    expect(existsSync(String(last?.['report']))).toBe(true);
    expect(file('src/a.ts')).toBe('const a = 1;\n');
  });
});
