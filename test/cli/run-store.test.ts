import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../../src/journal/open-store.ts';
import { FIX_SCRIPT, folder, recordsOf, skein, type CliRecord, type CliResult } from './run-cli.ts';

let here: ReturnType<typeof folder>;
beforeEach(() => {
  here = folder({
    'src/a.ts': 'const a = 1;\n',
    'src/b.ts': 'const b = 1;\n',
    'fix.yaml': FIX_SCRIPT,
    'notes.txt': 'no database\n'.repeat(100),
  });
});
afterEach(() => here.remove());

const KEPT = ['--store', 'sqlite:s.db', '--session', 'one'];
const run = (prompt: string, ...args: string[]): Promise<CliResult> =>
  skein(['run', prompt, '--dir', 'src', ...args], { cwd: here.path });
const last = (result: CliResult): CliRecord => recordsOf(result).at(-1)!;
const file = (path: string): string => readFileSync(join(here.path, path), 'utf8');

describe('skein run on a store', () => {
  it('goes on with a session in a later run: its conversation, its files, its model', async () => {
    await run('Fix a.ts', '--model', 'scripted:fix.yaml', ...KEPT);
    const second = await run('Fix b.ts', ...KEPT);
    expect(last(second)).toMatchObject({ exit: 0, files: [{ path: 'b.ts' }] });
    const shown = await skein(['show', 'one', '--store', 's.db'], { cwd: here.path });
    const prompts = recordsOf(shown).filter(({ type }) => type === 'prompt.ended');
    expect(prompts).toHaveLength(2);
    await skein(['export', 'one', '--store', 's.db', '--out', 'out'], { cwd: here.path });
    expect([file('out/files/a.ts'), file('out/files/b.ts')]).toEqual(['let a = 1;\n', 'let b = 1;\n']);
  });

  it('writes what this run has changed, over what an earlier one has written', async () => {
    await run('Fix a.ts', '--model', 'scripted:fix.yaml', '--write', ...KEPT);
    const second = await run('Fix b.ts', '--write', ...KEPT);
    expect(last(second)).toMatchObject({ exit: 0, applied: true, problem: null });
    expect([file('src/a.ts'), file('src/b.ts')]).toEqual(['let a = 1;\n', 'let b = 1;\n']);
  });

  it('finishes first what a killed run was in the middle of', async () => {
    writeFileSync(
      join(here.path, 'fix.yaml'),
      FIX_SCRIPT.replace('rules:', 'rules:\n  - { match: { user: a.ts, tool: read }, fault: { stall: 0 } }'),
    );
    const killed = await skein(['run', 'Fix a.ts', '--dir', 'src', '--model', 'scripted:fix.yaml', ...KEPT], {
      cwd: here.path,
      onOutput: ({ stdout }, child) => {
        if (stdout.includes('tool.ended')) child.kill('SIGKILL');
      },
    });
    expect(killed.exitCode).toBe(null);
    writeFileSync(join(here.path, 'fix.yaml'), FIX_SCRIPT);
    expect(last(await run('Fix b.ts', ...KEPT, '--write'))).toMatchObject({ exit: 0, applied: true });
    expect([file('src/a.ts'), file('src/b.ts')]).toEqual(['let a = 1;\n', 'let b = 1;\n']);
  });

  it('refuses an option that the session was not started with', async () => {
    await run('Fix a.ts', '--model', 'scripted:fix.yaml', ...KEPT);
    const refused = await run('Fix b.ts', ...KEPT, '--max-turns', '3');
    expect(refused.stderr).toMatch(
      /^skein: Session one goes on as it was started.*--max-turns.* \[usage\]\n$/,
    );
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
  });

  it.each([
    ['a directory', 'sqlite:src', 'store_unusable'],
    ['in a directory that is not there', 'sqlite:nowhere/s.db', 'store_unusable'],
    ['in a place that cannot be written', 'sqlite:/proc/s.db', 'store_unusable'],
    ['no database', 'sqlite:notes.txt', 'store_foreign'],
    ['the memory', 'memory', 'usage'],
    ['no place', 'sqlite:', 'invalid_option'],
  ])('that is %s says so and ends with 2', async (_, store, code) => {
    const result = await run('Fix a.ts', '--model', 'scripted:fix.yaml', '--store', store);
    expect(result.stderr).toMatch(new RegExp(`^skein: .* \\[${code}\\]\\n$`));
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(file('notes.txt')).toBe('no database\n'.repeat(100));
  });

  it('that another process holds says so and ends with 2', async () => {
    const owner = await openStore(`sqlite:${join(here.path, 's.db')}`);
    try {
      const result = await run('Fix a.ts', '--model', 'scripted:fix.yaml', ...KEPT);
      expect(result.stderr).toMatch(/^skein: .* \[store_locked\]\n$/);
      expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    } finally {
      await owner.close();
    }
  });

  it('is needed where a session is named', async () => {
    const result = await run('Fix a.ts', '--model', 'scripted:fix.yaml', '--session', 'one');
    expect(result.stderr).toContain('give --store too. [usage]');
    expect(result.exitCode).toBe(2);
    expect(existsSync(join(here.path, 's.db'))).toBe(false);
  });
});

describe('skein run --write on a session that goes on', () => {
  it('writes what an earlier run left unwritten, and shows what this one did', async () => {
    await run('Fix a.ts', '--model', 'scripted:fix.yaml', ...KEPT);
    expect(file('src/a.ts')).toBe('const a = 1;\n');
    const second = await run('Fix b.ts', '--write', ...KEPT);
    expect(last(second)).toMatchObject({ exit: 0, applied: true, files: [{ path: 'b.ts' }] });
    expect([file('src/a.ts'), file('src/b.ts')]).toEqual(['let a = 1;\n', 'let b = 1;\n']);
  });

  it('writes it though this run has changed nothing', async () => {
    await run('Fix a.ts', '--model', 'scripted:fix.yaml', ...KEPT);
    expect(last(await run('Nothing', '--write', ...KEPT))).toMatchObject({
      exit: 0,
      applied: true,
      files: [],
    });
    expect(file('src/a.ts')).toBe('let a = 1;\n');
  });

  it('changes again a line that an earlier run has written, and a file that it has made', async () => {
    writeFileSync(join(here.path, 'fix.yaml'), WRITES);
    await run('Write a.ts one', '--model', 'scripted:fix.yaml', '--write', ...KEPT);
    await run('Write new.ts one', '--write', ...KEPT);
    expect(last(await run('Write a.ts two', '--write', ...KEPT))).toMatchObject({ exit: 0, applied: true });
    expect(last(await run('Write new.ts two', '--write', ...KEPT))).toMatchObject({ exit: 0, applied: true });
    expect([file('src/a.ts'), file('src/new.ts')]).toEqual(['two\n', 'two\n']);
  });

  it('puts back what an earlier run has written', async () => {
    writeFileSync(join(here.path, 'fix.yaml'), WRITES);
    writeFileSync(join(here.path, 'src/a.ts'), 'zero\n');
    await run('Write a.ts one', '--model', 'scripted:fix.yaml', '--write', ...KEPT);
    expect(file('src/a.ts')).toBe('one\n');
    await run('Write a.ts zero', '--write', ...KEPT);
    expect(file('src/a.ts')).toBe('zero\n');
  });

  it('refuses where somebody else has changed the same line meanwhile', async () => {
    await run('Fix a.ts', '--model', 'scripted:fix.yaml', ...KEPT);
    writeFileSync(join(here.path, 'src/a.ts'), 'mine\n');
    expect(last(await run('Fix b.ts', '--write', ...KEPT))).toMatchObject({ exit: 1, applied: false });
    expect([file('src/a.ts'), file('src/b.ts')]).toEqual(['mine\n', 'const b = 1;\n']);
  });

  it('saves everything that is not written as a patch, also where this run has changed nothing', async () => {
    await run('Fix a.ts', '--model', 'scripted:fix.yaml', ...KEPT);
    writeFileSync(join(here.path, 'src/a.ts'), 'mine\n');
    const ended = last(await run('Nothing', '--write', ...KEPT));
    expect(ended).toMatchObject({ exit: 1, applied: false, files: [] });
    expect(readFileSync(String(ended['patchFile']), 'utf8')).toContain('-const a = 1;\n+let a = 1;\n');
  });
});

const WRITES = `
rules:
  - match: { turn: 0, user: '^Write (?<path>\\S+) (?<text>\\S+)$' }
    answer: { calls: [{ name: write, arguments: { path: '{{path}}', content: "{{text}}\\n" } }] }
  - answer: { text: Done. }
`;
