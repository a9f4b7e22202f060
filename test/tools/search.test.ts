import { describe, expect, it } from 'vitest';
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
      'Error: invalid regular expression /foo(/: Unterminated group',
    );
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
    expect(cut.at(-1)).toBe('[Cut at 100 matches: narrow the pattern, path or glob.]');
  });

  it('can be set', () => {
    expect(search({ 'a.ts': lines(3), 'b.ts': lines(3) }, { pattern: 'x', max_results: 4 })).toEqual([
      'a.ts:1:x',
      'a.ts:2:x',
      'a.ts:3:x',
      'b.ts:1:x',
      '[Cut at 4 matches: narrow the pattern, path or glob.]',
    ]);
    expect(search({ 'a.ts': lines(150) }, { pattern: 'x', max_results: 1000 })).toHaveLength(150);
  });
});
