import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { ShardScopes } from '../../src/threads/shard-scopes.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'skein-scopes-')));
afterAll(() => rmSync(root, { recursive: true }));
const file = (path: string, text = ''): string => {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), text);
  return join(root, path);
};
file('packaged/package.json', '{}');
const inPackage = file('packaged/src/deep/tools.mjs');
const alone = file('alone/tools.mjs');
mkdirSync(join(root, 'linked'));
const link = join(root, 'linked/tools.mjs');
symlinkSync(alone, link);

const module = (path: string) => ({ kind: 'module', url: `${pathToFileURL(path).href}?v=1` }) as const;

describe('what a tool module may read', () => {
  it('is its package, or its directory when it has none; with what it is linked to', () => {
    const scopes = new ShardScopes();
    expect(scopes.of([module(inPackage)])).toEqual([join(root, 'packaged')]);
    expect(scopes.of([module(alone)])).toEqual([join(root, 'alone')]);
    expect(scopes.of([module(link)])).toEqual([join(root, 'linked'), join(root, 'alone')]);
    expect([...scopes.all]).toEqual(['packaged', 'alone', 'linked'].map((name) => join(root, name)));
  });

  it('is, for a built-in tool that needs a package, that and what it depends on', () => {
    const scopes = new ShardScopes();
    expect(scopes.of([{ kind: 'named', name: 'coding-agent' }])).toEqual([]);
    const readable = scopes.of([{ kind: 'named', name: 'bash' }]);
    const names = readable.map((path) =>
      path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
    );
    expect(names).toEqual(
      expect.arrayContaining(['just-bash', 'minimatch', 'brace-expansion', 'sprintf-js', 'diff']),
    );
    expect(names).not.toContain('vitest');
    expect([...scopes.all]).toEqual(readable);
  });

  it('is nothing when it is no file, or not there', () => {
    const scopes = new ShardScopes();
    const named = { kind: 'named', name: 'read' } as const;
    const inline = { kind: 'module', url: 'data:text/javascript,export default []' } as const;
    expect(scopes.of([named, inline, module(join(root, 'missing/tools.mjs'))])).toEqual([]);
    expect(scopes.all.size).toBe(0);
  });
});
