import { spawn } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FIX_SCRIPT, folder, MAIN, recordsOf, skein, type CliRecord, type CliResult } from './run-cli.ts';

let here: ReturnType<typeof folder>;
beforeEach(() => {
  here = folder({
    'src/a.ts': 'const a = 1;\n',
    'src/b.ts': 'const b = 1;\n',
    'fix.yaml': FIX_SCRIPT,
    'job.yaml':
      "name: lets\nprompt: 'Fix {{path}}'\neach: { files: '*.ts' }\nmodel: scripted:fix.yaml\nconcurrency: 1\n",
  });
});
afterEach(() => here.remove());

const BATCH = ['batch', 'job.yaml', '--dir', 'src', '--out', 'out'];
/** Room for a store with its tables, and for the first steps of a session: a full disk, for this process alone. */
const FULL_KIB = 64;

/** Runs the command with a limit on the size of the files that it writes. */
async function onFullDisk(limitKib: number, args: readonly string[]): Promise<CliResult> {
  // `sh` counts in blocks of 512 bytes.
  const limited = ['-c', `ulimit -f ${limitKib * 2}; exec "$@"`, 'sh', process.execPath, MAIN, ...args];
  const child = spawn('sh', limited, { cwd: here.path, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text));
  const exitCode = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { exitCode, ...output };
}

const typesOf = (result: CliResult): string[] =>
  recordsOf(result).flatMap(({ type }) => (/(?:started|\.ended)$/.test(type) ? [type] : []));
const last = (result: CliResult): CliRecord => recordsOf(result).at(-1)!;
const STORE_ERROR = expect.stringMatching(/^stor(?:e|age)_/) as string;

describe.skipIf(process.platform === 'win32')('a store that takes no more', () => {
  it('ends a run with 1 and its one last record', async () => {
    const args = [
      'run',
      'Fix a.ts',
      '--dir',
      'src',
      '--model',
      'scripted:fix.yaml',
      '--store',
      's.db',
      '--write',
    ];
    const result = await onFullDisk(FULL_KIB, args);
    expect(result.exitCode).toBe(1);
    const types = typesOf(result).filter((type) => type.startsWith('session.'));
    expect(types).toEqual(['session.started', 'session.ended']);
    expect(last(result)).toMatchObject({
      type: 'session.ended',
      exit: 1,
      stopReason: null,
      error: { code: STORE_ERROR },
      applied: false,
      patch: '',
    });
    expect(result.stderr).toMatch(/^skein: Store .* \[stor\w+\]\n$/);
  });

  it('stops a batch, which writes what it has, and can be gone on with', async () => {
    const result = await onFullDisk(FULL_KIB, BATCH);
    expect(result.exitCode).toBe(1);
    const types = typesOf(result).filter((type) => !/^(?:tool|turn)/.test(type));
    expect(types).toEqual(['batch.started', 'session.started', 'session.ended', 'batch.ended']);
    expect(last(result)).toMatchObject({
      exit: 1,
      stoppedBy: { code: STORE_ERROR },
      totals: { done: 0, failed: 1, notStarted: 1 },
      resume: 'skein batch job.yaml --resume out',
    });
    expect(existsSync(join(here.path, 'out/report.html'))).toBe(true);
    const again = await skein([...BATCH.slice(0, -2), '--resume', 'out'], { cwd: here.path });
    expect(last(again)).toMatchObject({ exit: 0, totals: { done: 2 } });
  });

  it('from the beginning is an error of the call, and leaves no output directory', async () => {
    const result = await onFullDisk(16, BATCH);
    expect([result.exitCode, result.stdout]).toEqual([2, '']);
    expect(result.stderr).toMatch(/^skein: Store .* \[stor\w+\]\n$/);
    expect(existsSync(join(here.path, 'out'))).toBe(false);
  });
});

describe('results that can be written no more', () => {
  it('break a batch off, with its one last record, and it can be gone on with', async () => {
    let isTaken = false;
    const result = await skein(BATCH, {
      cwd: here.path,
      onOutput: ({ stdout }) => {
        if (isTaken || !stdout.includes('"session.started"')) return;
        isTaken = true;
        rmSync(join(here.path, 'out/patches'), { recursive: true });
        writeFileSync(join(here.path, 'out/patches'), 'a file');
      },
    });
    expect(result.exitCode).toBe(1);
    expect(last(result)).toMatchObject({
      type: 'batch.ended',
      exit: 1,
      error: { code: 'output_unwritable', message: expect.stringContaining('ENOTDIR') as string },
    });
    expect(typesOf(result).filter((type) => type === 'batch.ended')).toHaveLength(1);
    expect(result.stderr).toMatch(
      /^skein: Results cannot be written to .*ENOTDIR.* \[output_unwritable\]\n$/,
    );
    rmSync(join(here.path, 'out/patches'));
    const again = await skein([...BATCH.slice(0, -2), '--resume', 'out'], { cwd: here.path });
    expect(last(again)).toMatchObject({ exit: 0, totals: { done: 2 } });
  });
});
