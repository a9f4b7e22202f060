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
    expect(lines.at(-1)).toBe('... and 1 more');
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
