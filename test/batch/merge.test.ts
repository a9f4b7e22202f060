import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileDiff } from '../../src/batch/file-diff.ts';
import { mergeOutcomes } from '../../src/batch/merge.ts';
import type { ItemOutcome } from '../../src/batch/run-batch.ts';
import { baseImage } from '../../src/workspace/make-base-image.ts';
import { outcomeOf } from './outcomes.ts';

const files = { a: 'A\n', b: 'B\n', 'd/x': 'X\n', 'd/y': 'Y\n' };
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

  it('differently are in conflict, and neither is merged', () => {
    const merged = merge(
      outcomeOf('one', image, { a: '1', b: 'B1' }),
      outcomeOf('two', image, { a: '2' }),
      outcomeOf('three', image, { a: '1' }),
    );
    expect(merged).toEqual({
      changes: { b: 'B1' },
      conflicts: [{ path: 'a', itemIds: ['one', 'two', 'three'], kind: 'content' }],
    });
  });

  it('are in conflict where one deleted it', () => {
    expect(merge(outcomeOf('one', image, { a: null }), outcomeOf('two', image, { a: '' }))).toEqual({
      changes: {},
      conflicts: [{ path: 'a', itemIds: ['one', 'two'], kind: 'content' }],
    });
  });

  it('are not in conflict where both deleted it', () => {
    expect(merge(outcomeOf('one', image, { a: null }), outcomeOf('two', image, { a: null }))).toEqual({
      changes: { a: null },
      conflicts: [],
    });
  });

  it('are in conflict where bytes differ that are no text', () => {
    const merged = merge(
      outcomeOf('one', image, { a: Uint8Array.of(0xff, 1) }),
      outcomeOf('two', image, { a: Uint8Array.of(0xfe, 1) }),
    );
    expect(merged.conflicts).toHaveLength(1);
  });
});

describe('sessions that want a file where another wants a directory', () => {
  it('are in conflict, though no path is named twice', () => {
    expect(merge(outcomeOf('one', image, { n: '1' }), outcomeOf('two', image, { 'n/m': '2' }))).toEqual({
      changes: {},
      conflicts: [
        { path: 'n', itemIds: ['one', 'two'], kind: 'file-and-directory' },
        { path: 'n/m', itemIds: ['two'], kind: 'file-and-directory' },
      ],
    });
  });

  it('are in conflict where the deletion that makes room is itself', () => {
    const merged = merge(
      outcomeOf('one', image, { 'd/x': null, 'd/y': null, d: 'now a file' }),
      outcomeOf('two', image, { 'd/x': 'X2' }),
    );
    expect(merged.changes).toEqual({ 'd/y': null });
    expect(merged.conflicts.map(({ path, kind }) => [path, kind])).toEqual([
      ['d', 'file-and-directory'],
      ['d/x', 'content'],
    ]);
  });

  it('are not where one session made the room itself', () => {
    expect(merge(outcomeOf('one', image, { a: null, 'a/b': '1' })).conflicts).toEqual([]);
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
  conflicts: readonly { path: string; kind: string; itemIds: readonly string[] }[];
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
