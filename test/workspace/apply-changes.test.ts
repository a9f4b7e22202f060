import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyChanges, type ApplyOptions } from '../../src/workspace/apply-changes.ts';
import type { AppliedFile, ConflictRule } from '../../src/workspace/apply-plan.ts';
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
    const again = await applyChanges(directory, changes);
    expect(again.files.map(({ outcome }) => outcome)).toEqual(['written', 'unchanged', 'unchanged']);
    await applyChanges(directory, changes);
    expect(treeOf(directory)).toEqual({ a: 'A2', 'n/m/new': 'N' });
  });

  it('are made once, also where a directory is what they left in place of a file', async () => {
    const changes = [change('a', 'A', null), change('a/b', null, 'B')];
    await applyChanges(directory, changes);
    const { files } = await applyChanges(directory, changes);
    expect(files.map(({ outcome }) => outcome)).toEqual(['unchanged', 'unchanged']);
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
      'n is there already, and the session did not see it',
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

describe('a file that has changed on disk and in the session', () => {
  const base = '1\n2\n3\n4\n5\n';
  const ours = '1\n2\n3\n4\nfive\n';
  const session = change('t', base, ours);
  /** Beside it, one that goes without trouble. */
  const both = [change('a', 'A', 'A2'), session];
  const apart = 'one\n2\n3\n4\n5\n';
  const together = '1\n2\n3\n4\nFIVE\n';

  it.each<[rule: ConflictRule, disk: string, result: string, outcome: Partial<AppliedFile> | 'refused']>([
    ['merge', base, ours, { outcome: 'written' }],
    ['merge', ours, ours, { outcome: 'unchanged' }],
    ['merge', apart, 'one\n2\n3\n4\nfive\n', { outcome: 'merged' }],
    ['merge', 'one\n2\n3\n4\nfive\n', 'one\n2\n3\n4\nfive\n', { outcome: 'unchanged' }],
    ['merge', together, together, 'refused'],
    ['merge', `${base}\0`, `${base}\0`, 'refused'],
    ['refuse', base, ours, { outcome: 'written' }],
    ['refuse', ours, ours, { outcome: 'unchanged' }],
    ['refuse', apart, apart, 'refused'],
    ['skip', apart, 'one\n2\n3\n4\nfive\n', { outcome: 'merged' }],
    [
      'skip',
      together,
      together,
      {
        outcome: 'skipped',
        problem: 'has changed since it was read, where the session changed it too (line 5)',
      },
    ],
    ['overwrite', apart, ours, { outcome: 'overwritten', problem: 'has changed since it was read' }],
    ['overwrite', ours, ours, { outcome: 'unchanged' }],
  ])('under the rule %s, with %j on disk, becomes %j', async (conflict, disk, result, outcome) => {
    writeFileSync(join(directory, 't'), disk);
    if (outcome === 'refused') {
      await expect(applyChanges(directory, both, { conflict })).rejects.toMatchObject({
        code: 'disk_changed',
        problems: [{ path: 't', problem: expect.stringContaining('has changed since it was read') }],
      });
    } else {
      const planned = await applyChanges(directory, both, { conflict, check: true });
      expect(treeOf(directory)).toMatchObject({ a: 'A', t: disk });
      const report = await applyChanges(directory, both, { conflict });
      expect(report).toEqual({
        directory: realpathSync(directory),
        checked: false,
        files: [
          { path: 'a', kind: 'modified', outcome: 'written' },
          { path: 't', kind: 'modified', ...outcome },
        ],
        leftovers: [],
      });
      expect(planned).toEqual({ ...report, checked: true });
    }
    expect(treeOf(directory)).toEqual({ a: outcome === 'refused' ? 'A' : 'A2', 'd/e/x': 'X', t: result });
  });

  it.each<[what: string, disk: string | null, wanted: FileDifference, lost: string]>([
    ['that is gone', null, session, 'is gone since it was read'],
    ['that the session deleted', apart, change('t', base, null), 'has changed since it was read'],
    // One that was left out of the base, such as .env, has been there all the time.
    ['that both made', apart, change('t', null, ours), 'is there already, and the session did not see it'],
  ])('is never merged where it is one %s', async (_, disk, wanted, problem) => {
    if (disk !== null) writeFileSync(join(directory, 't'), disk);
    const before = treeOf(directory);
    for (const conflict of ['merge', 'refuse'] as const)
      await expect(applyChanges(directory, [wanted], { conflict })).rejects.toMatchObject({
        problems: [{ problem }],
      });
    const skipped = await applyChanges(directory, [wanted], { conflict: 'skip' });
    expect(skipped.files).toMatchObject([{ outcome: 'skipped', problem }]);
    expect(treeOf(directory)).toEqual(before);
    const overwritten = await applyChanges(directory, [wanted], { conflict: 'overwrite' });
    expect(overwritten.files).toMatchObject([{ outcome: 'overwritten', problem }]);
    expect(treeOf(directory)['t']).toBe(wanted.after?.toString());
  });

  it('is not merged where it is no UTF-8', async () => {
    const latin1 = Buffer.from(apart.replace('one', '\u00e9'), 'latin1');
    writeFileSync(join(directory, 't'), latin1);
    await expect(applyChanges(directory, both)).rejects.toMatchObject({
      problems: [{ problem: 'has changed since it was read, and is no text that could be merged' }],
    });
    expect(readFileSync(join(directory, 't'))).toEqual(latin1);
  });

  it('is compared where it is too large to be merged', async () => {
    const [before, after] = ['1', '2'].map((line) => `${line}\n`.repeat(9_000_000));
    writeFileSync(join(directory, 't'), before!);
    const large = change('t', before!, after!);
    expect((await applyChanges(directory, [large])).files).toMatchObject([{ outcome: 'written' }]);
    expect((await applyChanges(directory, [large])).files).toMatchObject([{ outcome: 'unchanged' }]);
    const shorter = change('t', before!, after!.slice(2));
    await expect(applyChanges(directory, [shorter])).rejects.toMatchObject({
      problems: [{ problem: 'has changed since it was read, and is too large to merge' }],
    });
    expect((await applyChanges(directory, [change('t', '1', after!)])).files).toMatchObject([
      { outcome: 'unchanged' },
    ]);
  });

  it('is too large to be read when it is, and is not', async () => {
    writeFileSync(join(directory, 't'), '');
    truncateSync(join(directory, 't'), 5_000_000_000);
    await expect(applyChanges(directory, [session])).rejects.toMatchObject({ code: 'disk_changed' });
    await applyChanges(directory, [session], { conflict: 'overwrite' });
    expect(readFileSync(join(directory, 't'), 'utf8')).toBe(ours);
  });
});

describe('a file that git checked out with other line ends', () => {
  const base = '1\n2\n3\n';
  const crlf = '1\r\n2\r\n3\r\n';

  it.each<[what: string, disk: string, wanted: FileDifference, result: string | undefined, outcome: string]>([
    [
      'gets the session’s change in its own',
      crlf,
      change('t', base, '1\n2\nthree\n'),
      '1\r\n2\r\nthree\r\n',
      'merged',
    ],
    [
      'keeps what changed there',
      '1\r\n\r\n2\r\n3\r\n',
      change('t', base, '1\n2\n3\n4\n'),
      '1\r\n\r\n2\r\n3\r\n4\r\n',
      'merged',
    ],
    [
      'is changed the other way round, too',
      base,
      change('t', crlf, '1\r\n2\r\n3\r\n4'),
      '1\n2\n3\n4',
      'merged',
    ],
    [
      'keeps ends of both kinds',
      '1\r\n2\n3\n',
      change('t', base, '1\n2\n3\n4\n'),
      '1\r\n2\n3\n4\n',
      'merged',
    ],
    ['is deleted', crlf, change('t', base, null), undefined, 'written'],
    ['is there already', crlf, change('t', null, base), crlf, 'unchanged'],
    ['is changed already', crlf, change('t', 'old\n', base), crlf, 'unchanged'],
    ['has the ends that the session gave it', base, change('t', base, crlf), crlf, 'written'],
  ])('%s', async (_, disk, wanted, result, outcome) => {
    writeFileSync(join(directory, 't'), disk);
    const { files } = await applyChanges(directory, [wanted]);
    expect(files).toMatchObject([{ path: 't', outcome }]);
    expect(treeOf(directory)['t']).toBe(result);
  });

  it('is another one under the rule `refuse`', async () => {
    writeFileSync(join(directory, 't'), crlf);
    const refused = applyChanges(directory, [change('t', base, '1\n')], { conflict: 'refuse' });
    await expect(refused).rejects.toMatchObject({ code: 'disk_changed' });
  });
});

describe('what is never written, whatever the rule', () => {
  it.each<[what: string, spoil: () => void, spoilt: FileDifference, problem: string]>([
    ['a link', () => symlinkSync('a', join(directory, 't')), change('t', 'A', 'T'), 'is a symbolic link'],
    [
      'a file behind a link',
      () => symlinkSync('d', join(directory, 't')),
      change('t/e/x', 'X', 'X2'),
      'is behind the symbolic link t',
    ],
    [
      'a file in a new directory behind a link',
      () => symlinkSync('d', join(directory, 't')),
      change('t/new/x', null, 'X'),
      'is behind the symbolic link t',
    ],
    [
      'a FIFO, which would be read for ever',
      () => execFileSync('mkfifo', [join(directory, 't')]),
      change('t', 'T', 'T2'),
      'is no regular file',
    ],
    [
      'a directory',
      () => mkdirSync(join(directory, 't')),
      change('t', 'T', 'T2'),
      'has become a directory since it was read',
    ],
    [
      'a path out of the directory',
      () => undefined,
      change('../t', null, 'T'),
      'is no path inside the directory',
    ],
    [
      'a path into git’s own files',
      () => undefined,
      change('.git/hooks/x', null, 'T'),
      'is no path inside the directory',
    ],
    [
      'a name that is there in another Unicode form',
      () => writeFileSync(join(directory, 'cafe\u0301'), ''),
      change('caf\u00e9', null, 'T'),
      'is there already, under the same name in another Unicode form',
    ],
  ])('is %s', async (_, spoil, spoilt, problem) => {
    spoil();
    const before = treeOf(root);
    for (const conflict of ['merge', 'refuse', 'overwrite'] as const) {
      const refused = applyChanges(directory, [change('a', 'A', 'A2'), spoilt], { conflict });
      await expect(refused).rejects.toMatchObject({
        code: 'disk_changed',
        problems: [{ path: spoilt.path, problem }],
      });
      expect(treeOf(root)).toEqual(before);
    }
    const { files } = await applyChanges(directory, [change('a', 'A', 'A2'), spoilt], { conflict: 'skip' });
    expect(files).toContainEqual(expect.objectContaining({ path: spoilt.path, outcome: 'skipped', problem }));
    expect(treeOf(root)).toEqual({ ...before, 'work/a': 'A2' });
  });

  it('is a file for which a skipped deletion should have made room', async () => {
    writeFileSync(join(directory, 'd/e/x'), 'theirs');
    const wanted = [change('d', null, 'D'), change('d/e/x', 'X', null)];
    const { files } = await applyChanges(directory, wanted, { conflict: 'skip' });
    expect(files.map(({ path, outcome }) => [path, outcome])).toEqual([
      ['d', 'skipped'],
      ['d/e/x', 'skipped'],
    ]);
    expect(treeOf(directory)).toEqual({ a: 'A', 'd/e/x': 'theirs' });
  });
});

it('a file that is to be where something deep in a directory stays is skipped before anything is done', async () => {
  writeFileSync(join(directory, 'd/e/.env'), 'mine');
  const wanted = [change('a', 'A', 'A2'), change('d', null, 'D'), change('d/e/x', 'X', null)];
  const { files } = await applyChanges(directory, wanted, { conflict: 'skip', check: true });
  expect(files).toMatchObject([
    { outcome: 'written' },
    { outcome: 'skipped', problem: 'cannot be made: d/e/.env is in its way' },
    { outcome: 'written' },
  ]);
});

describe('a file that is replaced', () => {
  it('keeps its owner, where that is possible', async () => {
    const owner = process.getuid!() === 0 ? 1234 : process.getuid!();
    chownSync(join(directory, 'a'), owner, process.getgid!());
    await applyChanges(directory, [change('a', 'A', 'A2')]);
    expect(statSync(join(directory, 'a')).uid).toBe(owner);
  });

  it('may have the longest name that a disk takes', async () => {
    const name = '\u00e9'.repeat(127);
    await applyChanges(directory, [change(name, null, '1')]);
    await applyChanges(directory, [change(name, '1', '2')]);
    expect(treeOf(directory)[name]).toBe('2');
  });

  it('is left alone under its second name', async () => {
    linkSync(join(directory, 'a'), join(root, 'second'));
    await applyChanges(directory, [change('a', 'A', 'A2')]);
    expect(readFileSync(join(root, 'second'), 'utf8')).toBe('A');
  });
});

describe('options', () => {
  it.each<[option: string, options: unknown]>([
    ['apply.check', { check: 'yes' }],
    ['apply.conflict', { conflict: 'theirs' }],
    ['apply.dryRun', { dryRun: true }],
    ['apply.options', null],
    ['apply.options', 'skip'],
  ])('are refused before anything is done: %s', async (option, options) => {
    const applied = applyChanges(directory, [change('a', 'A', 'A2')], options as ApplyOptions);
    await expect(applied).rejects.toMatchObject({ code: 'invalid_option', option });
    expect(treeOf(directory)['a']).toBe('A');
  });

  it.each([undefined, null, 7, ''])(
    'are refused before anything is done: the directory %j',
    async (given) => {
      // An empty path is no way to say the working directory: it is what an unset variable comes to.
      await expect(applyChanges(given as string, [])).rejects.toMatchObject({
        code: 'invalid_option',
        option: 'apply.directory',
      });
    },
  );
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
