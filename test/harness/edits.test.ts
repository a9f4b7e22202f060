import { describe, expect, it } from 'vitest';
import { runCorpus } from './edits/run-corpus.ts';
import { formatFigures } from './shared/figures.ts';

// The short form of `npm run edits`, always with the same seed: a red test stays red.
describe('npm run edits', () => {
  it('makes no edit that a reader would not, and at least 95 of 100 that are unambiguous', () => {
    const { classes, figures, violations, missed } = runCorpus({ seed: 4, each: 25, root: process.cwd() });
    expect(violations.describe()).toBe('');
    expect(
      figures.every(({ ok }) => ok),
      `${formatFigures(figures)}\n${missed.describe()}`,
    ).toBe(true);
    // Every class lands by itself: a level that is broken does not hide behind the others.
    for (const { name, mayLand, landed, cases } of classes) {
      if (mayLand) expect(landed / cases, name).toBeGreaterThanOrEqual(0.8);
    }
  });
});
