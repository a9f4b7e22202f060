/**
 *   npm run fuzz                                      all parts, about five minutes
 *   npm run fuzz -- tools --calls 1000000 --seed 7    one part, played again
 */
import { parseHarnessFlags } from '../shared/flags.ts';
import { printFigures, type Figure } from '../shared/figures.ts';
import type { Findings } from './findings.ts';
import { fuzzJournal } from './fuzz-journal.ts';
import { fuzzStreams } from './fuzz-streams.ts';
import { fuzzTools } from './fuzz-tools.ts';
import { fuzzYaml } from './fuzz-yaml.ts';

const PARTS = ['tools', 'streams', 'yaml', 'journal'];
const values = parseHarnessFlags(
  'fuzz',
  process.argv.slice(2),
  {
    calls: { kind: 'number', default: 1_000_000, about: 'tool calls', min: 1 },
    streams: { kind: 'number', default: 100_000, about: 'streams to draw and spoil' },
    served: { kind: 'number', default: 500, about: 'streams over a connection' },
    documents: { kind: 'number', default: 100_000, about: 'YAML documents to draw and spoil' },
    damages: { kind: 'number', default: 2_000, about: 'damaged copies of a store' },
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
if (chosen.includes('streams')) {
  const { streams, served } = values;
  report(await fuzzStreams({ seed, streams, served, maxCuts: Infinity }));
}
if (chosen.includes('yaml')) report(fuzzYaml({ seed, documents: values.documents }));
if (chosen.includes('journal')) report(await fuzzJournal({ seed, damages: values.damages }));
printFigures(figures);
