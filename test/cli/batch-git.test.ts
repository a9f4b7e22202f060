import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { folder, recordsOf, skein, type CliRecord, type CliResult } from './run-cli.ts';

/** `Replace a.txt x y`: writes y where x is. `Write a.txt x`: writes the file anew. */
const SCRIPT = `
rules:
  - match: { turn: 0, user: '^Replace (?<path>\\S+) (?<old>\\S+) (?<new>\\S+)' }
    answer: { calls: [{ name: edit, arguments: { path: '{{path}}', old_string: '{{old}}', new_string: '{{new}}' } }] }
  - match: { turn: 0, user: '^Write (?<path>\\S+) (?<text>\\S+)' }
    answer: { calls: [{ name: write, arguments: { path: '{{path}}', content: "{{text}}\\n" } }] }
  - answer: { text: Done. }
`;
const LINES = Array.from({ length: 9 }, (_, i) => `line ${i + 1}\n`).join('');

let here: ReturnType<typeof folder>;
let env: Record<string, string>;
beforeEach(() => {
  here = folder({
    'repo/pkg/a.txt': LINES,
    'repo/pkg/b.txt': 'b\n',
    'repo/top.txt': 'top\n',
    'script.yaml': SCRIPT,
  });
  writeFileSync(path('gitconfig'), '[user]\nname = Ann Person\nemail = ann@example.org\n');
  env = {
    GIT_CONFIG_GLOBAL: path('gitconfig'),
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CEILING_DIRECTORIES: here.path,
  };
  git('init', '-q', '-b', 'main');
  git('add', '.');
  git('commit', '-q', '-m', 'first');
});
afterEach(() => here.remove());

const path = (...names: string[]): string => join(here.path, ...names);
const git = (...args: string[]): string =>
  execFileSync('git', args, { cwd: path('repo'), env: { ...process.env, ...env }, encoding: 'utf8' });
const read = (name: string): string => readFileSync(path('repo', name), 'utf8');

function batch(prompts: readonly string[], args: readonly string[], extra = {}): Promise<CliResult> {
  const list = prompts.map((prompt, n) => `    - { id: 'row-${n}', prompt: '${prompt}' }`).join('\n');
  writeFileSync(path('job.yaml'), `name: tidy\nprompt: '{{prompt}}'\neach:\n  rows:\n${list}\n`);
  const own = ['batch', 'job.yaml', '--dir', 'repo/pkg', '--out', 'out', '--model', 'scripted:script.yaml'];
  return skein([...own, ...args], { cwd: here.path, env: { ...env, ...extra } });
}
const last = (result: CliResult): CliRecord => recordsOf(result).at(-1)!;

/** Everything of the repository that must stay as it is. */
const untouched = (): unknown => ({
  head: git('symbolic-ref', '-q', 'HEAD'),
  status: git('status', '--porcelain', '--ignored'),
  staged: git('diff', '--cached'),
  unstaged: git('diff'),
});

describe('skein batch --branch', () => {
  it('commits the merged changes on HEAD, and touches neither the files nor the index', async () => {
    chmodSync(path('repo/pkg/b.txt'), 0o755);
    git('commit', '-qam', 'second');
    writeFileSync(path('repo/top.txt'), 'staged\n');
    git('add', 'top.txt');
    const before = untouched();
    const result = await batch(
      ['Replace a.txt 1 one', 'Replace a.txt 9 nine', 'Replace b.txt b B', 'Write new/c.txt c'],
      ['--branch', 'skein/tidy'],
    );
    expect(last(result)).toMatchObject({
      exit: 0,
      branch: 'skein/tidy',
      applied: false,
      error: null,
      conflicts: [],
    });
    expect(untouched()).toEqual(before);
    expect(git('rev-parse', 'skein/tidy').trim()).toBe(last(result)['commit']);
    expect(git('rev-parse', 'skein/tidy^')).toBe(git('rev-parse', 'HEAD'));
    expect(git('show', 'skein/tidy:pkg/a.txt')).toBe(LINES.replace('1', 'one').replace('9', 'nine'));
    expect(
      git('diff', '--raw', '--abbrev=4', 'HEAD', 'skein/tidy').replace(
        / [0-9a-f]+ [0-9a-f]+ (?=[MAD]\t)/g,
        ' ',
      ),
    ).toBe(':100644 100644 M\tpkg/a.txt\n:100755 100755 M\tpkg/b.txt\n:000000 100644 A\tpkg/new/c.txt\n');
    expect(git('log', '-1', '--format=%an <%ae> %cn%n%B', 'skein/tidy')).toBe(
      'Ann Person <ann@example.org> Ann Person\ntidy\n\nBy skein batch: 4 items done.\n\n',
    );
    git('fsck', '--strict');
  });

  it('merges with HEAD what is not committed, as far as the sessions have not changed it', async () => {
    writeFileSync(path('repo/pkg/a.txt'), LINES.replace('line 5', 'mine'));
    const result = await batch(['Replace a.txt 1 one'], ['--branch', 'b']);
    expect(last(result)).toMatchObject({ exit: 0, branch: 'b' });
    expect(git('show', 'b:pkg/a.txt')).toBe(LINES.replace('1', 'one'));
    expect(read('pkg/a.txt')).toBe(LINES.replace('line 5', 'mine'));
  });

  it('takes CRLF on disk for what it is in HEAD', async () => {
    git('config', 'core.autocrlf', 'true');
    writeFileSync(path('repo/pkg/a.txt'), LINES.replaceAll('\n', '\r\n'));
    expect(last(await batch(['Replace a.txt 1 one'], ['--branch', 'b']))).toMatchObject({ exit: 0 });
    expect(git('show', 'b:pkg/a.txt')).toBe(LINES.replace('1', 'one'));
  });

  it.each<[string, () => void, string, string]>([
    [
      'the same line is not committed',
      () => writeFileSync(path('repo/pkg/a.txt'), LINES.replace('line 1', 'my 1')),
      'Replace a.txt 1 one',
      'a.txt is another file in HEAD',
    ],
    [
      'the file is not committed',
      () => writeFileSync(path('repo/pkg/u.txt'), 'u\n'),
      'Replace u.txt u U',
      'u.txt is not in HEAD',
    ],
    [
      'the file is gone on disk only',
      () => execFileSync('rm', [path('repo/pkg/b.txt')]),
      'Write b.txt mine',
      'b.txt is in HEAD, but was not there',
    ],
  ])('makes no branch where %s', async (_, spoil, prompt, problem) => {
    spoil();
    const before = untouched();
    const result = await batch([prompt], ['--branch', 'b']);
    expect(last(result)).toMatchObject({ exit: 1, error: { code: 'git_conflict' } });
    expect(last(result)['branch']).toBe(undefined);
    expect((last(result)['error'] as { message: string }).message).toContain(problem);
    expect(git('branch', '--list', 'b')).toBe('');
    expect(untouched()).toEqual(before);
  });

  it('leaves out what is in conflict, and ends with 1', async () => {
    const result = await batch(
      ['Replace a.txt 1 one', 'Replace a.txt 1 uno', 'Replace b.txt b B'],
      ['--branch', 'b'],
    );
    expect(last(result)).toMatchObject({
      exit: 1,
      branch: 'b',
      conflicts: [
        {
          path: 'a.txt',
          kind: 'content',
          itemIds: ['row-0', 'row-1'],
          hunks: [
            {
              baseLine: 1,
              base: ['line 1'],
              sides: [
                { itemIds: ['row-0'], lines: ['line one'] },
                { itemIds: ['row-1'], lines: ['line uno'] },
              ],
            },
          ],
        },
      ],
    });
    expect(git('diff', '--name-only', 'main', 'b')).toBe('pkg/b.txt\n');
  });

  it('makes no branch where nothing has changed', async () => {
    expect(last(await batch(['Nothing'], ['--branch', 'b']))).toMatchObject({
      exit: 0,
      branch: 'b',
      commit: null,
    });
    expect(git('branch', '--list', 'b')).toBe('');
  });

  it('works on a detached HEAD, runs no hook, and is not led astray by the environment', async () => {
    git('checkout', '-q', '--detach');
    const hook = path('repo/.git/hooks/reference-transaction');
    writeFileSync(hook, `#!/bin/sh\ntouch ${path('hook-ran')}\n`);
    chmodSync(hook, 0o755);
    git('config', 'commit.gpgsign', 'true');
    git('config', 'gpg.program', '/bin/false');
    const result = await batch(['Replace a.txt 1 one'], ['--branch', 'b'], {
      GIT_DIR: path('elsewhere'),
      GIT_INDEX_FILE: path('my-index'),
      GIT_WORK_TREE: '/',
    });
    expect(last(result)).toMatchObject({ exit: 0, branch: 'b' });
    expect([existsSync(path('hook-ran')), existsSync(path('my-index'))]).toEqual([false, false]);
  });

  it('works on a directory that is reached by a symbolic link, and with names that need care', async () => {
    symlinkSync(path('repo/pkg'), path('link'));
    const result = await batch(['Write -ü".txt x'], ['--branch', 'b', '--dir', 'link']);
    expect(last(result)).toMatchObject({ exit: 0 });
    expect(git('-c', 'core.quotePath=false', 'ls-tree', '-z', '--name-only', 'b:pkg')).toContain('-ü".txt\0');
  });

  it.each<[string, () => void, string, string]>([
    ['exists', () => git('branch', 'b'), 'b', 'branch_exists'],
    ['would be beside one of its name', () => git('branch', 'b/c'), 'b', 'branch_exists'],
    ['would be below one', () => git('branch', 'b'), 'b/c', 'branch_exists'],
    ['has a name that git does not take', () => undefined, 'a..b', 'invalid_branch'],
    ['has the name of an option', () => undefined, '-d', 'invalid_branch'],
    ['has no name', () => undefined, '', 'invalid_branch'],
  ])('is refused before anything is run where the branch %s', async (_, spoil, branch, code) => {
    spoil();
    const result = await batch(['Replace a.txt 1 one'], [`--branch=${branch}`]);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toMatch(new RegExp(`^skein: .*\\[${code}\\]\\n$`));
    expect(existsSync(path('out'))).toBe(false);
  });

  it.each<[string, () => void, string, string]>([
    ['no repository', () => execFileSync('rm', ['-r', path('repo/.git')]), 'repo/pkg', 'git_unusable'],
    [
      'a repository without a commit',
      () => {
        mkdirSync(path('fresh'));
        execFileSync('git', ['init', '-q', path('fresh')]);
      },
      'fresh',
      'git_unusable',
    ],
    [
      'a bare repository',
      () =>
        execFileSync('git', ['clone', '-q', '--bare', path('repo'), path('bare')], {
          env: { ...process.env, ...env },
        }),
      'bare',
      'git_unusable',
    ],
    [
      'a repository where nobody can commit',
      () => writeFileSync(path('gitconfig'), '[user]\nuseConfigOnly = true\n'),
      'repo/pkg',
      'git_unusable',
    ],
  ])('is refused before anything is run in %s', async (_, spoil, directory, code) => {
    spoil();
    const result = await batch(['Write x x'], ['--branch', 'b', '--dir', directory]);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toMatch(new RegExp(`^skein: .*\\[${code}\\]\\n$`));
    expect(existsSync(path('out'))).toBe(false);
  });

  it('says so where there is no git', async () => {
    const result = await batch(['Write x x'], ['--branch', 'b'], { PATH: path('nowhere') });
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toContain('[git_missing]');
  });
});

describe('skein batch --worktree', () => {
  it('writes the changes to a new worktree with a branch of its own, not committed', async () => {
    const before = untouched();
    const result = await batch(['Replace a.txt 1 one', 'Write c.txt c'], ['--worktree']);
    const { worktree, branch } = last(result) as unknown as { worktree: string; branch: string };
    expect(last(result)).toMatchObject({ exit: 0, worktree: path('out/worktree') });
    expect(branch).toMatch(/^skein\/tidy-\d{8}T\d{6}-\d+$/);
    expect(git('-C', worktree, 'status', '--porcelain', '--branch')).toBe(
      `## ${branch}\n M pkg/a.txt\n?? pkg/c.txt\n`,
    );
    expect(untouched()).toEqual(before);
  });

  it('makes it where it is told to', async () => {
    const result = await batch(['Replace a.txt 1 one'], ['--worktree', 'tree']);
    expect(last(result)).toMatchObject({ exit: 0, worktree: path('tree') });
    expect(readFileSync(path('tree/pkg/a.txt'), 'utf8')).toBe(LINES.replace('1', 'one'));
  });

  it('leaves neither worktree nor branch where the changes do not go on HEAD', async () => {
    writeFileSync(path('repo/pkg/a.txt'), LINES.replace('line 1', 'my 1'));
    const result = await batch(['Replace a.txt 1 one'], ['--worktree']);
    expect(last(result)).toMatchObject({ exit: 1, error: { code: 'disk_changed' } });
    expect([git('branch', '--list', 'skein/*'), git('worktree', 'list').trim().split('\n').length]).toEqual([
      '',
      1,
    ]);
    expect(existsSync(path('out/worktree'))).toBe(false);
    expect(existsSync(path('out/merged.patch'))).toBe(true);
  });

  it('is refused before anything is run where something is in its place', async () => {
    mkdirSync(path('tree/sub'), { recursive: true });
    const result = await batch(['Replace a.txt 1 one'], ['--worktree', 'tree']);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toContain('[output_exists]');
    expect(existsSync(path('out'))).toBe(false);
  });
});

describe('skein batch --worktree that cannot be made', () => {
  it('is refused before anything is run, below a file', async () => {
    const result = await batch(['Replace a.txt 1 one'], ['--worktree', 'job.yaml/tree']);
    expect([result.exitCode, result.stdout]).toEqual([2, '']);
    expect(result.stderr).toContain('job.yaml takes no new files (ENOTDIR)');
    expect(existsSync(path('out'))).toBe(false);
  });

  it('is refused before anything is run, where a batch that goes on has made one', async () => {
    const first = await batch(
      ['Replace a.txt 1 one', 'Replace a.txt 9 nine'],
      ['--worktree', '--limit', '1'],
    );
    expect(first.exitCode).toBe(0);
    const args = ['batch', 'job.yaml', '--resume', 'out', '--limit', '2', '--worktree'];
    const again = await skein(args, { cwd: here.path, env });
    expect([again.exitCode, again.stdout]).toEqual([2, '']);
    expect(again.stderr).toContain('out/worktree: worktree is there already, and is not empty; name another');
    const elsewhere = await skein([...args, 'tree'], { cwd: here.path, env });
    expect(last(elsewhere)).toMatchObject({ exit: 0, worktree: path('tree') });
  });
});

describe('skein batch --write', () => {
  it('merges with what has changed in a file meanwhile', async () => {
    const list = `name: tidy\nprompt: '{{prompt}}'\neach:\n  rows: [{ id: one, prompt: Replace a.txt 1 one }]\n`;
    writeFileSync(path('job.yaml'), list);
    const args = [
      'batch',
      'job.yaml',
      '--dir',
      'repo/pkg',
      '--out',
      'out',
      '--model',
      'scripted:script.yaml',
      '--write',
    ];
    let isChanged = false;
    const result = await skein(args, {
      cwd: here.path,
      onOutput: ({ stdout }) => {
        if (isChanged || !stdout.includes('batch.started')) return;
        isChanged = true;

        writeFileSync(path('repo/pkg/a.txt'), LINES.replace('line 5', 'mine'));
      },
    });
    expect(last(result)).toMatchObject({
      exit: 0,
      applied: true,
      files: [{ path: 'a.txt', outcome: 'merged' }],
    });
    expect(read('pkg/a.txt')).toBe(LINES.replace('line 5', 'mine').replace('line 1', 'line one'));
  });

  it.each([
    [['--write', '--branch', 'b'], '--write and --branch'],
    [['--branch', 'b', '--worktree'], '--branch and --worktree'],
    [['--write', '--worktree', 'x'], '--write and --worktree'],
  ])('excludes the other places: %j', async (args, names) => {
    const result = await batch(['Write x x'], args);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toContain(`Options ${names} exclude each other`);
    expect(statSync(path('repo')).isDirectory()).toBe(true);
  });
});
