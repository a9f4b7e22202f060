import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyHunks, describeReport, hasFailed } from '../../src/patches/unified-hunks.ts';
import { parseUnifiedPatch } from '../../src/patches/unified-patch.ts';
import { Prng } from '../harness/shared/prng.ts';
import { drawEdit, drawLines, hasProgram, Scratch, textOf } from './patch-cases.ts';

const hasGit = hasProgram('git');
const hasPatch = hasGit && hasProgram('patch');
if (!hasPatch) console.warn('skipped: comparing with GNU patch and git takes both of them');

const CASES = 300;
const SEED = 20_260_401;

let scratch: Scratch;
beforeAll(() => {
  scratch = new Scratch();
});
afterAll(() => {
  scratch.remove();
});

interface Case {
  readonly target: string;
  readonly patch: string;
}

/** A patch of one file, and a file that is not quite the one it was made from. */
function drawCase(prng: Prng): Case {
  const base = drawLines(prng, prng.between(1, 50), 'line');
  const after = drawEdit(prng, base, prng.between(1, 4), 'new');
  const drift = prng.below(4);
  const target = drift === 0 ? base : drawEdit(prng, base, drift, 'drift');
  const [wasEnded, isEnded] = [prng.chance(0.8), prng.chance(0.8)];
  const patch = scratch.gitDiff(
    { f: textOf(base, wasEnded) },
    { f: textOf(after, isEnded) },
    prng.pick([3, 3, 2, 1]),
  );
  return { target: textOf(target, wasEnded), patch };
}

interface Ours {
  readonly text: string | undefined;
  /** Hunks that only add lines, and were refused. */
  readonly refusedAdditions: number;
  readonly failed: number;
  /** Those that GNU patch tells: hunks that were moved, fuzzy or failed. */
  readonly reports: readonly string[];
}

function ours({ target, patch }: Case): Ours {
  const { hunks } = parseUnifiedPatch(patch)[0]!;
  const { text, reports } = applyHunks(target, hunks);
  const failed = reports.filter(hasFailed);
  const additions = failed.filter(({ number }) => hunks[number - 1]!.lines.every(({ sign }) => sign !== '-'));
  const told = reports.filter((report) => report.fuzz !== 0 || report.offset !== 0 || hasFailed(report));
  return {
    text,
    refusedAdditions: additions.length,
    failed: failed.length,
    reports: told.map(describeReport),
  };
}

describe.skipIf(!hasPatch)('GNU patch and this one', () => {
  const ONE = '--- a/f\n+++ b/f\n@@ -3,1 +3,1 @@\n-x\n+y\n';

  it.each<[string, Case, readonly string[]]>([
    [
      'take the later of two places that are as near',
      { target: 'a\nx\nb\nx\n', patch: ONE },
      ['Hunk #1 succeeded at 4 (offset 1 line).'],
    ],
    [
      'never put two hunks in one place',
      { target: 'a\nb\nx\nx\n', patch: `${ONE}@@ -3,1 +3,1 @@\n-x\n+z\n` },
      ['Hunk #2 succeeded at 4 (offset 1 line).'],
    ],
    [
      'look for the next hunk as far off as the last one was',
      { target: 'c\nd\na\nb\nx\nx\nc\nx\n', patch: `${ONE}@@ -6,1 +6,1 @@\n-x\n+z\n` },
      ['Hunk #1 succeeded at 5 (offset 2 lines).', 'Hunk #2 succeeded at 8 (offset 2 lines).'],
    ],
  ])('%s', (_, drawn, reports) => {
    expect(ours(drawn)).toMatchObject({ reports });
    const gnu = scratch.gnuPatch({ f: drawn.target }, drawn.patch);
    expect(gnu).toEqual({ reports, files: { f: ours(drawn).text } });
  });
});

describe.skipIf(!hasPatch)(`${CASES} patches of files that have drifted`, () => {
  it('give what GNU patch gives, with its offset, fuzz and failures', () => {
    const figures = { applied: 0, moved: 0, fuzzy: 0, failed: 0, stricter: 0 };
    for (let n = 0; n < CASES; n++) {
      const drawn = drawCase(new Prng(SEED).fork(String(n)));
      if (drawn.patch === '') continue;
      const gnu = scratch.gnuPatch({ f: drawn.target }, drawn.patch);
      const mine = ours(drawn);
      const place = `case ${n}\n${drawn.patch}\n--- on\n${drawn.target}`;
      // The one difference: with fuzz enough, GNU patch adds lines without having found any other.
      const gnuFailed = gnu.reports.filter((line) => line.includes('FAILED')).length;
      if (mine.failed > gnuFailed && mine.refusedAdditions > 0) {
        figures.stricter++;
        continue;
      }
      expect([place, mine.reports]).toEqual([place, gnu.reports]);
      expect([place, mine.text]).toEqual([place, gnu.files?.['f'] ?? (gnu.files && '')]);
      if (mine.text === undefined) figures.failed++;
      else figures.applied++;
      if (gnu.reports.some((line) => line.includes('offset'))) figures.moved++;
      if (gnu.reports.some((line) => line.includes('fuzz'))) figures.fuzzy++;
    }
    // Every kind has to be met, or nothing was compared.
    expect(Object.values(figures).filter((count) => count < 5)).toEqual([]);
    expect(figures.stricter).toBeLessThan(CASES / 15);
  }, 120_000);

  it('give what git gives, where it takes them', () => {
    const figures = { same: 0, moved: 0, gitRefused: 0 };
    for (let n = 0; n < CASES; n++) {
      const drawn = drawCase(new Prng(SEED + 1).fork(String(n)));
      if (drawn.patch === '') continue;
      const git = scratch.gitApply({ f: drawn.target }, drawn.patch);
      const mine = ours(drawn);
      const place = `case ${n}\n${drawn.patch}\n--- on\n${drawn.target}`;
      if (git === undefined) figures.gitRefused++;
      else if (mine.reports.length > 0) figures.moved++;
      else {
        expect([place, mine.text]).toEqual([place, git['f'] ?? '']);
        figures.same++;
      }
    }
    expect(Object.values(figures).filter((count) => count < 5)).toEqual([]);
  }, 120_000);
});
