import { describe, expect, it } from 'vitest';
import type { Findings } from './fuzz/findings.ts';
import { fuzzJournal } from './fuzz/fuzz-journal.ts';
import { fuzzStreams } from './fuzz/fuzz-streams.ts';
import { fuzzTools } from './fuzz/fuzz-tools.ts';
import { fuzzYaml } from './fuzz/fuzz-yaml.ts';
import { formatFigures, type Figure } from './shared/figures.ts';

/** The short form of `npm run fuzz`, always with the same seed: a red test stays red. */
const SEED = 3;

function expectAll({ figures, findings }: { figures: readonly Figure[]; findings: Findings }): void {
  expect(findings.describe()).toBe('');
  expect(
    figures.every(({ ok }) => ok),
    formatFigures(figures),
  ).toBe(true);
}

describe('npm run fuzz', () => {
  it('finds no difference between tools and a simple tree in 10,000 calls', () => {
    expectAll(fuzzTools({ seed: SEED, calls: 10_000 }));
  });

  it('finds no stream that is taken for complete when it is cut, and none that is read otherwise in pieces', async () => {
    expectAll(await fuzzStreams({ seed: SEED, streams: 2_000, served: 26, maxCuts: 30_000 }));
  });

  it('finds no YAML that gives more than an error or a value of the schema', () => {
    const { figures, findings } = fuzzYaml({ seed: SEED, documents: 500 });
    // How long it takes is for a machine that does nothing else.
    expectAll({ figures: figures.filter(({ name }) => name !== 'yaml: slowest'), findings });
  });

  it('finds no damage to a store that is read as if it were none', async () => {
    expectAll(await fuzzJournal({ seed: SEED, damages: 60 }));
  });
});
