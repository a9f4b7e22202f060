import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { countOf, formatDuration } from '../../src/batch/format.ts';
import type { FileDiff } from '../../src/batch/file-diff.ts';
import type { ReportConflict, ReportPlace } from '../../src/batch/report-conflict.ts';
import { viewConflicts } from '../../src/cli/conflict-view.ts';
import { viewDiffs, viewDiffStat, viewPatch } from '../../src/cli/diff-view.ts';
import { NdjsonWriter } from '../../src/cli/ndjson.ts';
import { viewProgress } from '../../src/cli/progress-view.ts';
import { fitEnd, textWidth } from '../../src/cli/text-width.ts';
import { NO_COST } from '../../src/model/model.ts';
import { payloads } from '../security/payloads.ts';

const colors = pc.createColors(false);

describe('the live view', () => {
  const state = {
    items: 298,
    done: 40,
    failed: 2,
    resumed: 0,
    tokens: 12_345,
    cost: NO_COST,
    round: 1,
    running: new Map(Array.from({ length: 8 }, (_, i) => [`src/resources/file-${i}\u001b[31m.ts`, 'edit'])),
  };

  it('shows how far it is and what runs', () => {
    const view = viewProgress('tidy', state, {
      columns: 80,
      elapsedMs: 3_210,
      frame: 0,
      colors,
      interrupted: false,
    });
    expect(view.split('\n')).toEqual([
      'tidy ━━━───────────────────── 42/298',
      '  40 done · 8 running · 2 failed · 12,345 tokens · 3.2 s',
      ...Array.from({ length: 6 }, (_, i) => `  ⠋ src/resources/file-${i}.ts edit`),
      '    and 2 more',
    ]);
  });

  it('says how many items were begun by an earlier run', () => {
    const options = { columns: 80, elapsedMs: 3_210, frame: 0, colors, interrupted: false };
    expect(viewProgress('tidy', { ...state, resumed: 12 }, options).split('\n')[1]).toBe(
      '  40 done · 8 running · 2 failed · 12 resumed · 12,345 tokens · 3.2 s',
    );
  });

  it.each([
    [40, '  40 done · 8 running · 2 failed'],
    [30, '  40 done · 8 running'],
    [12, '  40 done'],
  ])('drops the last facts first where there are %i columns', (columns, facts) => {
    const options = { columns, elapsedMs: 3_210, frame: 0, colors, interrupted: false };
    expect(viewProgress('t', state, options).split('\n')[1]).toBe(facts);
  });

  it.each([20, 30, 40, 60, 100])('is never wider than a screen of %i columns', (columns) => {
    const wide = {
      ...state,
      running: new Map([
        ['名前/'.repeat(30), 'search'],
        ['b'.repeat(200), 'read_file'],
      ]),
    };
    const view = viewProgress('n'.repeat(64), wide, {
      columns,
      elapsedMs: 1,
      frame: 3,
      colors,
      interrupted: true,
    });
    for (const line of view.split('\n')) expect(textWidth(line)).toBeLessThan(columns);
  });
});

describe('the diff summary', () => {
  const diff = (
    path: string,
    added: number,
    removed: number,
    kind: FileDiff['kind'] = 'modified',
  ): FileDiff => ({ path, kind, added, removed, patch: '' });

  it('lines up names, counts and bars', () => {
    const diffs = [
      diff('a.ts', 3, 1),
      diff('lib/longer.ts', 100, 0, 'added'),
      diff('logo.png', 0, 0),
      diff('z\u001b[2J', 0, 7, 'deleted'),
    ];
    expect(viewDiffStat(diffs, { columns: 80, colors })).toBe(
      [
        '  M a.ts             +3 -1 +-',
        '  A lib/longer.ts  +100 -0 ++++++++++++++++++++',
        '  M logo.png        binary ',
        '  D z                +0 -7 -',
        '  4 files changed, +103 -8',
      ].join('\n'),
    );
  });

  it('shows of many files those that changed most', () => {
    const diffs = Array.from({ length: 30 }, (_, i) => diff(`${i}`, i, 0));
    const lines = viewDiffStat(diffs, { columns: 80, colors, maxRows: 2 }).split('\n');
    expect(lines.map((line) => line.trim().split(/\s+/).slice(0, 2).join(' '))).toEqual([
      'M 29',
      'M 28',
      'and 28',
      '30 files',
    ]);
  });
});

describe('a patch in colours', () => {
  it('tells the head of a file from lines that look like one', () => {
    const c = pc.createColors(true);
    const head = ['diff --git a/x b/x', '--- a/x', '+++ b/x'];
    const hunk = ['@@ -1 +1 @@', '--- query', '+++ count'];
    expect(viewPatch([...head, ...hunk, ...head].join('\n'), c).split('\n')).toEqual([
      ...head.map(c.bold),
      c.cyan(hunk[0]),
      c.red(hunk[1]),
      c.green(hunk[2]),
      ...head.map(c.bold),
    ]);
  });
});

describe('the beginning of all patches', () => {
  const patched = (path: string, lines: readonly string[]): FileDiff => {
    const added = lines.map((line) => `+${line}\n`).join('');
    const patch = `diff --git a/${path} b/${path}\n@@ -0,0 +1,${lines.length} @@\n${added}`;
    return { path, kind: 'added', added: lines.length, removed: 0, patch };
  };
  const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `line ${i}`);
  const view = (...diffs: FileDiff[]): string[] =>
    viewDiffs(diffs, { colors, whole: 'out/merged.patch' }).split('\n');

  it('is all of them where they are short', () => {
    const diffs = [patched('a', ['1']), patched('b', ['2'])];
    expect(view(...diffs).join('\n')).toBe(`${diffs[0]!.patch}${diffs[1]!.patch}`.trimEnd());
    expect(viewDiffs([], { colors, whole: 'x' })).toBe('');
  });

  it('is cut after 200 lines, and says how many there are and where', () => {
    const lines = view(patched('a', numbered(150)), patched('b', numbered(150)));
    expect(lines).toHaveLength(201);
    expect(lines.slice(199)).toEqual(['+line 45', '… 104 more lines in out/merged.patch']);
  });

  it('is cut before a line that is too long, and never shows a later file as if it came next', () => {
    expect(view(patched('a', ['1', 'x'.repeat(300_000), '3']), patched('b', ['4']))).toEqual([
      'diff --git a/a b/a',
      '@@ -0,0 +1,3 @@',
      '+1',
      '… 5 more lines in out/merged.patch',
    ]);
    const long: FileDiff = { path: 'a', kind: 'modified', added: 1, removed: 0, patch: 'x'.repeat(300_000) };
    expect(view(long)).toEqual(['… 1 more line in out/merged.patch']);
  });
});

describe('what is in conflict', () => {
  const side = (itemIds: readonly string[], ...lines: string[]): ReportPlace['sides'][number] => ({
    itemIds,
    sessionIds: itemIds,
    lines,
  });
  const conflict = (path: string, ...hunks: ReportPlace[]): ReportConflict => ({
    path,
    kind: 'content',
    itemIds: [...new Set(hunks.flatMap(({ sides }) => sides.flatMap(({ itemIds }) => itemIds)))],
    sides: [],
    hunks,
  });
  const view = (conflicts: readonly ReportConflict[], columns = 80): string[] =>
    viewConflicts(conflicts, { columns, colors }).split('\n');

  it('is named with who wanted what', () => {
    const place = { baseLine: 7, base: ['c'], sides: [side(['a', 'b'], 'x', '  y'), side(['c'])] };
    const kinds = ['binary', 'deleted-and-changed', 'file-and-directory', 'too-different', 'unseen'] as const;
    const others = kinds.map((kind) => ({ path: kind, kind, itemIds: ['a', 'b'], sides: [], hunks: [] }));
    expect(view([conflict('src/f.ts', place), ...others])).toEqual([
      '  conflict src/f.ts (a, b, c)',
      '    line 7, a, b:',
      '      x',
      '        y',
      '    line 7, c:',
      '      (nothing)',
      '  conflict binary (a, b: no text)',
      '  conflict deleted-and-changed (a, b: deleted by one, changed by another)',
      '  conflict file-and-directory (a, b: a file and a directory at once)',
      '  conflict too-different (a, b: too different to merge)',
      '  conflict unseen (a, b: is there already, but was not shown to the sessions)',
    ]);
    expect(viewConflicts([], { columns: 80, colors })).toBe('');
  });

  it('is shown in part where there is much, and says of everything how much more', () => {
    const ids = Array.from({ length: 500 }, (_, i) => `item-${i}`);
    const lines = ['1', '2', '3', '4', '5'];
    const place = {
      baseLine: 1,
      base: [],
      sides: [side(ids, ...lines), ...ids.slice(1, 6).map((id) => side([id], 'x'))],
    };
    const shown = view(Array.from({ length: 12 }, (_, i) => conflict(`f${i}`, place, place, place)));
    expect(shown.slice(0, 6)).toEqual([
      '  conflict f0 (item-0, item-1, item-2, item-3, item-4, item-5 and 494 more)',
      '    line 1, item-0, item-1, item-2, item-3, item-4, item-5 and 494 more:',
      '      1',
      '      2',
      '      3',
      '      … 2 more lines',
    ]);
    expect(shown.filter((line) => line === '    and 2 more versions')).toHaveLength(20);
    expect(shown.filter((line) => line === '    and 1 more place')).toHaveLength(10);
    expect(shown.at(-1)).toBe('    and 2 more in conflict');
  });

  it.each([20, 40, 80])('shows lines that are no wider than a screen of %i columns', (columns) => {
    const wide = ['x'.repeat(200), '名'.repeat(100), '😀'.repeat(100)];
    const shown = view([conflict('f', { baseLine: 1, base: [], sides: [side(['a'], ...wide)] })], columns);
    for (const line of shown.slice(2)) {
      expect(textWidth(line)).toBeLessThan(columns);
      expect(textWidth(line)).toBeGreaterThan(columns - 4);
      expect(line).not.toMatch(/\p{Cs}/u);
    }
  });

  it('never steers the terminal', () => {
    const hostile = payloads('terminal', 100);
    const shown = hostile.map((text) =>
      viewConflicts([conflict(text, { baseLine: 1, base: [], sides: [side([text], text)] })], {
        columns: 80,
        colors,
      }),
    );
    for (const text of shown) {
      expect(text).not.toMatch(/(?!\n)[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u);
      expect(text.split('\n')).toHaveLength(3);
    }
  });
});

describe('widths', () => {
  it('count columns, not characters', () => {
    expect(textWidth('世界 é e\u0301 👩')).toBe(11);
    expect(fitEnd('src/世界.ts', 8)).toBe('…世界.ts');
    expect(fitEnd('short', 8)).toBe('short');
    expect(fitEnd('short', 0)).toBe('');
  });
});

describe('numbers for people', () => {
  it.each([
    [12.4, '12 ms'],
    [999.4, '999 ms'],
    [1_000, '1.0 s'],
    [59_949, '59.9 s'],
    [59_960, '1 m 00 s'],
    [245_000, '4 m 05 s'],
    [7_380_000, '2 h 03 m'],
  ])('%d milliseconds are %s', (durationMs, text) => {
    expect(formatDuration(durationMs)).toBe(text);
  });

  it('count with their noun', () => {
    expect([countOf(0, 'file'), countOf(1, 'file'), countOf(1_234, 'file')]).toEqual([
      '0 files',
      '1 file',
      '1,234 files',
    ]);
  });
});

describe('a record', () => {
  it('is one line of JSON that no terminal acts on, and reads as what it was', () => {
    const lines: string[] = [];
    const writer = new NdjsonWriter(
      (line) => lines.push(line),
      () => new Date(0),
    );
    const text = 'a\nb\u001b[31m\u009b\u202e\u2028"\\';
    writer.record('text.delta', { text });
    writer.record('text.delta', { text: '' });
    expect(lines[0]).toMatch(/^[ -~]*\n$/);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { v: 1, seq: 1, ts: '1970-01-01T00:00:00.000Z', type: 'text.delta', text },
      { v: 1, seq: 2, ts: '1970-01-01T00:00:00.000Z', type: 'text.delta', text: '' },
    ]);
  });
});
