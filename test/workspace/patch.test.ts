import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromFiles } from '../../src/workspace/from-files.ts';
import { WorkspaceView } from '../../src/workspace/workspace-view.ts';

type Tree = Record<string, string | Uint8Array>;

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'skein-patch-'));
});
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

function patchBetween(before: Tree, after: Tree): string {
  const overlay = new Map<string, Uint8Array | null>();
  for (const path of Object.keys(before)) if (!(path in after)) overlay.set(path, null);
  for (const [path, content] of Object.entries(after)) overlay.set(path, Buffer.from(content as string));
  return new WorkspaceView({ sessionId: 's', images: [fromFiles(before)], overlay }).patch;
}

function bytesOf(tree: Tree): Record<string, string> {
  const entries = Object.entries(tree).map(([path, content]) => [
    path,
    Buffer.from(content as string).toString('hex'),
  ]);
  return Object.fromEntries(entries) as Record<string, string>;
}

function readTree(directory: string): Record<string, string> {
  const found = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const paths = found.map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1)).sort();
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join(directory, path)).toString('hex')]));
}

let count = 0;
/** What git makes of the old tree with the patch, after `--check`; contents in hex. */
function applied(before: Tree, patch: string, ...options: string[]): Record<string, string> {
  const directory = join(scratch, String(count++));
  mkdirSync(directory);
  for (const [path, content] of Object.entries(before)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
  const env = {
    PATH: process.env['PATH'],
    GIT_CEILING_DIRECTORIES: scratch,
    GIT_CONFIG_NOSYSTEM: '1',
    HOME: directory,
  };
  const git = (...args: string[]): unknown =>
    execFileSync('git', ['apply', ...options, ...args], {
      cwd: directory,
      env,
      input: patch,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  git('--check');
  git();
  return readTree(directory);
}

const numbered = (count: number, change: (n: number) => string = (n) => `line ${n}\n`): string =>
  Array.from({ length: count }, (_, n) => change(n)).join('');

describe('a patch that git applies', () => {
  it.each<[string, Tree, Tree]>([
    ['a changed line', { a: numbered(20) }, { a: numbered(20, (n) => (n === 10 ? 'new\n' : `line ${n}\n`)) }],
    ['changes at both ends', { a: numbered(20) }, { a: `first\n${numbered(19)}last\n` }],
    [
      'changes far apart',
      { a: numbered(99) },
      { a: numbered(99, (n) => (n % 30 === 5 ? 'new\n' : `line ${n}\n`)) },
    ],
    [
      'changes seven lines apart',
      { a: numbered(40) },
      { a: numbered(40, (n) => (n % 7 === 5 ? 'new\n' : `line ${n}\n`)) },
    ],
    ['repeated lines', { a: '}\n'.repeat(30) }, { a: '}\n'.repeat(12) + '{\n' + '}\n'.repeat(25) }],
    ['a new file', {}, { 'deep/er/a': 'x\n' }],
    ['a new empty file', {}, { a: '' }],
    ['a deleted file', { a: 'x\ny\n', b: '' }, { b: '' }],
    ['a deleted empty file', { 'd/a': '', b: '' }, { b: '' }],
    ['an emptied file', { a: 'x\n' }, { a: '' }],
    ['a filled file', { a: '' }, { a: 'x\n' }],
    ['no final newline, before', { a: 'x\ny' }, { a: 'x\ny\n' }],
    ['no final newline, after', { a: 'x\ny\n' }, { a: 'x\ny' }],
    ['no final newline, in the context', { a: `x\n${numbered(3)}end` }, { a: `y\n${numbered(3)}end` }],
    ['no newline at all', { a: 'x' }, { a: 'y' }],
    ['CRLF lines', { a: 'x\r\ny\r\nz\r\n' }, { a: 'x\r\nY\r\nz\r\n' }],
    ['CRLF to LF', { a: 'x\r\ny\r\n' }, { a: 'x\ny\n' }],
    ['CR alone', { a: 'x\ry\rz\n' }, { a: 'x\rY\rz\n' }],
    ['other line ends', { a: 'x\u2028y\u0085z\f\v\n' }, { a: 'x\u2028Y\u0085z\f\v\n' }],
    ['a byte order mark', { a: '\ufeffx\n' }, { a: '\ufeffy\n' }],
    ['characters that share bytes', { a: 'é\n€\n😀' }, { a: 'è\n₭\n😁' }],
    [
      'lines that look like headers',
      { a: '-- a/x\n++ b/x\n@@ -1 +1 @@\n' },
      { a: '++ b/x\n-- a/x\ndiff --git a/x b/x\n' },
    ],
    ['a space in the name', { 'sp ace.txt': 'x\n', 'a b/c d': '' }, { 'sp ace.txt': 'y\n', 'new one': '' }],
    ['a confusing name', { 'x b/x': '', 'y b/y': 'y\n' }, { 'x b/x b/x': '', 'y b/y': 'z\n' }],
    [
      'spaces at the ends of a name',
      { ' a': 'x\n', 'b ': 'x\n' },
      { ' a': 'y\n', 'b ': 'y\n', 'c ': '', ' ': 'z' },
    ],
    [
      'quotes and other scripts in a name',
      { '"q"': 'x\n', 'sp é': '' },
      { '"q"': 'y\n', '日本/é 😀': 'z\n' },
    ],
    ['a file in place of a directory', { 'a/b': 'x\n' }, { a: 'y\n' }],
    ['a directory in place of a file', { a: 'x\n' }, { 'a/b': 'y\n' }],
    [
      'bytes that are no text',
      { a: Uint8Array.of(255, 0, 1) },
      { a: Uint8Array.of(1, 0, 255, 10), b: Uint8Array.of(0) },
    ],
    ['a deleted binary file', { a: Uint8Array.of(255, 0, 1), b: '' }, { b: '' }],
    ['text that becomes binary', { a: 'x\n', b: 'x\0\n' }, { a: 'x\0\n', b: 'x\n' }],
    [
      'long binary files',
      { a: Buffer.alloc(1000, 'ab\0') },
      { a: Uint8Array.from({ length: 70_001 }, (_, i) => (i * i) >> 3) },
    ],
    ['UTF-8 text beside Latin-1', { a: 'é', b: Uint8Array.of(0xe9) }, { a: 'è', b: Uint8Array.of(0xe8) }],
  ])('carries %s, both ways', (_, before, after) => {
    const patch = patchBetween(before, after);
    expect(applied(before, patch)).toEqual(bytesOf(after));
    expect(applied(after, patch, '--reverse')).toEqual(bytesOf(before));
  });

  it('turns any tree into any other', () => {
    const line = fc.constantFrom(
      'a\n',
      'b\n',
      'c\n',
      '\n',
      '\r\n',
      'é\n',
      '- x\n',
      ' \n',
      '\\ No newline at end of file\n',
    );
    const text = fc
      .tuple(fc.array(line, { maxLength: 30 }), fc.constantFrom('', 'end', '\r'))
      .map(([lines, end]) => lines.join('') + end);
    const content = fc.oneof(
      { weight: 5, arbitrary: text },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 80 }) },
    );
    const flat = ['a', 'b c', ' b/b ', 'd/e/f', 'd/g', 'é "x"', '__proto__x'];
    const tree = fc.dictionary(fc.constantFrom(...flat), content, { maxKeys: 7, noNullPrototype: true });
    fc.assert(
      fc.property(tree, tree, (before, after) => {
        const patch = patchBetween(before, after);
        // Git calls an empty patch an error.
        const result = patch === '' ? bytesOf(before) : applied(before, patch);
        expect(result).toEqual(bytesOf(after));
      }),
      { numRuns: 300 },
    );
  });
});

describe('the text of a patch', () => {
  it('is what git writes', () => {
    const before = { 'lib/a.ts': 'one\ntwo\nthree\n', 'old file': 'x', é: '' };
    const after = { 'lib/a.ts': 'one\n2\nthree\n', new: 'n\n' };
    expect(patchBetween(before, after)).toBe(
      [
        'diff --git a/lib/a.ts b/lib/a.ts',
        'index 4cb29ea38f70d7c61b2a3a25b02e3bdf44905402..f04eb265ebd74fba2cddf0a6adf2a6a7f81c87aa',
        '--- a/lib/a.ts',
        '+++ b/lib/a.ts',
        '@@ -1,3 +1,3 @@',
        ' one',
        '-two',
        '+2',
        ' three',
        'diff --git a/new b/new',
        'new file mode 100644',
        'index 0000000000000000000000000000000000000000..8ba3a16384aacc37d01564b28401755ce8053f51',
        '--- /dev/null',
        '+++ b/new',
        '@@ -0,0 +1 @@',
        '+n',
        'diff --git a/old file b/old file',
        'deleted file mode 100644',
        'index c1b0730e0133447badcfd47fd144e254807b06e1..0000000000000000000000000000000000000000',
        '--- a/old file\t',
        '+++ /dev/null',
        '@@ -1 +0,0 @@',
        '-x',
        '\\ No newline at end of file',
        'diff --git "a/\\303\\251" "b/\\303\\251"',
        'deleted file mode 100644',
        'index e69de29bb2d1d6434b8b29ae775ad8c2e48c5391..0000000000000000000000000000000000000000',
        '',
      ].join('\n'),
    );
  });

  it('is empty when nothing differs', () => {
    expect(patchBetween({ a: 'x' }, { a: 'x' })).toBe('');
  });
});

describe('files that are too different to compare', () => {
  it('become one hunk that replaces what is between their common ends', () => {
    const before = `same\n${numbered(3000, (n) => `old ${n}\n`)}same too\n`;
    const after = `same\n${numbered(3000, (n) => `new ${n}\n`)}same too\n`;
    const patch = patchBetween({ a: before }, { a: after });
    expect(patch.match(/^@@.*@@$/gm)).toEqual(['@@ -1,3002 +1,3002 @@']);
    expect(applied({ a: before }, patch)).toEqual(bytesOf({ a: after }));
  });

  it('are not even taken apart when they have very many lines', () => {
    const [before, after] = ['a\n'.repeat(100_000), `${'b\n'.repeat(100_000)}b`];
    const patch = patchBetween({ a: before }, { a: after });
    expect(patch.match(/^@@.*@@$/gm)).toEqual(['@@ -1,100000 +1,100001 @@']);
    expect(applied({ a: before }, patch)).toEqual(bytesOf({ a: after }));
  });

  it('are compared when they are long and alike', () => {
    const before = numbered(25_000);
    const after = numbered(25_000, (n) => (n % 9_000 === 1 ? 'new\n' : `line ${n}\n`));
    const patch = patchBetween({ a: before }, { a: after });
    expect(patch.match(/^@@.*@@$/gm)).toHaveLength(3);
    expect(applied({ a: before }, patch)).toEqual(bytesOf({ a: after }));
  });
});
