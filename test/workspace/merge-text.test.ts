import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mergeText, type TextMerge } from '../../src/workspace/merge-text.ts';
import { splitLines } from '../../src/workspace/text-lines.ts';

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'skein-merge-text-'));
});
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

function merge(base: string, ...sides: string[]): TextMerge {
  return mergeText(
    Buffer.from(base),
    sides.map((side) => Buffer.from(side)),
  );
}

/** The merged text; undefined where there is a conflict. */
function merged(base: string, ...sides: string[]): string | undefined {
  const outcome = merge(base, ...sides);
  return outcome.kind === 'merged' ? outcome.content.toString() : undefined;
}

/** What git makes of it; undefined where it reports a conflict. */
function mergedByGit(base: string, one: string, two: string): string | undefined {
  const names = ['one', 'base', 'two'];
  [one, base, two].forEach((text, i) => writeFileSync(join(scratch, names[i]!), text));
  const env = { PATH: process.env['PATH'], GIT_CONFIG_NOSYSTEM: '1', HOME: scratch };
  const { status, stdout, error } = spawnSync('git', ['merge-file', '-p', ...names], { cwd: scratch, env });
  if (error) throw error;
  return status === 0 ? stdout.toString() : undefined;
}

/** An edit of a text: what becomes of each of its lines, and what is put before it. Numbers choose among new lines. */
type Edit = {
  readonly action: 'keep' | 'delete' | 'replace';
  readonly insert: number;
  readonly choice: number;
}[];

const BASE_LINES = 14;
const editLine = fc.record({
  action: fc.oneof(
    { weight: 12, arbitrary: fc.constant('keep' as const) },
    { weight: 1, arbitrary: fc.constantFrom('delete' as const, 'replace' as const) },
  ),
  insert: fc.oneof({ weight: 12, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(2) }),
  choice: fc.nat(1),
});
const edit: fc.Arbitrary<Edit> = fc.array(editLine, { minLength: BASE_LINES + 1, maxLength: BASE_LINES + 1 });

const distinctBase = Array.from({ length: BASE_LINES }, (_, i) => `base ${i}\n`);
/** Of texts in which no line is there twice an edit can be told in one way only. */
function editDistinct(changes: Edit): string {
  return changes
    .map(({ action, insert, choice }, i) => {
      const added = Array.from({ length: insert }, (_, n) => `new ${i}.${n}.${choice}\n`).join('');
      const line = distinctBase[i];
      if (line === undefined || action === 'delete') return added;
      return added + (action === 'keep' ? line : `other ${i}.${choice}\n`);
    })
    .join('');
}

/** Texts of few different lines, so that most of them repeat; some without an end to the last. */
const anyText = fc
  .tuple(
    fc.array(fc.constantFrom('a\n', 'b\n', '}\n', '\n', 'a\r\n'), { maxLength: 24 }),
    fc.constantFrom('', 'a', '\r'),
  )
  .map(([lines, end]) => lines.join('') + end);

describe('merging a text', () => {
  const base = distinctBase.join('');

  it('does what git does, where no line is there twice', () => {
    let clean = 0;
    fc.assert(
      fc.property(edit, edit, fc.constantFrom('', '\n'), (one, two, end) => {
        const [a, b] = [editDistinct(one) + end, editDistinct(two)];
        const result = merged(base, a, b);
        if (result !== undefined) clean += 1;
        expect(result).toBe(mergedByGit(base, a, b));
      }),
      { numRuns: 200 },
    );
    expect(clean).toBeGreaterThan(30);
  });

  it('never loses a line that all sides kept, nor one that a side added, nor keeps one that a side deleted', () => {
    fc.assert(
      fc.property(fc.array(edit, { minLength: 2, maxLength: 5 }), (edits) => {
        const sides = edits.map(editDistinct);
        const result = merged(base, ...sides);
        if (result === undefined) return;
        const lines = new Set(splitLines(result));
        const kept = sides.map((side) => new Set(splitLines(side)));
        for (const line of distinctBase) expect(lines.has(line)).toBe(kept.every((side) => side.has(line)));
        for (const line of kept.flatMap((side) => [...side]))
          if (!line.startsWith('base')) expect(lines).toContain(line);
      }),
      { numRuns: 2_000 },
    );
  });

  it('comes to the same when it is done by two and two', () => {
    fc.assert(
      fc.property(edit, edit, edit, (one, two, three) => {
        const [a, b, c] = [editDistinct(one), editDistinct(two), editDistinct(three)];
        const atOnce = merged(base, a, b, c);
        if (atOnce === undefined) return;
        const firstTwo = merged(base, a, b);
        expect(firstTwo === undefined ? undefined : merged(base, firstTwo, c)).toBe(atOnce);
      }),
      { numRuns: 2_000 },
    );
  });

  it('does not depend on the order of the sides', () => {
    fc.assert(
      fc.property(anyText, fc.array(anyText, { minLength: 2, maxLength: 4 }), (text, sides) => {
        const there = merge(text, ...sides);
        const back = merge(text, ...sides.toReversed());
        expect(turned(back, sides.length)).toEqual(there);
      }),
      { numRuns: 2_000 },
    );
  });

  it('with a side that changed nothing gives the other, and two equal sides are one', () => {
    fc.assert(
      fc.property(anyText, anyText, (text, side) => {
        expect(merged(text, side, text)).toBe(side);
        expect(merged(text, side, side)).toBe(side);
        expect(merged(text, side)).toBe(side);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('an edit that can be told in several ways', () => {
  it.each<[what: string, base: string, one: string, two: string, result: string | undefined]>([
    [
      'a block was added beside its like by both',
      'a\nb\na\nb\nz\n',
      'a\nb\na\nb\na\nb\nz\n',
      'a\nb\na\nb\na\nb\nz\nend\n',
      'a\nb\na\nb\na\nb\nz\nend\n',
    ],
    ['a line was added below its like', 'a\nb\n', 'b\na\nb\nb\n', 'a\na\nb\n', 'b\na\na\nb\nb\n'],
    ['both added below', 'a\n}\n', '}\na\n}\n}\n', 'a\n}\na\n', undefined],
  ])('is told as low as it goes, as git does: %s', (_, base, one, two, result) => {
    expect(merged(base, one, two)).toBe(result);
    expect(mergedByGit(base, one, two)).toBe(result);
  });
});

// git 2.39 deletes two there: it tells the one edit of the upper, and the other of the lower line.
it('one of several equal lines that both deleted is deleted once', () => {
  const [base, one, two] = ['x\n}\n}\n}\ny\nz\n', 'x\n}\n}\ny\nz\n', 'X\n}\n}\ny\nZ\n'];
  expect(merged(base, one, two)).toBe(two);
});

describe('texts that are large, or have little in common', () => {
  const repeated = 'a\n'.repeat(2_000_000);

  it('are merged where sides changed a beginning and an end, however often lines repeat', () => {
    expect(merged(repeated, `first\n${repeated}`, `${repeated}last\n`)).toBe(`first\n${repeated}last\n`);
  });

  it('are taken as replaced from the first line that differs to the last, beyond what can be compared', () => {
    const rewritten = `first\n${repeated}last\n`;
    expect(merged(repeated, rewritten, rewritten)).toBe(rewritten);
    expect(merge(repeated, rewritten, repeated.slice(4))).toEqual({ kind: 'too-different' });
    const [head, tail] = ['head\nhead 2\n', 'tail 2\ntail\n'];
    expect(merged(head + repeated + tail, `H\nhead 2\n${repeated}${tail}`, head + rewritten + tail)).toBe(
      `H\nhead 2\n${rewritten}${tail}`,
    );
  });

  it('are compared by the fewest edits where the longest common subsequence would take too long', () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `${i % 2 === 0 ? i : '}'}\n`);
    const base = lines.join('');
    const one = lines.with(0, 'first\n').with(-1, 'last\n').join('');
    const two = lines.with(10_000, 'middle\n').join('');
    expect(merged(base, one, two)).toBe(
      lines.with(0, 'first\n').with(-1, 'last\n').with(10_000, 'middle\n').join(''),
    );
  });
});

/** The same outcome, as if the sides had been given in the opposite order. */
function turned(outcome: TextMerge, count: number): TextMerge {
  if (outcome.kind !== 'conflict') return outcome;
  const conflicts = outcome.conflicts.map((conflict) => ({
    ...conflict,
    versions: conflict.versions
      .map(({ sides, lines }) => ({
        sides: sides.map((side) => count - 1 - side).sort((a, b) => a - b),
        lines,
      }))
      .sort((a, b) => a.sides[0]! - b.sides[0]!),
  }));
  return { kind: 'conflict', conflicts };
}
