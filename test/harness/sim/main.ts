import { parseHarnessFlags } from '../shared/flags.ts';
import { simulate } from './simulate.ts';

const flags = parseHarnessFlags('sim', process.argv.slice(2), {
  seeds: { kind: 'number', default: 10_000, about: 'how many seeds, from 1 on', min: 1 },
  first: { kind: 'number', default: 1, about: 'the first of them' },
  trace: { kind: 'switch', about: 'play the seed alone and print all that happens' },
});
const first = flags.trace ? flags.seed : flags.first;
const count = flags.trace ? 1 : flags.seeds;
const startedAt = performance.now();
let events = 0;
const reached = new Map<string, number>();
let failed = 0;
for (let seed = first; seed < first + count; seed += 1) {
  const run = await simulate(seed, flags.trace ? (line) => process.stdout.write(`${line}\n`) : undefined);
  events += run.eventCount;
  for (const [state, times] of run.reached) reached.set(state, (reached.get(state) ?? 0) + times);
  if (run.violation === undefined) continue;
  failed += 1;
  process.stdout.write(`seed ${seed}: ${run.violation}\n`);
  if (!flags.trace && failed === 1) process.stdout.write(`${run.lastLines.slice(-30).join('\n')}\n`);
  if (failed >= 5) break;
}
const seconds = (performance.now() - startedAt) / 1000;
process.stdout.write(
  `${failed} failed, ${Math.round(count / seconds)}/s, ${Math.round(events / count)} events a seed\n`,
);
for (const [state, times] of [...reached].toSorted()) process.stdout.write(`${state.padEnd(60)} ${times}\n`);
