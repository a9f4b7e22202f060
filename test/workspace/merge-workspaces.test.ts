import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { baseImage } from '../../src/workspace/make-base-image.ts';
import { mergeWorkspaces } from '../../src/workspace/merge-workspaces.ts';
import { WorkspaceView } from '../../src/workspace/workspace-view.ts';
import { packImage, type BaseImage } from '../../src/workspace/base-image.ts';

type Files = Readonly<Record<string, string | Uint8Array | null>>;

function view(sessionId: string, files: Files, ...images: BaseImage[]): WorkspaceView {
  const overlay = new Map(
    Object.entries(files).map(([path, content]) => [
      path,
      typeof content === 'string' ? Buffer.from(content) : content,
    ]),
  );
  return new WorkspaceView({ sessionId, images, overlay });
}

const image = baseImage.fromFiles({ a: '1\n2\n3\n4\n5\n', b: 'B\n', 'd/x': 'X\n' });

describe('the workspaces of several sessions', () => {
  it('are merged into one over the same base, with files and a patch', () => {
    const { workspace, changes, conflicts } = mergeWorkspaces([
      view('one', { a: 'one\n2\n3\n4\n5\n', 'd/x': null }, image),
      view('two', { a: '1\n2\n3\n4\nfive\n', n: 'N\n' }, image),
    ]);
    expect(conflicts).toEqual([]);
    expect(changes.map(({ path, sessionIds }) => [path, sessionIds])).toEqual([
      ['a', ['one', 'two']],
      ['d/x', ['one']],
      ['n', ['two']],
    ]);
    expect(workspace.sessionId).toBe('one+two');
    expect([...workspace.files]).toEqual([
      ['a', 'one\n2\n3\n4\nfive\n'],
      ['b', 'B\n'],
      ['n', 'N\n'],
    ]);
    expect(workspace.patch.match(/^diff --git .*/gm)).toHaveLength(3);
  });

  it('leave what is in conflict as it was in the base', () => {
    const { workspace, conflicts } = mergeWorkspaces([
      view('one', { b: 'one\n' }, image),
      view('two', { b: 'two\n' }, image),
    ]);
    expect(workspace.files.get('b')).toBe('B\n');
    expect(workspace.changes).toEqual([]);
    expect(conflicts.map(({ path }) => path)).toEqual(['b']);
  });

  it('can be merged further', () => {
    const [one, two, three] = [
      view('one', { a: 'one\n2\n3\n4\n5\n' }, image),
      view('two', { a: '1\n2\n3\n4\nfive\n' }, image),
      view('three', { a: '1\n2\nthree\n4\n5\n' }, image),
    ];
    const { workspace } = mergeWorkspaces([mergeWorkspaces([one, two]).workspace, three]);
    expect(workspace.files.get('a')).toBe('one\n2\nthree\n4\nfive\n');
    expect(workspace.sessionId).toBe('one+two+three');
  });

  it('are on the same base where the same files were packed twice', () => {
    const [once, again] = [baseImage.fromFiles({ a: 'A' }), baseImage.fromFiles({ a: 'A' })];
    const { conflicts } = mergeWorkspaces([view('one', { a: '1' }, once), view('two', { n: '2' }, again)]);
    expect(conflicts).toEqual([]);
  });

  it('are on the same base where a file was touched between, or an image holds no file', () => {
    const read = (newest: string): BaseImage =>
      packImage(
        ['a', 'b'].map((path) => ({ path, bytes: Buffer.from(path), mtimeMs: path === newest ? 2 : 1 })),
      );
    const { changes } = mergeWorkspaces([
      view('one', { a: '1' }, read('a')),
      view('two', { b: '2' }, read('b')),
      view('three', { n: '3' }, baseImage.fromFiles({}), read('a')),
    ]);
    expect(changes.map(({ path }) => path)).toEqual(['a', 'b', 'n']);
  });

  it('lie over several images, of which the first counts', () => {
    const images = [
      baseImage.fromFiles({ a: 'above\n\nx\n' }),
      baseImage.fromFiles({ a: 'below', 'c/d': 'D' }),
    ];
    const { workspace, conflicts } = mergeWorkspaces([
      view('one', { a: 'ABOVE\n\nx\n' }, ...images),
      view('two', { a: 'above\n\nX\n', 'c/d': null, c: 'C' }, ...images),
    ]);
    expect(conflicts).toEqual([]);
    expect(Object.fromEntries(workspace.files)).toEqual({ a: 'ABOVE\n\nX\n', c: 'C' });
  });

  it('account for every path that anybody changed, whatever the order of the sessions', () => {
    const names = ['a', 'b', 'd', 'd/x', 'd/x/y', 'n', 'n/m', 'b/c'];
    const content = fc.constantFrom(
      '1\n2\n3\n4\n5\n',
      'one\n2\n3\n4\n5\n',
      '1\n2\n3\n4\nfive\n',
      '',
      'B\n',
      '\0',
    );
    // What a session can come to: no file is also a directory.
    const files = fc
      .dictionary(fc.constantFrom(...names), content, { maxKeys: 5, noNullPrototype: true })
      .filter(
        (tree) =>
          !names.some((path) => path in tree && names.some((up) => up in tree && path.startsWith(`${up}/`))),
      );
    fc.assert(
      fc.property(fc.array(files, { minLength: 1, maxLength: 4 }), (trees) => {
        const views = trees.map((tree, i) => {
          const gone = image.paths().filter((path) => !(path in tree));
          return view(String(i), { ...Object.fromEntries(gone.map((path) => [path, null])), ...tree }, image);
        });
        const { workspace, changes, conflicts } = mergeWorkspaces(views);
        const accounted = [...changes, ...conflicts].map(({ path }) => path).sort();
        const changed = new Set(views.flatMap(({ differences }) => differences.map(({ path }) => path)));
        expect(accounted).toEqual([...changed].sort());

        // What came of it can be on a disk, and each change names those who asked for it.
        const paths = [...workspace.files.keys()];
        expect(paths.filter((path) => paths.some((other) => other.startsWith(`${path}/`)))).toEqual([]);
        const authors = (path: string): string[] =>
          views
            .filter(({ differences }) => differences.some((one) => one.path === path))
            .map((one) => one.sessionId);
        for (const { path, sessionIds } of changes) expect(sessionIds.toSorted()).toEqual(authors(path));
        for (const { path, sides } of conflicts)
          expect(sides.flatMap(({ sessionIds }) => sessionIds)).toEqual(
            expect.arrayContaining(authors(path)),
          );

        const back = mergeWorkspaces(views.toReversed());
        expect(Object.fromEntries(back.workspace.files)).toEqual(Object.fromEntries(workspace.files));
        expect(back.conflicts.map(({ path, kind }) => [path, kind])).toEqual(
          conflicts.map(({ path, kind }) => [path, kind]),
        );
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('what cannot be merged', () => {
  const other = baseImage.fromFiles({ a: 'another' });

  it.each<[string, Record<string, string>, Record<string, string>]>([
    ['with another content of the same length', { a: 'A', b: 'B' }, { a: 'A', b: 'C' }],
    ['with the same bytes in other files', { a: 'AB', b: 'C' }, { a: 'A', b: 'BC' }],
    ['with the same letters in other names', { a: 'A', bc: 'B' }, { ab: 'A', c: 'B' }],
    ['with one file more', { a: 'A' }, { a: 'A', b: '' }],
  ])('is refused: a base %s', (_, one, two) => {
    const views = [view('one', {}, baseImage.fromFiles(one)), view('two', {}, baseImage.fromFiles(two))];
    expect(() => mergeWorkspaces(views)).toThrowError(expect.objectContaining({ code: 'different_bases' }));
  });

  it('is refused: sessions of different bases, which are named', () => {
    const merging = (): unknown =>
      mergeWorkspaces([view('one', {}, image), view('two', {}, other), view('three', {}, image, other)]);
    expect(merging).toThrowError(expect.objectContaining({ code: 'different_bases' }));
    expect(merging).toThrowError(/Session one .* two, three;/);
  });

  it.each<[string, unknown]>([
    ['no view', []],
    ['no list', undefined],
    ['something else', [{ sessionId: 'x', images: [] }]],
    ['one session twice', [view('one', {}, image), view('one', { b: 'later' }, image)]],
  ])('is refused: %s', (_, views) => {
    expect(() => mergeWorkspaces(views as WorkspaceView[])).toThrowError(
      expect.objectContaining({ code: 'invalid_option', option: 'views' }),
    );
  });
});
