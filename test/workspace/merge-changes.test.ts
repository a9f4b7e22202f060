import { describe, expect, it } from 'vitest';
import { baseImage } from '../../src/workspace/make-base-image.ts';
import { mergeChanges, type MergedChanges } from '../../src/workspace/merge-changes.ts';
import { WorkspaceView } from '../../src/workspace/workspace-view.ts';

const lines = (...all: string[]): string => all.map((line) => `${line}\n`).join('');
const letters = lines('a', 'b', 'c', 'd', 'e', 'f');

type Files = Readonly<Record<string, string | Uint8Array | null>>;

/** What the sessions `1`, `2`, … make of the base together. */
function merge(base: Record<string, string | Uint8Array>, ...sides: Files[]): MergedChanges {
  const image = baseImage.fromFiles(base);
  const views = sides.map((files, i) => {
    const overlay = new Map(
      Object.entries(files).map(([path, content]) => [
        path,
        typeof content === 'string' ? Buffer.from(content) : content,
      ]),
    );
    return new WorkspaceView({ sessionId: String(i + 1), images: [image], overlay });
  });
  return mergeChanges(views, image);
}

function textsOf({ changes }: MergedChanges): Record<string, string | null> {
  return Object.fromEntries(changes.map(({ path, after }) => [path, after && Buffer.from(after).toString()]));
}

describe('sessions that changed one text in different places', () => {
  it('are all in it', () => {
    const merged = merge(
      { t: letters },
      { t: letters.replace('a\n', 'A\n') },
      { t: letters.replace('c\n', 'c\nnew\n') },
      { t: letters.replace('f\n', '') },
    );
    expect(merged.conflicts).toEqual([]);
    expect(textsOf(merged)).toEqual({ t: lines('A', 'b', 'c', 'new', 'd', 'e') });
    expect(merged.changes[0]!.sessionIds).toEqual(['1', '2', '3']);
  });

  it('count once where several did the same', () => {
    const merged = merge(
      { t: letters },
      { t: letters.replace('a\n', 'A\n') },
      { t: letters.replace('a\n', 'A\n').replace('f\n', 'F\n') },
    );
    expect(textsOf(merged)).toEqual({ t: lines('A', 'b', 'c', 'd', 'e', 'F') });
  });
});

describe('sessions that changed one place', () => {
  it('are in conflict, which names the place, the base and every side', () => {
    const merged = merge(
      { t: letters, u: 'u' },
      { t: letters.replace('c\n', 'one\n') },
      { t: letters.replace('c\n', 'two\n'), u: 'U' },
      { t: letters.replace('c\n', 'one\n') },
      { t: letters.replace('f\n', 'F\n') },
    );
    expect(textsOf(merged)).toEqual({ u: 'U' });
    expect(merged.conflicts).toMatchObject([
      {
        path: 't',
        kind: 'content',
        sides: [{ sessionIds: ['1', '3'] }, { sessionIds: ['2'] }, { sessionIds: ['4'] }],
        hunks: [
          {
            baseLine: 3,
            base: ['c\n'],
            sides: [
              { sessionIds: ['1', '3'], lines: ['one\n'] },
              { sessionIds: ['2'], lines: ['two\n'] },
            ],
          },
        ],
      },
    ]);
  });

  it.each([
    [
      'two lines added at one place',
      letters.replace('c\n', 'c\nx\n'),
      letters.replace('c\n', 'c\ny\n'),
      4,
      [],
    ],
    [
      'a line added where one is deleted',
      letters.replace('c\n', 'c\nx\n'),
      letters.replace('d\n', ''),
      4,
      ['d\n'],
    ],
    [
      'lines beside each other',
      letters.replace('c\n', 'C\n'),
      letters.replace('d\n', 'D\n'),
      3,
      ['c\n', 'd\n'],
    ],
    ['lines added at the end', `${letters}x\n`, `${letters}y\n`, 7, []],
    ['a lost final newline', letters.slice(0, -1), `${letters}y\n`, 6, ['f\n']],
  ])('are in conflict: %s', (_, one, two, baseLine, base) => {
    const { changes, conflicts } = merge({ t: letters }, { t: one }, { t: two });
    expect(changes).toEqual([]);
    expect(conflicts).toMatchObject([{ kind: 'content', hunks: [{ baseLine, base }] }]);
  });
});

describe('files that are no text, are gone, or are new', () => {
  it.each<[string, Record<string, string | Uint8Array>, Files, Files, string]>([
    ['binary', { t: Uint8Array.of(0, 1) }, { t: Uint8Array.of(0, 2) }, { t: 'text' }, 'binary'],
    ['deleted and changed', { t: letters }, { t: null }, { t: `${letters}x` }, 'deleted-and-changed'],
    ['added twice', {}, { t: 'one\n' }, { t: 'two\n' }, 'content'],
    ['added, once without content', {}, { t: '' }, { t: 'two\n' }, 'content'],
  ])('are in conflict: %s', (_, base, one, two, kind) => {
    const { changes, conflicts } = merge(base, one, two);
    expect(changes).toEqual([]);
    expect(conflicts.map((conflict) => [conflict.path, conflict.kind])).toEqual([['t', kind]]);
    expect(conflicts[0]!.sides.map((side) => side.sessionIds)).toEqual([['1'], ['2']]);
  });

  it.each<[string, Record<string, string | Uint8Array>, Files]>([
    ['binary', { t: Uint8Array.of(0, 1) }, { t: Uint8Array.of(0, 2) }],
    ['deleted', { t: letters }, { t: null }],
    ['added', {}, { t: 'same\n' }],
  ])('are one change where both did the same: %s', (_, base, same) => {
    const { changes, conflicts } = merge(base, same, same);
    expect(conflicts).toEqual([]);
    expect(changes).toMatchObject([{ path: 't', sessionIds: ['1', '2'] }]);
  });
});

it('a file that two sessions made is in conflict as a whole, with what each wrote', () => {
  const { conflicts } = merge({}, { t: 'one\n' }, { t: 'two\n2' });
  expect(conflicts[0]!.hunks).toEqual([
    {
      baseLine: 1,
      base: [],
      sides: [
        { sessionIds: ['1'], lines: ['one\n'] },
        { sessionIds: ['2'], lines: ['two\n', '2'] },
      ],
    },
  ]);
});

it('a file that one session emptied is another than one that others deleted', () => {
  const { conflicts } = merge({ t: letters }, { t: null }, { t: '' }, { t: null }, { t: '' });
  expect(conflicts).toMatchObject([{ path: 't', kind: 'deleted-and-changed' }]);
  expect(conflicts[0]!.sides.map(({ sessionIds, after }) => [sessionIds, after?.length])).toEqual([
    [['1', '3'], undefined],
    [['2', '4'], 0],
  ]);
});

describe('a file where another session wants a directory', () => {
  it('is in conflict under both paths, with both sessions', () => {
    const { changes, conflicts } = merge({}, { n: '1' }, { 'n/m': '2', other: 'o' });
    expect(changes.map(({ path }) => path)).toEqual(['other']);
    expect(conflicts).toEqual([
      {
        path: 'n',
        kind: 'file-and-directory',
        hunks: [],
        sides: [
          { sessionIds: ['1'], after: Buffer.from('1') },
          { sessionIds: ['2'], after: null },
        ],
      },
      {
        path: 'n/m',
        kind: 'file-and-directory',
        hunks: [],
        sides: [
          { sessionIds: ['2'], after: Buffer.from('2') },
          { sessionIds: ['1'], after: null },
        ],
      },
    ]);
  });

  it('is in conflict where the deletion that makes room is itself', () => {
    const { changes, conflicts } = merge(
      { 'd/x': 'X', 'd/y': 'Y' },
      { 'd/x': null, 'd/y': null, d: 'now a file' },
      { 'd/x': 'X2' },
    );
    expect(changes.map(({ path }) => path)).toEqual(['d/y']);
    expect(conflicts.map(({ path, kind }) => [path, kind])).toEqual([
      ['d', 'file-and-directory'],
      ['d/x', 'deleted-and-changed'],
    ]);
  });
});
