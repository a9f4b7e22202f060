/**
 *   npm run fuzz                                      all parts, about five minutes
 *   npm run fuzz -- tools --calls 1000000 --seed 7    one part, played again
 */
import { parseHarnessFlags } from '../shared/flags.ts';
import { printFigures, type Figure } from '../shared/figures.ts';
import type { Findings } from './findings.ts';
import { fuzzTools } from './fuzz-tools.ts';

const PARTS = ['tools', 'streams', 'yaml', 'journal'];
const values = parseHarnessFlags(
  'fuzz',
  process.argv.slice(2),
  {
    calls: { kind: 'number', default: 1_000_000, about: 'tool calls', min: 1 },
    episode: {
      kind: 'number',
      default: -1,
      about: 'of the tool calls, this episode alone; -1 for all',
      min: -1,
    },
  },
  PARTS,
);
const { seed } = values;
const chosen = values.parts.length === 0 ? PARTS : values.parts;
console.log(`seed ${seed}; play it again: npm run fuzz -- ${chosen.join(' ')} --seed ${seed}`);

const figures: Figure[] = [];
const report = (result: { figures: readonly Figure[]; findings: Findings }): void => {
  figures.push(...result.figures);
  if (result.findings.list.length > 0) console.log(result.findings.describe());
};

if (chosen.includes('tools')) {
  const episode = values.episode < 0 ? {} : { episode: values.episode };
  report(fuzzTools({ seed, calls: values.calls, ...episode }));
}
printFigures(figures);
