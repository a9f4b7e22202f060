import { describe, expect, it } from 'vitest';
import { Harness } from './harness.ts';

/** Names as files; written in this order, so that the last one is the newest. */
function listing(paths: readonly string[]): (args?: Readonly<Record<string, unknown>>) => string[] {
  const harness = new Harness(Object.fromEntries(paths.map((path) => [path, 'x'])));
  return (args = {}) => harness.ok('list', args).split('\n');
}

describe('order and number', () => {
  it('is the most recently changed first', () => {
    const harness = new Harness({ 'a.ts': '1', 'b.ts': '1', 'c.ts': '1' });
    expect(harness.ok('list')).toBe('c.ts\nb.ts\na.ts');
    harness.ok('edit', { path: 'a.ts', old_string: '1', new_string: '2' });
    expect(harness.ok('list')).toBe('a.ts\nc.ts\nb.ts');
  });

  it('shows 200 files whole, and of 201 the newest 200', () => {
    const paths = Array.from({ length: 201 }, (_, i) => `f${i}.ts`);
    expect(listing(paths.slice(0, 200))()).toHaveLength(200);
    const lines = listing(paths)();
    expect(lines).toHaveLength(201);
    expect(lines[0]).toBe('f200.ts');
    expect(lines.at(-1)).toBe('... and 1 more (201 in all; go on with offset=200)');
    expect(
      new Harness(Object.fromEntries(paths.map((path) => [path, 'x']))).ok('list', { offset: 200 }),
    ).toBe('f0.ts');
  });

  it('says that nothing matches', () => {
    expect(listing([])()).toEqual(['No files match **/*.']);
    expect(listing(['lib/a.ts'])({ pattern: '*.js', path: 'lib' })).toEqual([
      'No files match *.js under lib.',
    ]);
  });
});

describe('the pattern', () => {
  const list = listing(['a.ts', 'lib/b.ts', 'lib/c.js', 'lib/deep/d.ts', 'lib/[x].ts']);

  it.each([
    ['**/*', ['lib/[x].ts', 'lib/deep/d.ts', 'lib/c.js', 'lib/b.ts', 'a.ts']],
    ['*.ts', ['a.ts']],
    ['./*.ts', ['a.ts']],
    ['/*.ts', ['a.ts']],
    ['**/*.ts', ['lib/[x].ts', 'lib/deep/d.ts', 'lib/b.ts', 'a.ts']],
    ['lib/*.{ts,js}', ['lib/[x].ts', 'lib/c.js', 'lib/b.ts']],
    ['lib/deep/', ['lib/deep/d.ts']],
    ['lib/?.js', ['lib/c.js']],
    ['lib/\\[x\\].ts', ['lib/[x].ts']],
  ])('%s selects as a glob does', (pattern, paths) => {
    expect(list({ pattern })).toEqual(paths);
  });

  it('is relative to `path`; what is shown is not', () => {
    expect(list({ pattern: '*.ts', path: 'lib' })).toEqual(['lib/[x].ts', 'lib/b.ts']);
    expect(list({ path: '/lib/deep/' })).toEqual(['lib/deep/d.ts']);
    expect(list({ path: '' })).toHaveLength(5);
  });
});

describe('hidden and generated directories', () => {
  const list = listing([
    'a.js',
    '.env',
    '.github/workflows/ci.yml',
    'node_modules/x/index.js',
    'lib/node_modules/y/index.js',
    'lib/__pycache__/m.pyc',
    'lib/my_node_modules/z.js',
  ]);

  it('are left out', () => {
    expect(list()).toEqual(['lib/my_node_modules/z.js', 'a.js']);
    expect(list({ pattern: '**/*.js' })).toEqual(['lib/my_node_modules/z.js', 'a.js']);
  });

  it('are shown when the pattern names them', () => {
    expect(list({ pattern: 'node_modules/**/*.js' })).toEqual(['node_modules/x/index.js']);
    expect(list({ pattern: '**/node_modules/**' })).toEqual([
      'lib/node_modules/y/index.js',
      'node_modules/x/index.js',
    ]);
    expect(list({ pattern: '.github/**' })).toEqual(['.github/workflows/ci.yml']);
    expect(list({ pattern: '.*' })).toEqual(['.env']);
    expect(list({ pattern: '**/__pycache__/*' })).toEqual(['lib/__pycache__/m.pyc']);
  });

  it('are shown when `path` leads into them', () => {
    expect(list({ path: 'node_modules/x' })).toEqual(['node_modules/x/index.js']);
    expect(list({ path: '.github' })).toEqual(['.github/workflows/ci.yml']);
  });
});

describe('what cannot be listed', () => {
  const harness = new Harness({ 'lib/a.ts': 'x' });

  it('is a directory that is not there, a file, and a path that leaves the workspace', () => {
    expect(harness.error('list', { path: 'src' })).toBe('Error: no such directory: src');
    expect(harness.error('list', { path: 'src/lib' })).toBe(
      'Error: no such directory: src/lib; did you mean lib?',
    );
    expect(harness.error('list', { path: 'libs' })).toBe('Error: no such directory: libs; did you mean lib?');
    expect(harness.error('list', { path: 'lib/a.ts' })).toBe('Error: lib/a.ts is a file, not a directory');
    expect(harness.error('list', { path: '../' })).toMatch(/^Error: .*"\.\."/);
  });

  it('is a pattern of more than 1,000 characters', () => {
    expect(harness.ok('list', { pattern: `${'a'.repeat(999)}*` })).toMatch(/^No files match/);
    expect(harness.error('list', { pattern: `${'a'.repeat(1000)}*` })).toMatch(
      /^Error: the glob has 1001 characters/,
    );
  });
});

describe('several globs', () => {
  const list = listing([
    'a.ts',
    'a.test.ts',
    'src/b.ts',
    'src/b.test.ts',
    'test/c.js',
    'x,y.md',
    '.hidden/d.ts',
  ]);

  it.each([
    ['**/*.ts, !**/*.test.ts', ['src/b.ts', 'a.ts']],
    ['!**/*.test.ts', ['x,y.md', 'test/c.js', 'src/b.ts', 'a.ts']],
    ['!**/*.test.*,!**/*.md', ['test/c.js', 'src/b.ts', 'a.ts']],
    ['{src,test}/**', ['test/c.js', 'src/b.test.ts', 'src/b.ts']],
    ['{src,test}/*.{ts,js},!**/*.test.ts', ['test/c.js', 'src/b.ts']],
    ['src/**,*.md', ['x,y.md', 'src/b.test.ts', 'src/b.ts']],
    ['x\\,y.md', ['x,y.md']],
    ['.hidden/**,a.ts', ['.hidden/d.ts', 'a.ts']],
    ['!(a|src|test)*.ts', ['No files match !(a|src|test)*.ts.']],
  ])('%s', (pattern, paths) => {
    expect(list({ pattern })).toEqual(paths);
  });
});

describe('.gitignore files in the workspace', () => {
  const harness = new Harness({
    '.gitignore': 'dist/\n*.log\n!keep.log\n/build.txt\n',
    'packages/a/.gitignore': 'out\n!*.log\n',
    'a.ts': '',
    'debug.log': '',
    'keep.log': '',
    'build.txt': '',
    'sub/build.txt': '',
    'dist/a.js': '',
    'dist/keep.log': '',
    'packages/a/x.log': '',
    'packages/a/out/y.js': '',
    'packages/b/x.log': '',
    'packages/b/dist/z.js': '',
  });
  const list = (args: Readonly<Record<string, unknown>> = {}): string[] =>
    harness.ok('list', args).split('\n').sort();

  it('are honoured, nested ones before those above them', () => {
    expect(list()).toEqual(['a.ts', 'keep.log', 'packages/a/x.log', 'sub/build.txt']);
    expect(list({ pattern: '**/*.log' })).toEqual(['keep.log', 'packages/a/x.log']);
    expect(list({ path: 'packages' })).toEqual(['packages/a/x.log']);
  });

  it('do not hide what the pattern or the path names', () => {
    expect(list({ pattern: 'debug.log' })).toEqual(['debug.log']);
    expect(list({ pattern: 'dist/**' })).toEqual(['dist/a.js', 'dist/keep.log']);
    expect(list({ path: 'dist' })).toEqual(['dist/a.js', 'dist/keep.log']);
    expect(list({ path: 'packages/a', pattern: 'out/*' })).toEqual(['packages/a/out/y.js']);
    expect(list({ pattern: 'packages/**' })).toEqual(['packages/a/x.log']);
  });

  it('can be set aside', () => {
    expect(list({ pattern: '**/*.{js,log}', include_ignored: true })).toHaveLength(8);
    expect(harness.ok('list', { pattern: '*/*.js' })).toBe(
      'No files match */*.js. 1 ignored file was left out: include_ignored=true takes it.',
    );
  });

  it('count as they are now', () => {
    const changing = new Harness({ '.gitignore': 'a\n', a: '', b: '' });
    expect(changing.ok('list')).toBe('b');
    changing.ok('write', { path: '.gitignore', content: 'b\n' });
    expect(changing.ok('list')).toBe('a');
    changing.workspace.remove('.gitignore');
    expect(changing.ok('list')).toBe('b\na');
  });

  it('that are not text, too large or strange do no harm', () => {
    const strange = new Harness({
      '.gitignore': new Uint8Array([0xff, 0xfe, 0, 0x0a]),
      'a/.gitignore': '*\n'.repeat(40_000),
      'a/x.ts': '',
      'b/.gitignore': '[\n!\n\\\n**\n!*.ts\n',
      'b/y.ts': '',
      'b/y.js': '',
    });
    expect(strange.ok('list')).toBe('b/y.ts\na/x.ts');
  });
});
