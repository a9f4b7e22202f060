import { describe, expect, it } from 'vitest';
import { Harness } from './harness.ts';

type Files = Readonly<Record<string, string | Uint8Array>>;

function harnessOf(files: Files, quota = {}): Harness {
  return new Harness(files, [], ['patch'], quota);
}

function treeOf({ workspace }: Harness): Record<string, string> {
  const paths = workspace.list().sort();
  return Object.fromEntries(paths.map((path) => [path, Buffer.from(workspace.readBytes(path)).toString()]));
}

/** The files after a patch that must succeed. */
function applied(files: Files, patch: string): Record<string, string> {
  const harness = harnessOf(files);
  harness.ok('patch', { patch });
  return treeOf(harness);
}

/** The failure of a patch, which must not change anything. */
function refused(files: Files, patch: string): string {
  const harness = harnessOf(files);
  const before = treeOf(harness);
  const error = harness.error('patch', { patch });
  expect(treeOf(harness)).toEqual(before);
  expect(error.length).toBeLessThan(2_000);
  return error;
}

const numbered = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, i) => `line ${from + i}\n`).join('');

const change = (path: string, hunk: string): string => `--- a/${path}\n+++ b/${path}\n${hunk}`;
const X_TO_Y = '@@ -1 +1 @@\n-x\n+y\n';

describe('what patch takes', () => {
  it.each<[string, Files, string, Record<string, string>]>([
    ['names with a/ and b/', { 'd/f': 'x\n' }, change('d/f', X_TO_Y), { 'd/f': 'y\n' }],
    ['names without', { 'd/f': 'x\n' }, `--- d/f\n+++ d/f\n${X_TO_Y}`, { 'd/f': 'y\n' }],
    ['names of two directories', { 'd/f': 'x\n' }, `--- old/d/f\n+++ new/d/f\n${X_TO_Y}`, { 'd/f': 'y\n' }],
    ['a copy for the old name', { f: 'x\n' }, `--- f.orig\n+++ f\n${X_TO_Y}`, { f: 'y\n' }],
    [
      'time stamps',
      { 'sp ace': 'x\n' },
      `--- a/sp ace\t2026-01-01 00:00:00.000000000 +0000\n+++ b/sp ace\t2026-01-02\n${X_TO_Y}`,
      { 'sp ace': 'y\n' },
    ],
    [
      'names in quotes',
      { 'é"\u{1f600}': 'x\n' },
      `--- "a/\\303\\251\\"\\360\\237\\230\\200"\n+++ "b/\\303\\251\\"\\360\\237\\230\\200"\n${X_TO_Y}`,
      { 'é"\u{1f600}': 'y\n' },
    ],
    [
      'text around it',
      { f: 'x\n', g: 'x\n' },
      `From: me\n\n- a point\n---\n f | 2 +-\n\n${change('f', X_TO_Y)}-- \n2.39.5\n\n+ more\nIndex: g\n=====\n${change('g', X_TO_Y)}\n`,
      { f: 'y\n', g: 'y\n' },
    ],
    [
      'a new file',
      {},
      `--- /dev/null\n+++ b/d/f\n@@ -0,0 +1,2 @@\n+x\n+y\n\\ No newline at end of file\n`,
      { 'd/f': 'x\ny' },
    ],
    [
      'a new file by its time stamp',
      {},
      `--- f\t1970-01-01 00:00:00.000000000 +0000\n+++ f\t2026-01-01 00:00:00 +0000\n@@ -0,0 +1 @@\n+x\n`,
      { f: 'x\n' },
    ],
    [
      'a new empty file of git',
      {},
      'diff --git a/f b/f\nnew file mode 100755\nindex 0000000..e69de29\n',
      { f: '' },
    ],
    ['a deleted file', { f: 'x\n', g: '' }, `--- a/f\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n`, { g: '' }],
    [
      'a deleted empty file of git',
      { f: '', g: '' },
      'diff --git a/f b/f\ndeleted file mode 100644\nindex e69de29..0000000\n',
      { g: '' },
    ],
    ['an emptied file, which stays', { f: 'x\n' }, change('f', '@@ -1 +0,0 @@\n-x\n'), { f: '' }],
    ['a filled empty file', { f: '' }, change('f', '@@ -0,0 +1 @@\n+x\n'), { f: 'x\n' }],
    [
      'a renamed file',
      { f: 'x\n' },
      'diff --git a/f b/d/g\nsimilarity index 100%\nrename from f\nrename to d/g\n',
      { 'd/g': 'x\n' },
    ],
    [
      'a renamed binary file',
      { f: 'x\0' },
      'diff --git a/f b/g\nsimilarity index 100%\nrename from f\nrename to g\n',
      { g: 'x\0' },
    ],
    [
      'a renamed and changed file',
      { f: 'x\n' },
      `diff --git a/f b/g\nsimilarity index 50%\nrename from f\nrename to g\nindex 1..2 100644\n--- a/f\n+++ b/g\n${X_TO_Y}`,
      { g: 'y\n' },
    ],
    [
      'a copied file',
      { f: 'x\n' },
      `diff --git a/f b/g\ncopy from f\ncopy to g\n--- a/f\n+++ b/g\n${X_TO_Y}`,
      { f: 'x\n', g: 'y\n' },
    ],
    [
      'a copied file that it changes itself, of which the copy is one before',
      { f: 'x\n' },
      `${change('f', X_TO_Y)}diff --git a/f b/g\nsimilarity index 100%\ncopy from f\ncopy to g\n` +
        `diff --git a/f b/h\ncopy from f\ncopy to h\n--- a/f\n+++ b/h\n@@ -1 +1 @@\n-x\n+z\n`,
      { f: 'y\n', g: 'x\n', h: 'z\n' },
    ],
    [
      'a mode, which is dropped',
      { f: 'x\n' },
      'diff --git a/f b/f\nold mode 100644\nnew mode 100755\n',
      { f: 'x\n' },
    ],
    [
      'git without prefixes',
      { 'a/f': 'x\n' },
      `diff --git a/f a/f\nindex 1..2 100644\n--- a/f\n+++ a/f\n${X_TO_Y}`,
      { 'a/f': 'y\n' },
    ],
    [
      'a newline at the end that comes',
      { f: 'x' },
      change('f', '@@ -1 +1 @@\n-x\n\\ No newline at end of file\n+x\n'),
      { f: 'x\n' },
    ],
    [
      'a newline at the end that goes',
      { f: 'x\n' },
      change('f', '@@ -1 +1 @@\n-x\n+x\n\\ No newline at end of file\n'),
      { f: 'x' },
    ],
    [
      'empty lines that lost their blank',
      { f: 'a\n\nx\n' },
      change('f', '@@ -1,3 +1,3 @@\n a\n\n-x\n+y\n'),
      { f: 'a\n\ny\n' },
    ],
    [
      'lines that look like headers',
      { f: '-- a\n' },
      change('f', '@@ -1 +1 @@\n--- a\n+++ b\n'),
      { f: '++ b\n' },
    ],
    [
      'two changes of one file',
      { f: 'x\n' },
      change('f', X_TO_Y) + change('f', '@@ -1 +1 @@\n-y\n+z\n'),
      { f: 'z\n' },
    ],
    [
      'a file where another is deleted',
      { f: 'x\n' },
      `--- a/f\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n--- /dev/null\n+++ b/f/g\n@@ -0,0 +1 @@\n+y\n`,
      { 'f/g': 'y\n' },
    ],
  ])('%s', (_, files, patch, expected) => {
    expect(applied(files, patch)).toEqual(expected);
  });

  it.each<[string, string, string, string]>([
    ['a CRLF patch of an LF file', 'a\nx\n', '@@ -1,2 +1,3 @@\r\n a\r\n-x\r\n+y\r\n+z\r\n', 'a\ny\nz\n'],
    ['an LF patch of a CRLF file', 'a\r\nx\r\n', '@@ -1,2 +1,3 @@\n a\n-x\n+y\n+z\n', 'a\r\ny\r\nz\r\n'],
    ['an LF patch of a file of both', 'a\r\nx\nb\r\n', '@@ -1,3 +1,3 @@\n a\n-x\n+y\n b\n', 'a\r\ny\nb\r\n'],
    ['a patch without the BOM of a file', '\ufeffx\n', X_TO_Y, '\ufeffy\n'],
    ['a patch with the BOM of a file', '\ufeffx\n', '@@ -1 +1 @@\n-\ufeffx\n+\ufeffy\n', '\ufeffy\n'],
    ['a patch that takes the BOM away', '\ufeffx\n', '@@ -1 +1 @@\n-\ufeffx\n+x\n', 'x\n'],
    ['a patch that changes the line ends', 'x\r\n', '@@ -1 +1 @@\n-x\r\n+x\n', 'x\n'],
  ])('%s', (_, before, hunk, after) => {
    expect(applied({ f: before }, change('f', hunk))).toEqual({ f: after });
  });

  it('a whole patch with CRLF, headers too', () => {
    const patch = `${change('f', X_TO_Y)}--- /dev/null\n+++ b/g\n@@ -0,0 +1 @@\n+x\n`.replaceAll(
      '\n',
      '\r\n',
    );
    expect(applied({ f: 'x\n' }, patch)).toEqual({ f: 'y\n', g: 'x\n' });
    expect(applied({ f: 'x\r\n' }, patch)).toEqual({ f: 'y\r\n', g: 'x\n' });
  });
});

it('tells what was done, and which hunks are not where they say', () => {
  const files = {
    f: `${numbered(1, 3)}${numbered(1, 20)}`.replace('line 12\n', 'other\n'),
    g: 'x\n',
    h: 'x\n',
    gone: 'x\n',
  };
  const patch =
    change(
      'f',
      '@@ -5,7 +5,7 @@\n line 5\n line 6\n line 7\n-line 8\n+new 8\n line 9\n line 10\n line 11\n@@ -12,5 +12,6 @@\n line 12\n line 13\n line 14\n+new\n line 15\n line 16\n',
    ) +
    'diff --git a/g b/g2\nrename from g\nrename to g2\ndiff --git a/h b/h2\ncopy from h\ncopy to h2\n' +
    '--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n';
  expect(harnessOf(files).ok('patch', { patch })).toBe(
    [
      'Success. Updated the following files:',
      'A h2 (+0), copied from h',
      'M f (+2 -1)',
      'M g2 (+0 -0), moved from g',
      'D gone',
      'f: Hunk #1 succeeded at 8 (offset 3 lines).',
      'f: Hunk #2 succeeded at 15 with fuzz 1 (offset 3 lines).',
    ].join('\n'),
  );
});

describe('a patch that cannot be read', () => {
  it.each<[string, string, string]>([
    ['is no patch', 'hello', 'there is no file in the patch'],
    ['has a hunk and no file', X_TO_Y, 'patch line 1: a hunk without a file'],
    [
      'is of apply_patch',
      '*** Begin Patch\n*** Delete File: f\n*** End Patch',
      'patch line 1: this is not a unified diff; its format is that of the tool "apply_patch"',
    ],
    ['has no hunk', '--- a/f\n+++ b/f\n', 'the file has no hunk'],
    [
      'has no line numbers',
      change('f', '@@ function\n-x\n+y\n'),
      'patch line 3: "@@ function" is no header of a hunk',
    ],
    [
      'counts too few',
      change('f', '@@ -1 +1 @@\n-x\n+y\n+z\n'),
      'patch line 3: the hunk says that it has 1 old and 1 new lines; it has 1 and 2. If it is whole, its header is "@@ -1,1 +1,2 @@"',
    ],
    ['counts too many', change('f', '@@ -1,3 +1,3 @@\n-x\n+y\n'), 'it has 1 and 1'],
    [
      'counts too many before another file',
      change('f', '@@ -1,3 +1,3 @@\n-x\n+y\n') + change('g', X_TO_Y),
      'it has 1 and 1',
    ],
    ['counts blank lines wrongly', change('f', '@@ -1,1 +1,1 @@\n-x\n+y\n\n z\n'), 'it has 3 and 3'],
    ['changes nothing', change('f', '@@ -1 +1 @@\n x\n'), 'the hunk changes nothing'],
    ['has a broken name', `--- "a/f\n+++ b/f\n${X_TO_Y}`, 'the name in "--- \\"a/f" cannot be read'],
    ['has a name that is not UTF-8', `--- "a/\\377"\n+++ "b/\\377"\n${X_TO_Y}`, 'cannot be read'],
    ['names no file', `--- /dev/null\n+++ /dev/null\n${X_TO_Y}`, 'the headers do not say which file this is'],
    ['renames from nowhere', 'diff --git a/f b/g\nrename to g\n', 'a rename names both files'],
    [
      'is binary',
      'diff --git a/f b/f\nindex 1..2 100644\nGIT binary patch\nliteral 0\nHcmV?d00001\n',
      'patch line 3: this is the patch of a binary file; only text files can be patched',
    ],
    [
      'is binary and says no more',
      'diff --git a/f b/f\nBinary files a/f and b/f differ\n',
      'this is the patch of a binary file',
    ],
    [
      'makes a link',
      'diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+x\n',
      'links and submodules cannot be patched',
    ],
  ])('%s', (_, patch, problem) => {
    expect(refused({ f: 'x\n', g: 'x\n' }, patch)).toContain(problem);
  });
});

describe('a patch that does not fit', () => {
  it('names the failed hunks as GNU patch does, and shows what the file has', () => {
    const hunks =
      '@@ -2,3 +2,3 @@\n line 2\n-line 3\n+new 3\n line 4\n@@ -12,3 +12,3 @@\n line 12\n-line zwölf\n+new\n line 14\n@@ -20 +20 @@\n-no line\n+new\n';
    expect(refused({ f: numbered(1, 30) }, change('f', hunks))).toBe(
      'Error: "f" (patch line 1) was not patched; nothing was changed.\n' +
        'Hunk #2 FAILED at 12.\nHunk #3 FAILED at 20.\n' +
        'Hunk #2 (patch line 8): Nearest: line 13 is "line 13" where the patch has "line zwölf".\n' +
        '     9\tline 9\n    10\tline 10\n    11\tline 11\n    12\tline 12\n    13\tline 13\n    14\tline 14\n    15\tline 15',
    );
  });

  it.each<[string, Files, string, string]>([
    ['of a missing file', {}, change('f', X_TO_Y), '"f" does not exist'],
    ['of a directory', { 'f/g': '' }, change('f', X_TO_Y), '"f" is a directory'],
    [
      'that is applied already',
      { f: 'y\n' },
      change('f', X_TO_Y),
      'Its new lines are there already, from line 1 on',
    ],
    [
      'that makes a file which is there',
      { f: 'x\n' },
      `--- /dev/null\n+++ b/f\n@@ -0,0 +1 @@\n+y\n`,
      '"f" exists already, and the patch makes it anew',
    ],
    [
      'that deletes less than there is',
      { f: 'x\ny\n' },
      `--- a/f\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n`,
      '"f" has lines that the patch does not delete',
    ],
    [
      'that moves onto a file',
      { f: 'x\n', g: '' },
      'diff --git a/f b/g\nrename from f\nrename to g\n',
      '"g" exists already',
    ],
    [
      'that moves onto itself',
      { f: 'x\n' },
      'diff --git a/f b/f\nrename from f\nrename to ./f\n',
      'the same name as before',
    ],
    [
      'that adds without saying where',
      { f: 'x\n' },
      change('f', '@@ -1,0 +2 @@\n+y\n'),
      'nothing says where',
    ],
    [
      'that makes a file under a file',
      { f: 'x\n' },
      `--- /dev/null\n+++ b/f/g\n@@ -0,0 +1 @@\n+y\n`,
      'because "f" is a file',
    ],
    ['outside', {}, `--- /dev/null\n+++ b/../f\n@@ -0,0 +1 @@\n+y\n`, 'contains ".."'],
    [
      'that moves outside',
      { f: 'x\n' },
      'diff --git a/f b/g\nrename from f\nrename to ../g\n',
      'contains ".."',
    ],
    ['of a file with a NUL', { f: 'x\0\n' }, change('f', X_TO_Y), '"f" is binary: it holds a NUL'],
    [
      'of a file that is not UTF-8',
      { f: Buffer.from([0xff]) },
      change('f', X_TO_Y),
      '"f" is binary: it is not UTF-8 text',
    ],
    [
      'of a file without its last newline',
      { f: 'w\nx' },
      change('f', '@@ -1,2 +1,2 @@\n w\n-x\n+y\n'),
      'Hunk #1 FAILED at 1.\nHunk #1 (patch line 3): The last line of the file has no newline at its end: write',
    ],
    [
      'of a file with a last newline that it denies',
      { f: 'w\nx\n' },
      change('f', '@@ -1,2 +1,2 @@\n w\n-x\n\\ No newline at end of file\n+y\n'),
      'The last line of the file has a newline at its end: leave out',
    ],
    [
      'with hunks out of order',
      { f: numbered(1, 20) },
      change('f', '@@ -15 +15 @@\n-line 15\n+new 15\n@@ -5 +5 @@\n-line 5\n+new 5\n'),
      'Its old lines stand at line 5, before the end of the hunk above it',
    ],
    [
      'with text between its hunks',
      { f: numbered(1, 20) },
      change('f', '@@ -5 +5 @@\n-line 5\n+new 5\n\n@@ -15 +15 @@\n-line 15\n+new 15\n'),
      'patch line 7: a hunk without a file: "--- a/PATH" and "+++ b/PATH" come before it, and nothing between the hunks',
    ],
  ])('%s', (_, files, patch, problem) => {
    expect(refused(files, patch)).toContain(problem);
  });

  it('in its last file leaves the others as they were', () => {
    expect(refused({ f: 'x\n', g: 'z\n' }, change('f', X_TO_Y) + change('g', X_TO_Y))).toContain(
      '"g" (patch line 6) was not patched',
    );
  });

  it('into the quota leaves all as it was', () => {
    const harness = harnessOf({ f: 'x\n', g: 'x\n' }, { maxTotalBytes: 10 });
    const patch = change('f', '@@ -1 +0,0 @@\n-x\n') + change('g', `@@ -1 +1 @@\n-x\n+${'y'.repeat(20)}\n`);
    expect(harness.error('patch', { patch })).toMatch(
      /The patch was not applied; nothing was changed.\n.*it may write 10/,
    );
    expect(treeOf(harness)).toEqual({ f: 'x\n', g: 'x\n' });
  });
});

describe('a patch that is large', () => {
  it('of 50,000 hunks in a file of 350,000 lines is applied', () => {
    const count = 50_000;
    const file = Array.from(
      { length: count },
      (_, i) => `${'ctx\n'.repeat(3)}line ${i}\n${'ctx\n'.repeat(3)}`,
    ).join('');
    const hunks = Array.from(
      { length: count },
      (_, i) =>
        `@@ -${i * 7 + 1},7 +${i * 7 + 1},7 @@\n ctx\n ctx\n ctx\n-line ${i}\n+new ${i}\n ctx\n ctx\n ctx\n`,
    );
    expect(applied({ f: file }, change('f', hunks.join('')))['f'] === file.replaceAll('line', 'new')).toBe(
      true,
    );
  });

  it('and fails at each of its hunks explains one of them', () => {
    const file = `${'x\n'.repeat(1_000_000)}y\n`;
    const hunks = Array.from({ length: 2_000 }, () => `@@ -5,501 +5,501 @@\n${' x\n'.repeat(500)}-y\n+z\n`);
    const error = refused({ f: file }, change('f', hunks.join('')));
    expect(error).toContain('Hunk #2 FAILED at 5.');
    expect(error).toContain('... and 1994 hunks more\nHunk #2 (patch line 506): Its old lines stand');
  });

  it('and almost finds its hunks everywhere ends soon', () => {
    const file = `${'x\n'.repeat(1_000_000)}y\n`;
    const hunks = Array.from({ length: 2_000 }, () => `@@ -5,31 +5,31 @@\n${' x\n'.repeat(30)}-z\n+y\n`).join(
      '',
    );
    const missed = `${file}z\n`;
    expect(refused({ f: file }, change('f', hunks))).toMatch(/FAILED|too much work/);
    expect(
      refused({ f: missed }, change('f', hunks.replaceAll('-z', ' y\n-z').replaceAll(',31', ',32'))),
    ).toMatch(/FAILED|too much work/);
  });
});
