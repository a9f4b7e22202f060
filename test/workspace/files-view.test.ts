import { describe, expect, it } from 'vitest';
import { fileDifferences, FilesView, summarized } from '../../src/workspace/files-view.ts';
import { fromFiles } from '../../src/workspace/from-files.ts';

const images = [
  fromFiles({ 'lib/a.ts': 'seed' }),
  fromFiles({ 'lib/a.ts': 'hidden', 'lib/b.ts': 'b', z: '', 'bin.dat': Uint8Array.of(0xff, 0xfe) }),
];
const overlay = new Map<string, Uint8Array | null>([
  ['new.ts', Buffer.from('\ufeffnew')],
  ['lib/b.ts', null],
  ['never-was', null],
  ['z', Buffer.from('')],
]);

describe('the files of a session', () => {
  const files = new FilesView(images, overlay);

  it('are a map in the order of paths, text where it is UTF-8', () => {
    expect([...files]).toEqual([
      ['bin.dat', Uint8Array.of(0xff, 0xfe)],
      ['lib/a.ts', 'seed'],
      ['new.ts', '\ufeffnew'],
      ['z', ''],
    ]);
    expect(files.size).toBe(4);
    expect([...files.keys()]).toEqual([...files.entries()].map(([path]) => path));
    const seen: unknown[] = [];
    files.forEach((value, path, map) => seen.push([path, value, map === files]));
    expect(seen).toEqual([...files].map(([path, value]) => [path, value, true]));
    expect([...files.values()]).toEqual([...files].map(([, value]) => value));
  });

  it('know what is there', () => {
    const names = ['lib/a.ts', 'new.ts', 'lib/b.ts', 'never-was', 'lib', '/lib/a.ts'];
    expect(names.map((path) => files.has(path))).toEqual([true, true, false, false, false, false]);
    expect(names.map((path) => files.get(path))).toEqual(['seed', '\ufeffnew', ...Array<undefined>(4)]);
  });

  it('give bytes that the caller owns', () => {
    (files.get('bin.dat') as Uint8Array).fill(0);
    expect(files.get('bin.dat')).toEqual(Uint8Array.of(0xff, 0xfe));
  });

  it('are none without images and overlay', () => {
    expect([...new FilesView([], new Map())]).toEqual([]);
  });
});

describe('the changes of a session', () => {
  const sha = {
    empty: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    a: 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb',
    b: '3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d',
  };

  it('are what differs from the base, with hashes', () => {
    const changed = new Map<string, Uint8Array | null>([
      ['z', Buffer.from('a')],
      ['new', Buffer.from('')],
      ['lib/b.ts', null],
      ['lib/a.ts', Buffer.from('seed')],
      ['never-was', null],
    ]);
    expect(summarized(fileDifferences(images, changed))).toEqual([
      { path: 'lib/b.ts', kind: 'deleted', before: sha.b, after: null },
      { path: 'new', kind: 'added', before: null, after: sha.empty },
      { path: 'z', kind: 'modified', before: sha.empty, after: sha.a },
    ]);
  });
});
