import { describe, expect, it } from 'vitest';
import { Harness } from './harness.ts';

describe('write', () => {
  it('creates a file with its parent directories and reports bytes, not characters', () => {
    const harness = new Harness();
    expect(harness.ok('write', { path: 'a/b/c.txt', content: 'Grüße €' })).toBe(
      'Wrote 11 bytes to a/b/c.txt.',
    );
    expect(harness.workspace.readText('a/b/c.txt')).toBe('Grüße €');
  });

  it('replaces the whole content', () => {
    const harness = new Harness({ 'a.txt': 'a long old text' });
    expect(harness.ok('write', { path: '/a.txt', content: 'n' })).toBe('Wrote 1 byte to /a.txt.');
    expect(harness.workspace.readText('a.txt')).toBe('n');
  });

  it('can empty a file', () => {
    const harness = new Harness({ 'a.txt': 'old' });
    expect(harness.ok('write', { path: 'a.txt', content: '' })).toBe('Wrote 0 bytes to a.txt.');
    expect(harness.workspace.readText('a.txt')).toBe('');
  });

  it.each([
    ['../out.txt', /"\.\."/],
    ['a/../../out.txt', /"\.\."/],
    ['a\\b.txt', /backslash/],
    ['a\0b', /control character/],
    ['/', /root/],
    ['lib', /is a directory/],
    ['lib/a.ts/b.ts', /"lib\/a\.ts" is a file/],
  ])('refuses %j and changes nothing', (path, reason) => {
    const harness = new Harness({ 'lib/a.ts': 'x' });
    const message = harness.error('write', { path, content: 'y' });
    expect(message).toMatch(/^Error: /);
    expect(message).toMatch(reason);
    expect(harness.workspace.list()).toEqual(['lib/a.ts']);
    expect(harness.workspace.readText('lib/a.ts')).toBe('x');
  });

  it('refuses a file over the quota and keeps the old one', () => {
    const harness = new Harness({ 'a.txt': 'old' });
    const content = 'x'.repeat(4 * 1024 * 1024 + 1);
    expect(harness.error('write', { path: 'a.txt', content })).toMatch(/^Error: .*4194305 bytes/);
    expect(harness.workspace.readText('a.txt')).toBe('old');
  });
});
