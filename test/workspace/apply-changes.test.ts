import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyChanges } from '../../src/workspace/apply-changes.ts';
import type { FileDifference } from '../../src/workspace/files-view.ts';

let root: string;
let directory: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'skein-apply-'));
  directory = join(root, 'work');
  mkdirSync(join(directory, 'd/e'), { recursive: true });
  writeFileSync(join(directory, 'a'), 'A');
  writeFileSync(join(directory, 'd/e/x'), 'X');
});
afterEach(() => rmSync(root, { recursive: true }));

describe('changes to files that are as the session saw them', () => {
  it('are written: new, changed and deleted ones, and emptied directories go', async () => {
    await applyChanges(directory, [
      change('a', 'A', 'A2'),
      change('d/e/x', 'X', null),
      change('n/m/new', null, 'N'),
    ]);
    expect(treeOf(directory)).toEqual({ a: 'A2', 'n/m/new': 'N' });
    expect(existsSync(join(directory, 'd'))).toBe(false);
  });

  it('may put a file where a directory was, and a directory where a file was', async () => {
    await applyChanges(directory, [
      change('a', 'A', null),
      change('a/b', null, 'B'),
      change('d', null, 'D'),
      change('d/e/x', 'X', null),
    ]);
    expect(treeOf(directory)).toEqual({ 'a/b': 'B', d: 'D' });
  });

  it('are made once: what an attempt that was cut off has done is left as it is', async () => {
    const changes = [change('a', 'A', 'A2'), change('d/e/x', 'X', null), change('n/m/new', null, 'N')];
    await applyChanges(directory, changes);
    writeFileSync(join(directory, 'a'), 'A');
    await applyChanges(directory, changes);
    await applyChanges(directory, changes);
    expect(treeOf(directory)).toEqual({ a: 'A2', 'n/m/new': 'N' });
  });

  it('keep the mode of the file', async () => {
    chmodSync(join(directory, 'a'), 0o755);
    await applyChanges(directory, [change('a', 'A', 'A2')]);
    expect(statSync(join(directory, 'a')).mode & 0o777).toBe(0o755);
  });

  it('keep a mode that the umask would not give', async () => {
    chmodSync(join(directory, 'a'), 0o666);
    await applyChanges(directory, [change('a', 'A', 'A2')]);
    expect(statSync(join(directory, 'a')).mode & 0o777).toBe(0o666);
  });
});

describe('changes to a directory that is another by now', () => {
  const cases: readonly [what: string, spoil: () => void, spoilt: FileDifference, says: string][] = [
    [
      'changed',
      () => writeFileSync(join(directory, 'a'), 'mine'),
      change('a', 'A', 'A2'),
      'a has changed since it was read',
    ],
    ['gone', () => rmSync(join(directory, 'a')), change('a', 'A', 'A2'), 'a is gone since it was read'],
    [
      'new',
      () => writeFileSync(join(directory, 'n'), 'mine'),
      change('n', null, 'N'),
      'n has appeared since it was read',
    ],
    [
      'in the way of a directory',
      () => writeFileSync(join(directory, 'n'), 'mine'),
      change('n/m', null, 'N'),
      'n/m cannot be made: n is a file',
    ],
    [
      'to be where a directory holds more than what goes',
      () => writeFileSync(join(directory, 'd/.env'), 'mine'),
      change('d', null, 'D'),
      'd cannot be made: d/.env is in its way',
    ],
    [
      'to be where a directory holds an empty one',
      () => mkdirSync(join(directory, 'd/empty')),
      change('d', null, 'D'),
      'd cannot be made: d/empty is in its way',
    ],
    [
      'to be where an empty directory is',
      () => mkdirSync(join(directory, 'empty')),
      change('empty', null, 'E'),
      'empty cannot be made: a directory is in its way',
    ],
    [
      'a link',
      () => {
        rmSync(join(directory, 'a'));
        writeFileSync(join(root, 'out'), 'A');
        symlinkSync('../out', join(directory, 'a'));
      },
      change('a', 'A', 'A2'),
      'a is a symbolic link',
    ],
    [
      'behind a link',
      () => symlinkSync('..', join(directory, 'up')),
      change('up/out', null, 'N'),
      'up/out is behind the symbolic link up',
    ],
    [
      'behind a link that was a directory',
      () => {
        rmSync(join(directory, 'd'), { recursive: true });
        mkdirSync(join(root, 'o/e'), { recursive: true });
        writeFileSync(join(root, 'o/e/x'), 'X');
        symlinkSync('../o', join(directory, 'd'));
      },
      change('d/e/x', 'X', 'X2'),
      'd/e/x is behind the symbolic link d',
    ],
  ];

  it.each(cases)('are refused where a file is %s, and none is written', async (_, spoil, spoilt, says) => {
    writeFileSync(join(directory, 'other'), 'O');
    spoil();
    const before = treeOf(root);
    const applied = applyChanges(directory, [
      change('other', 'O', 'O2'),
      ...(spoilt.path === 'd' ? [change('d/e/x', 'X', null)] : []),
      spoilt,
    ]);
    await expect(applied).rejects.toMatchObject({
      code: 'disk_changed',
      message: expect.stringContaining(says),
    });
    expect(treeOf(root)).toEqual(before);
  });
});

function change(path: string, before: string | null, after: string | null): FileDifference {
  const bytes = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text));
  return { path, before: bytes(before), after: bytes(after) };
}

/** Every file under a directory, links not followed. */
function treeOf(top: string): Record<string, string> {
  const entries = readdirSync(top, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(files.map((file) => [file.slice(top.length + 1), readFileSync(file, 'utf8')]));
}
