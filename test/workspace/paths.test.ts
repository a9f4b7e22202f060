import { describe, expect, it } from 'vitest';
import { WorkspaceError } from '../../src/errors.ts';
import { comparePaths, resolveFilePath, resolvePath } from '../../src/workspace/paths.ts';

function codeOf(path: string, resolve: (path: string) => string = resolvePath): string {
  try {
    return `resolved to ${JSON.stringify(resolve(path))}`;
  } catch (error) {
    if (error instanceof WorkspaceError) return error.code;
    throw error;
  }
}

describe('paths that name the same file', () => {
  it.each([
    ['lib/a.ts', 'lib/a.ts'],
    ['/lib/a.ts', 'lib/a.ts'],
    ['./lib/a.ts', 'lib/a.ts'],
    ['lib//a.ts', 'lib/a.ts'],
    ['///lib/./a.ts/', 'lib/a.ts'],
    ['', ''],
    ['/', ''],
    ['.', ''],
    ['.github/ci.yml', '.github/ci.yml'],
    ['...', '...'],
    ['..a/b..', '..a/b..'],
    ['a b/"c"', 'a b/"c"'],
    ['C:/x', 'C:/x'],
    ['%2e%2e/x', '%2e%2e/x'],
    ['．．/x', '．．/x'],
    ['~/x', '~/x'],
    ['e\u0301.txt', 'é.txt'],
    ['.gitignore', '.gitignore'],
    ['a.git/x', 'a.git/x'],
  ])('%j is %j', (path, canonical) => {
    expect(resolvePath(path)).toBe(canonical);
  });

  it('resolves what it resolved to itself', () => {
    for (const path of ['/a/./b', 'e\u0301/x', '.a//b/']) {
      expect(resolvePath(resolvePath(path))).toBe(resolvePath(path));
    }
  });
});

describe('paths that are refused', () => {
  it.each([
    ['..', 'path_escapes'],
    ['../x', 'path_escapes'],
    ['/..', 'path_escapes'],
    ['/../etc/passwd', 'path_escapes'],
    ['a/../../x', 'path_escapes'],
    ['a/../b', 'path_escapes'],
    ['a/..', 'path_escapes'],
    ['../skein-other/x', 'path_escapes'],
    ['..\\x', 'invalid_path'],
    ['a\\b', 'invalid_path'],
    ['a\0b', 'invalid_path'],
    ['a\nb', 'invalid_path'],
    ['a\x7fb', 'invalid_path'],
    ['a\x85b', 'invalid_path'],
    ['a\ud800b', 'invalid_path'],
    ['\udc00', 'invalid_path'],
    ['x'.repeat(256), 'invalid_path'],
    ['é'.repeat(128), 'invalid_path'],
    ['a/'.repeat(65), 'invalid_path'],
    ['a/'.repeat(5000), 'invalid_path'],
    [`${'x'.repeat(200)}/`.repeat(21), 'invalid_path'],
    ['.git/hooks/pre-commit', 'invalid_path'],
    ['a/.GIT', 'invalid_path'],
    ['git~1/config', 'invalid_path'],
    ['.g\u200cit/config', 'invalid_path'],
    ['.git. /config', 'invalid_path'],
  ])('%j: %s', (path, code) => {
    expect(codeOf(path)).toBe(code);
  });

  it('refuses what is no string, as an untyped tool may pass it', () => {
    expect(codeOf(undefined as unknown as string)).toBe('invalid_path');
    expect(codeOf(['a'] as unknown as string)).toBe('invalid_path');
  });

  it('refuses the root where a file is meant', () => {
    expect(codeOf('/', resolveFilePath)).toBe('invalid_path');
    expect(codeOf('a', resolveFilePath)).toBe('resolved to "a"');
  });

  it('keeps a long path out of the message', () => {
    expect(() => resolvePath('x'.repeat(100_000))).toThrow(/^Path "x{100}…" is longer than 4096 bytes\.$/);
  });
});

describe('limits', () => {
  it('takes a name of 255 bytes, 64 names and 4096 bytes', () => {
    const path = `${'x'.repeat(255)}/`.repeat(16).slice(0, 4095);
    for (const taken of ['é'.repeat(127), `${'a/'.repeat(63)}b`, path])
      expect(codeOf(taken)).toContain('resolved');
  });
});

describe('the order of paths', () => {
  it('is that of their UTF-8 bytes', () => {
    const paths = ['b', 'a/b', 'a-b', 'a', 'a.b', 'é', '\u{1f600}', '\uffe6', 'Z', ''];
    const byBytes = paths.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(paths.toSorted(comparePaths)).toEqual(byBytes);
  });
});
