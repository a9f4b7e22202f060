import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileDiff } from '../../src/batch/file-diff.ts';
import { mergeOutcomes, selectWinners, type Merge } from '../../src/batch/merge.ts';
import type { ItemOutcome } from '../../src/batch/run-batch.ts';
import { baseImage } from '../../src/workspace/make-base-image.ts';
import { outcomeOf } from './outcomes.ts';

const LONG = Array.from({ length: 9 }, (_, i) => `l${i + 1}\n`).join('');
const files = { a: 'A\n', b: 'B\n', 'd/x': 'X\n', 'd/y': 'Y\n', long: LONG };
const image = baseImage.fromFiles(files);

describe('sessions that changed different files', () => {
  it('are all merged, in byte order, into what git takes', () => {
    const merged = merge(
      outcomeOf('one', image, { b: 'B1\n', 'new/file': 'n\n' }),
      outcomeOf('two', image, { a: 'A2\n', 'd/x': null }),
    );
    expect(merged).toEqual({
      changes: { a: 'A2\n', b: 'B1\n', 'd/x': null, 'new/file': 'n\n' },
      conflicts: [],
    });
  });
});

describe('sessions that changed one file', () => {
  it('in the same way agree', () => {
    expect(merge(outcomeOf('one', image, { a: 'same' }), outcomeOf('two', image, { a: 'same' }))).toEqual({
      changes: { a: 'same' },
      conflicts: [],
    });
  });

  it('in different places are merged by lines', () => {
    const merged = merge(
      outcomeOf('one', image, { long: LONG.replace('l1\n', 'first\n') }),
      outcomeOf('two', image, { long: LONG.replace('l9\n', 'last\n') }),
      outcomeOf('three', image, { long: LONG.replace('l5\n', '') }),
    );
    const long = LONG.replace('l1\n', 'first\n').replace('l9\n', 'last\n').replace('l5\n', '');
    expect(merged).toEqual({ changes: { long }, conflicts: [] });
  });

  it('in one place are in conflict, neither is merged, and both are named with their lines', () => {
    const merged = merge(
      outcomeOf('one', image, { long: LONG.replace('l5', '5a'), b: 'B1' }),
      outcomeOf('two', image, { long: LONG.replace('l5', '5b') }),
      outcomeOf('three', image, { long: LONG.replace('l5', '5a') }),
    );
    const [one, two] = [
      { itemIds: ['one', 'three'], sessionIds: ['one', 'three'] },
      { itemIds: ['two'], sessionIds: ['two'] },
    ];
    expect(merged).toEqual({
      changes: { b: 'B1' },
      conflicts: [
        {
          path: 'long',
          kind: 'content',
          itemIds: ['one', 'two', 'three'],
          sides: [
            { ...one, after: Buffer.from(LONG.replace('l5', '5a')) },
            { ...two, after: Buffer.from(LONG.replace('l5', '5b')) },
          ],
          hunks: [
            {
              baseLine: 5,
              base: ['l5\n'],
              sides: [
                { ...one, lines: ['5a\n'] },
                { ...two, lines: ['5b\n'] },
              ],
            },
          ],
        },
      ],
    });
  });

  it('are in conflict where one deleted it', () => {
    const merged = merge(outcomeOf('one', image, { a: null }), outcomeOf('two', image, { a: '' }));
    expect(merged.changes).toEqual({});
    expect(merged.conflicts).toMatchObject([
      {
        path: 'a',
        kind: 'deleted-and-changed',
        itemIds: ['one', 'two'],
        sides: [{ itemIds: ['one'], after: null }, { itemIds: ['two'] }],
      },
    ]);
  });
});

describe('sessions that want a file where another wants a directory', () => {
  it('are in conflict, though no path is named twice', () => {
    const merged = merge(outcomeOf('one', image, { n: '1' }), outcomeOf('two', image, { 'n/m': '2' }));
    expect(merged.changes).toEqual({});
    expect(merged.conflicts).toMatchObject([
      { path: 'n', itemIds: ['one', 'two'], kind: 'file-and-directory' },
      { path: 'n/m', itemIds: ['one', 'two'], kind: 'file-and-directory' },
    ]);
  });
});

describe('a change that would overwrite what no session was shown', () => {
  it('is in conflict, with all who made it, and the rest of theirs is merged', () => {
    const outcomes = [
      outcomeOf('one', image, { n: '1', a: 'A1' }),
      outcomeOf('two', image, { n: '2' }),
      outcomeOf('three', image, { n: '1' }, 'max-turns'),
    ];
    const { changes, conflicts } = mergeOutcomes(outcomes, image, ({ path }) => path === 'n');
    expect(changes.map(({ path }) => path)).toEqual(['a']);
    expect(conflicts).toMatchObject([
      {
        path: 'n',
        kind: 'unseen',
        itemIds: ['one', 'two'],
        sides: [{ itemIds: ['one'] }, { itemIds: ['two'] }],
      },
    ]);
  });
});

describe('the items that win', () => {
  const losersOf = (
    outcomes: readonly ItemOutcome[],
    isUnseen?: (change: { path: string }) => boolean,
  ): { losers: string[]; changes: Record<string, string | null> } => {
    const { losers, changes } = selectWinners(outcomes, image, isUnseen);
    return {
      losers: losers.map(({ item }) => item.id),
      changes: Object.fromEntries(
        changes.map(({ path, after }) => [path, after && Buffer.from(after).toString()]),
      ),
    };
  };

  it('are all where nothing contradicts', () => {
    const outcomes = [outcomeOf('one', image, { a: 'x' }), outcomeOf('two', image, { b: 'y' })];
    expect(losersOf(outcomes)).toEqual({ losers: [], changes: { a: 'x', b: 'y' } });
  });

  it('are taken whole and in order: of a loser nothing is taken', () => {
    const outcomes = [
      outcomeOf('one', image, { a: '1' }),
      outcomeOf('two', image, { a: '2', b: 'two' }),
      outcomeOf('three', image, { a: '1', 'd/x': 'three' }),
      // It contradicts only a loser.
      outcomeOf('four', image, { b: 'four' }),
    ];
    expect(losersOf(outcomes)).toEqual({
      losers: ['two'],
      changes: { a: '1', 'd/x': 'three', b: 'four' },
    });
  });

  it('are never those that did not end properly', () => {
    const outcomes = [
      outcomeOf('one', image, { a: 'half' }, 'max-turns'),
      outcomeOf('two', image, { a: '2' }),
    ];
    expect(losersOf(outcomes)).toEqual({ losers: [], changes: { a: '2' } });
  });

  it('are not those who need the room that a loser makes', () => {
    const outcomes = [
      outcomeOf('one', image, { 'd/x': 'kept' }),
      outcomeOf('two', image, { 'd/x': null, 'd/y': null, d: 'a file' }),
      outcomeOf('three', image, { b: 'three' }),
    ];
    expect(losersOf(outcomes)).toEqual({ losers: ['two'], changes: { 'd/x': 'kept', b: 'three' } });
  });

  it('are not judged by files that no session was shown', () => {
    const outcomes = [outcomeOf('one', image, { n: '1', a: 'A' }), outcomeOf('two', image, { n: '2' })];
    expect(losersOf(outcomes, ({ path }) => path === 'n')).toEqual({ losers: [], changes: { a: 'A' } });
  });
});

it('a session that did not end properly is not merged', () => {
  expect(
    merge(outcomeOf('one', image, { a: 'half' }, 'max-turns'), outcomeOf('two', image, { a: 'whole' })),
  ).toEqual({
    changes: { a: 'whole' },
    conflicts: [],
  });
});

/** What is left on disk when git has applied the merged patch: the merge's own account is not what is believed. */
function merge(...outcomes: ItemOutcome[]): {
  changes: Record<string, string | null>;
  conflicts: Merge['conflicts'];
} {
  const { changes, conflicts } = mergeOutcomes(outcomes, image);
  const directory = mkdtempSync(join(tmpdir(), 'skein-merge-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), text);
    }
    const patch = changes.map((change) => fileDiff(change).patch).join('');
    if (patch !== '') execFileSync('git', ['apply', '-'], { cwd: directory, input: patch });
    const found = changes.map(({ path, after }) => [
      path,
      after === null ? null : readFileSync(join(directory, path), 'utf8'),
    ]);
    return { changes: Object.fromEntries(found) as Record<string, string | null>, conflicts };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
