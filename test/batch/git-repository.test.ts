import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GitRepository } from '../../src/batch/git-repository.ts';
import type { FileDifference } from '../../src/workspace/files-view.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'skein-git-test-'));
  git('init', '-q', '-b', 'main');
  git('config', 'user.name', 'Ann');
  git('config', 'user.email', 'ann@example.org');
  mkdirSync(join(directory, 'd'));
  for (const name of ['a', 'd/x', 'd/y']) writeFileSync(join(directory, name), `${name}\n`);
  symlinkSync('a', join(directory, 'link'));
  git('add', '.');
  git('commit', '-q', '-m', 'first');
});
afterEach(() => rmSync(directory, { recursive: true }));

const git = (...args: string[]): string => execFileSync('git', args, { cwd: directory, encoding: 'utf8' });
const text = (content: string | null): Buffer | null => (content === null ? null : Buffer.from(content));
const change = (path: string, before: string | null, after: string | null): FileDifference => ({
  path,
  before: text(before),
  after: text(after),
});
const commit = async (...changes: FileDifference[]): Promise<string | null> =>
  (await GitRepository.open(directory)).commitToBranch('b', changes, 'message\n');

describe('a branch', () => {
  it('has a file where a directory was, and the other way round', async () => {
    await commit(
      change('a', 'a\n', null),
      change('a/b', null, 'new\n'),
      change('d', null, 'file\n'),
      change('d/x', 'd/x\n', null),
      change('d/y', 'd/y\n', null),
    );
    expect(git('ls-tree', '-r', '--name-only', 'b')).toBe('a/b\nd\nlink\n');
    git('fsck', '--strict');
  });

  it('has bytes as they are, whatever filters there are', async () => {
    writeFileSync(join(directory, '.gitattributes'), '* text=auto eol=crlf ident\n');
    const bytes = Uint8Array.of(0, 0xff, 0x0d, 0x0a);
    await commit({ path: 'bin', before: null, after: bytes }, change('t', null, '$Id$\r\n'));
    const shown = execFileSync('git', ['cat-file', 'blob', 'b:bin'], { cwd: directory });
    expect([[...shown], git('cat-file', 'blob', 'b:t')]).toEqual([[...bytes], '$Id$\r\n']);
  });

  it('can have thousands of files', async () => {
    const changes = Array.from({ length: 3_000 }, (_, i) => change(`many/${i}`, null, `${i}\n`));
    await commit(...changes);
    expect(git('ls-tree', '-r', '--name-only', 'b', 'many/').trim().split('\n')).toHaveLength(3_000);
  });

  it('is not made of what is there already', async () => {
    expect(await commit(change('a', 'old\n', 'a\n'), change('gone', 'x', null))).toBe(null);
    expect(git('branch', '--list', 'b')).toBe('');
  });

  it.each<[string, FileDifference, string]>([
    ['a link', change('link', null, 'x'), 'link is a symbolic link or a submodule in HEAD'],
    ['a file that is another one', change('a', 'x\n', 'y\n'), 'a is another file in HEAD'],
    ['a deleted file that is another one', change('a', 'x\n', null), 'a was deleted, but is another file'],
    ['a file that only HEAD has', change('a', null, 'y\n'), 'a is in HEAD, but was not there'],
    [
      'a file that only HEAD has, as a directory',
      change('a/b', null, 'y\n'),
      'a/b cannot be made, because HEAD has a.',
    ],
    [
      'a directory that only HEAD has, as a file',
      change('d', null, 'y\n'),
      'd cannot be made, because HEAD has d/x.',
    ],
    [
      'what a link leads to',
      change('link/b', null, 'y\n'),
      'link/b is behind link, which is a symbolic link or',
    ],
    [
      'what a link led to',
      change('link/b', 'b\n', null),
      'link/b is behind link, which is a symbolic link or',
    ],
  ])('is not made over %s', async (_, difference, problem) => {
    await expect(commit(change('new', null, 'x'), difference)).rejects.toMatchObject({
      code: 'git_conflict',
      message: expect.stringContaining(problem) as string,
    });
    expect(git('branch', '--list', 'b')).toBe('');
  });

  it('that somebody has made meanwhile is left alone', async () => {
    git('branch', 'b');
    await expect(commit(change('a', 'a\n', 'A\n'))).rejects.toMatchObject({ code: 'branch_exists' });
    expect(git('rev-parse', 'b')).toBe(git('rev-parse', 'main'));
  });
});

describe('a worktree', () => {
  it('of a directory that HEAD does not have yet is made with it', async () => {
    mkdirSync(join(directory, 'fresh'));
    const path = join(directory, 'tree');
    const repository = await GitRepository.open(join(directory, 'fresh'));
    const { files } = await repository.addWorktree(path, 'w', [change('n', null, 'n\n')]);
    expect(files).toEqual([{ path: 'n', kind: 'added', outcome: 'written' }]);
    expect(git('-C', path, 'status', '--porcelain', '-uall')).toBe('?? fresh/n\n');
  });

  it.each([
    ['below a file', 'a/tree', change('n', null, 'n\n'), 'git_failed'],
    ['of what does not go on HEAD', 'tree', change('a', 'x\n', 'y\n'), 'disk_changed'],
  ])('that cannot be made, %s, leaves no branch and no worktree', async (_, place, difference, code) => {
    const repository = await GitRepository.open(directory);
    await expect(repository.addWorktree(join(directory, place), 'w', [difference])).rejects.toMatchObject({
      code,
    });
    expect(git('branch', '--list', 'w')).toBe('');
    expect(git('worktree', 'list', '--porcelain').match(/^worktree/gm)).toHaveLength(1);
    expect(git('status', '--porcelain')).toBe('');
  });
});
