import { describe, expect, it } from 'vitest';
import { listTool } from '../../src/tools/list.ts';
import { searchTool } from '../../src/tools/search.ts';
import { Harness } from './harness.ts';

function search(
  files: Readonly<Record<string, string | Uint8Array>>,
  args: Readonly<Record<string, unknown>>,
): string[] {
  return new Harness(files).ok('search', args).split('\n');
}

describe('matches', () => {
  it('are `path:line:content`, without a blank, in the order of paths', () => {
    const files = { 'b.ts': 'x\nlet foo = 1\n', 'a/c.ts': '  foo: bar', 'a.ts': 'none' };
    expect(search(files, { pattern: 'foo' })).toEqual(['a/c.ts:1:  foo: bar', 'b.ts:2:let foo = 1']);
  });

  it('are one a line, however often it matches', () => {
    expect(search({ 'a.ts': 'foo foo foo\nfoo' }, { pattern: 'foo' })).toEqual([
      'a.ts:1:foo foo foo',
      'a.ts:2:foo',
    ]);
  });

  it('are of single lines: nothing matches across a line break', () => {
    expect(search({ 'a.ts': 'a\nb' }, { pattern: 'a\\sb' })).toEqual(['No matches for a\\sb.']);
    expect(search({ 'a.ts': 'ab\ncd\n' }, { pattern: '^..$' })).toEqual(['a.ts:1:ab', 'a.ts:2:cd']);
    expect(search({ 'a.ts': 'a\n' }, { pattern: '^$' })).toEqual(['No matches for ^$.']);
  });

  it('see neither the \\r of CRLF nor a BOM', () => {
    expect(search({ 'a.ts': '\ufefffoo\r\nbar foo\r\n' }, { pattern: '^foo$' })).toEqual(['a.ts:1:foo']);
    expect(search({ 'a.ts': 'foo\r\nbar foo\r\n' }, { pattern: 'foo$' })).toEqual([
      'a.ts:1:foo',
      'a.ts:2:bar foo',
    ]);
  });

  it('show 500 characters of a line whole and cut at 501', () => {
    const [whole, cut] = search({ 'a.ts': `${'x'.repeat(500)}\n${'x'.repeat(501)}` }, { pattern: 'x' });
    expect(whole).toBe(`a.ts:1:${'x'.repeat(500)}`);
    expect(cut).toBe(`a.ts:2:${'x'.repeat(500)}… [line cut: 501 characters]`);
  });

  it('are not looked for in binary, hidden and generated files', () => {
    const files = {
      'a.bin': 'foo\0',
      'b.bin': new Uint8Array([0x66, 0x6f, 0x6f, 0xff]),
      '.hidden/c.ts': 'foo',
      'node_modules/d.ts': 'foo',
      'e.ts': 'foo',
    };
    expect(search(files, { pattern: 'foo' })).toEqual(['e.ts:1:foo']);
    expect(search(files, { pattern: 'foo', glob: '*.ts' })).toEqual(['e.ts:1:foo']);
    expect(search(files, { pattern: 'foo', path: 'node_modules' })).toEqual(['node_modules/d.ts:1:foo']);
  });
});

describe('the pattern', () => {
  const file = { 'a.ts': 'Foo(1)\nfoo[2]\nüber\n' };

  it.each([
    ['foo\\[\\d\\]', ['a.ts:2:foo[2]']],
    ['(?i)FOO', ['a.ts:1:Foo(1)', 'a.ts:2:foo[2]']],
    ['^\\p{L}+$', ['a.ts:3:über']],
    ['[Ff]oo(?!\\()', ['a.ts:2:foo[2]']],
    ['o{2}\\(', ['a.ts:1:Foo(1)']],
  ])('%s is a regular expression', (pattern, lines) => {
    expect(search(file, { pattern })).toEqual(lines);
  });

  it('that is no regular expression is an error which says why', () => {
    const harness = new Harness(file);
    expect(harness.error('search', { pattern: 'foo(' })).toBe(
      'Error: invalid regular expression /foo(/: Unterminated group (JavaScript syntax; literal=true searches for the text as it is)',
    );
  });

  it('may refer back to a group by its name, whose name is no text that a file must hold', () => {
    expect(search({ 'a.ts': 'ab\naa\n' }, { pattern: '(?<letter>a)\\k<letter>' })).toEqual(['a.ts:2:aa']);
  });

  it('is literal where it has no special character, with the same answers', () => {
    const files = { 'a.ts': 'say "foo"\nbar', 'b.ts': 'bar' };
    expect(search(files, { pattern: '"foo"' })).toEqual(search(files, { pattern: '["]foo["]' }));
  });
});

describe('where it looks', () => {
  const files = { 'a.ts': 'foo', 'lib/b.ts': 'foo', 'lib/c.js': 'foo', 'lib/deep/d.ts': 'foo' };

  it('is a directory or one file', () => {
    expect(search(files, { pattern: 'foo', path: 'lib/deep' })).toEqual(['lib/deep/d.ts:1:foo']);
    expect(search(files, { pattern: 'foo', path: '/lib/c.js' })).toEqual(['lib/c.js:1:foo']);
    expect(new Harness(files).error('search', { pattern: 'foo', path: 'src' })).toBe(
      'Error: no such directory: src',
    );
  });

  it('is filtered by glob: by name at any depth, or by path where it has a slash', () => {
    expect(search(files, { pattern: 'foo', glob: '*.ts' })).toEqual([
      'a.ts:1:foo',
      'lib/b.ts:1:foo',
      'lib/deep/d.ts:1:foo',
    ]);
    expect(search(files, { pattern: 'foo', glob: 'lib/*.ts' })).toEqual(['lib/b.ts:1:foo']);
    expect(search(files, { pattern: 'foo', glob: '*.{js,css}' })).toEqual(['lib/c.js:1:foo']);
  });
});

describe('the number of matches', () => {
  const lines = (count: number): string => 'x\n'.repeat(count);

  it('is at most 100 unless asked otherwise, with a marker only when there are more', () => {
    expect(search({ 'a.ts': lines(100) }, { pattern: 'x' })).toHaveLength(100);
    const cut = search({ 'a.ts': lines(101) }, { pattern: 'x' });
    expect(cut).toHaveLength(101);
    expect(cut.at(-1)).toBe(
      '[Cut at 100 matches: narrow the pattern, path or glob, or go on with offset=100.]',
    );
  });

  it('can be set', () => {
    expect(search({ 'a.ts': lines(3), 'b.ts': lines(3) }, { pattern: 'x', max_results: 4 })).toEqual([
      'a.ts:1:x',
      'a.ts:2:x',
      'a.ts:3:x',
      'b.ts:1:x',
      '[Cut at 4 matches: narrow the pattern, path or glob, or go on with offset=4.]',
    ]);
    expect(search({ 'a.ts': lines(150) }, { pattern: 'x', max_results: 1000 })).toHaveLength(150);
  });
});

describe('a pattern of another dialect', () => {
  const harness = new Harness({ 'a.ts': 'Foo' });

  it.each([
    ['(?P<name>a)', 'a named group is written (?<name>…)'],
    ['a++', 'possessive'],
    ['(?>a)', 'atomic'],
    ['a(?i)b', 'at the very start'],
    ['\\Afoo', '\\A means nothing here; write ^'],
    ['foo\\z', '\\z means nothing here; write $'],
    ['[[:space:]]', '[[:space:] means nothing here; write \\s'],
  ])('%s is refused with what to write instead', (pattern, hint) => {
    const error = harness.error('search', { pattern });
    expect(error).toMatch(/^Error: invalid regular expression /);
    expect(error).toContain(hint);
  });

  it('(?i), (?s) and (?m) in front are taken', () => {
    expect(harness.ok('search', { pattern: '(?i)foo' })).toBe('a.ts:1:Foo');
    expect(harness.ok('search', { pattern: '(?is)f.o' })).toBe('a.ts:1:Foo');
  });

  it('and an escaped backslash is no escape', () => {
    const paths = new Harness({ 'a.ts': 'C:\\Apps' });
    expect(paths.ok('search', { pattern: '\\\\Apps' })).toBe('a.ts:1:C:\\Apps');
  });
});

describe('modes', () => {
  const files = { 'a.ts': 'foo\nbar\nfoo foo\n', 'b.ts': 'bar', 'c.ts': 'foo' };

  it('files_with_matches tells each file once', () => {
    expect(search(files, { pattern: 'foo', mode: 'files_with_matches' })).toEqual(['a.ts', 'c.ts']);
    expect(search(files, { pattern: 'foo', mode: 'files_with_matches', max_results: 1 })).toEqual([
      'a.ts',
      '[Cut at 1 files: narrow the pattern, path or glob, or go on with offset=1.]',
    ]);
    expect(search(files, { pattern: 'foo', mode: 'files_with_matches', offset: 1 })).toEqual(['c.ts']);
  });

  it('count tells the lines of each file, and their sum even when it is cut', () => {
    expect(search(files, { pattern: 'foo', mode: 'count' })).toEqual([
      'a.ts:2',
      'c.ts:1',
      '[3 matching lines in 2 files]',
    ]);
    expect(search(files, { pattern: 'foo', mode: 'count', max_results: 1 }).at(-1)).toBe(
      '[3 matching lines in 2 files]',
    );
  });

  it('literal takes special characters as they are', () => {
    const special = { 'a.ts': 'a.b(c)\naxb(c)\n' };
    expect(search(special, { pattern: 'a.b(', literal: true })).toEqual(['a.ts:1:a.b(c)']);
    expect(search(special, { pattern: 'A.B(', literal: true, ignore_case: true })).toEqual(['a.ts:1:a.b(c)']);
  });
});

describe('context lines', () => {
  const text = Array.from({ length: 12 }, (_, i) =>
    i === 2 || i === 4 || i === 9 ? `hit ${i + 1}` : `l${i + 1}`,
  );
  const files = { 'a.ts': text.join('\n'), 'b.ts': 'hit\nend\n' };

  it('are written as grep writes them, groups apart, each line once', () => {
    expect(search(files, { pattern: 'hit', context: 1 })).toEqual([
      'a.ts-2-l2',
      'a.ts:3:hit 3',
      'a.ts-4-l4',
      'a.ts:5:hit 5',
      'a.ts-6-l6',
      '--',
      'a.ts-9-l9',
      'a.ts:10:hit 10',
      'a.ts-11-l11',
      '--',
      'b.ts:1:hit',
      'b.ts-2-end',
    ]);
  });

  it('come before or after alone, too', () => {
    expect(search(files, { pattern: 'hit 1', before: 2 })).toEqual([
      'a.ts-8-l8',
      'a.ts-9-l9',
      'a.ts:10:hit 10',
    ]);
    expect(search(files, { pattern: 'hit 1', after: 9 })).toEqual([
      'a.ts:10:hit 10',
      'a.ts-11-l11',
      'a.ts-12-l12',
    ]);
  });

  it('do not count as results, and paging goes on after the match', () => {
    expect(search(files, { pattern: 'hit', after: 1, max_results: 2 })).toEqual([
      'a.ts:3:hit 3',
      'a.ts-4-l4',
      'a.ts:5:hit 5',
      '[Cut at 2 matches: narrow the pattern, path or glob, or go on with offset=2.]',
    ]);
    expect(search(files, { pattern: 'hit', after: 1, offset: 2 })).toEqual([
      'a.ts:10:hit 10',
      'a.ts-11-l11',
      '--',
      'b.ts:1:hit',
      'b.ts-2-end',
    ]);
  });

  it('are those that grep shows, for any number of them', () => {
    for (const [before, after] of [0, 1, 2, 3, 20].flatMap((b) => [0, 1, 2, 5].map((a) => [b, a] as const)))
      expect(search({ 'a.ts': files['a.ts'] }, { pattern: 'hit', before, after })).toEqual(
        grep('a.ts', text, /hit/, before, after),
      );
  });
});

/** What `grep -n -H` prints. */
function grep(
  path: string,
  lines: readonly string[],
  regex: RegExp,
  before: number,
  after: number,
): string[] {
  const near = (i: number): boolean =>
    lines.some((line, at) => regex.test(line) && i >= at - before && i <= at + after);
  const shown: string[] = [];
  let last = -1;
  lines.forEach((line, i) => {
    if (!near(i)) return;
    if (before + after > 0 && shown.length > 0 && last !== i - 1) shown.push('--');
    const sign = regex.test(line) ? ':' : '-';
    shown.push(`${path}${sign}${i + 1}${sign}${line}`);
    last = i;
  });
  return shown;
}

describe('multiline', () => {
  const files = { 'a.ts': 'function f(\r\n  a,\r\n  b,\r\n) {}\r\nlast' };

  it('lets a match span lines, all of which are shown', () => {
    expect(search(files, { pattern: '\\(\\s*a,.*?\\)', multiline: true })).toEqual([
      'a.ts:1:function f(',
      'a.ts:2:  a,',
      'a.ts:3:  b,',
      'a.ts:4:) {}',
    ]);
    expect(search(files, { pattern: 'a,\\n', multiline: true, context: 1 })).toEqual([
      'a.ts-1-function f(',
      'a.ts:2:  a,',
      'a.ts-3-  b,',
    ]);
    expect(search(files, { pattern: '^l', multiline: true, mode: 'count' })).toEqual([
      'a.ts:1',
      '[1 match in 1 file]',
    ]);
  });

  it('is named where the pattern asks for it', () => {
    expect(search(files, { pattern: 'a,\\n' })).toEqual([
      'No matches for a,\\n. Lines are searched one by one; multiline=true lets a match span them.',
    ]);
  });

  it('shows the first 50 lines of a long match', () => {
    const lines = search({ 'a.ts': 'x\n'.repeat(80) }, { pattern: 'x.*x', multiline: true, mode: 'content' });
    expect(lines).toHaveLength(51);
    expect(lines.at(-1)).toBe('a.ts-51-… [30 more lines of this match]');
  });

  it('ends when the pattern matches nothing at all', () => {
    expect(search({ 'a.ts': 'a\n\nb\n' }, { pattern: 'z*', multiline: true })).toEqual([
      'a.ts:1:a',
      'a.ts:2:',
      'a.ts:3:b',
    ]);
  });
});

describe('a pattern that never ends', () => {
  const hostile = { 'a.ts': 'aab', 'b.ts': `${'a'.repeat(40)}!`, 'c.ts': 'aab' };

  it.each(['(a+)+b', '(a|aa)+b', '(?:a*)*b'])('%s is stopped, and what was found is told', (pattern) => {
    const harness = new Harness(hostile, [], [searchTool('search', 100)]);
    const error = harness.error('search', { pattern });
    expect(error).toContain('stopped after 0.1 s, in b.ts (file 2 of 3)');
    expect(error).toMatch(/simplify the pattern.*Found so far:\na\.ts:1:aab$/s);
    expect(harness.ok('search', { pattern: 'a+b' })).toBe('a.ts:1:aab\nc.ts:1:aab');
  });

  it('may be the glob', () => {
    const name = 'a'.repeat(200);
    const harness = new Harness({ [name]: 'x' }, [], [searchTool('search', 100), listTool('list', 100)]);
    const glob = '*a*a*a*a*a*a*a*b';
    expect(harness.error('search', { pattern: 'x', glob })).toContain('longer than 0.1 s to list files');
    expect(harness.error('list', { pattern: glob })).toContain('longer than 0.1 s to match');
    expect(harness.ok('list')).toBe(name);
  });
});

describe('long lines', () => {
  it('are shown where they match, with the place for `read`', () => {
    const line = `${'x'.repeat(3_000)}needle${'y'.repeat(3_000)}`;
    const [shown] = search({ 'a.ts': line }, { pattern: 'needle' });
    expect(shown).toMatch(/^a\.ts:1:…x{100}needley{394}… \[line cut: 6006 characters, match at 3000\]$/);
    const harness = new Harness({ 'a.ts': line });
    expect(harness.ok('read', { path: 'a.ts', column: 3_000 })).toMatch(/^ {5}1\t…needley{1994}… \[line cut/);
  });

  it('keep within 50 KB, and the note leads on to the very next match', () => {
    const files = { 'a.ts': `${'€'.repeat(499)}\n`.repeat(100) };
    const lines = search(files, { pattern: '€' });
    const next = Number(/offset=(\d+)/.exec(lines.at(-1)!)?.[1]);
    expect(Buffer.byteLength(lines.join('\n'))).toBeLessThanOrEqual(50 * 1024 + 100);
    expect(lines).toHaveLength(next + 1);
    expect(search(files, { pattern: '€', offset: next })[0]).toMatch(new RegExp(`^a.ts:${next + 1}:`));
  });
});

describe('an answer without matches', () => {
  it('tells what was not searched', () => {
    const files = { 'a.bin': 'foo\0', '.gitignore': 'dist/\n', 'dist/b.ts': 'foo', 'c.ts': '' };
    expect(search(files, { pattern: 'foo' })).toEqual([
      'No matches for foo. 1 ignored file was left out: include_ignored=true takes it. (1 binary file not searched.)',
    ]);
    expect(search(files, { pattern: 'foo', include_ignored: true })).toEqual(['dist/b.ts:1:foo']);
    expect(search(files, { pattern: 'foo', glob: '*.js' })).toEqual([
      'No matches for foo: no files match *.js.',
    ]);
  });

  it('tells that an offset is too large', () => {
    expect(search({ 'a.ts': 'foo' }, { pattern: 'foo', offset: 7 })).toEqual([
      'No more matches for foo: offset 7 is past the end of 1 match.',
    ]);
  });
});
