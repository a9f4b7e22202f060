import { none, printFigures, atLeast, told } from '../shared/figures.ts';
import { parseHarnessFlags } from '../shared/flags.ts';
import { simulate, type SimRun } from './simulate.ts';
import { SOMETIMES } from './sometimes.ts';

// npm run sim -- --seeds 10000; npm run sim -- --seed 7 --trace plays one again, line by line.
const flags = parseHarnessFlags('sim', process.argv.slice(2), {
  seeds: {
    kind: 'number',
    default: 10_000,
    about: 'how many runs, one for each seed from --first on',
    min: 1,
  },
  first: { kind: 'number', default: 1, about: 'seed of the first run' },
  trace: { kind: 'switch', about: 'play --seed alone and print all that happens in it' },
});
if (flags.trace) {
  const run = await simulate(flags.seed, (line) => process.stdout.write(`${line}\n`));
  process.stdout.write(`seed ${run.seed}: ${run.eventCount} events, trace ${run.traceHash}\n`);
  if (run.violation !== undefined) process.exitCode = 1;
} else {
  await playAll(flags.first, flags.seeds);
}

async function playAll(first: number, seeds: number): Promise<void> {
  const startedAt = performance.now();
  const reached = new Map<string, number>();
  let eventCount = 0;
  let replays = 0;
  let differing = 0;
  let played = 0;
  let failed: SimRun | undefined;
  for (let seed = first; seed < first + seeds && !failed; seed += 1) {
    const run = await simulate(seed);
    played += 1;
    eventCount += run.eventCount;
    for (const [state, times] of run.reached) reached.set(state, (reached.get(state) ?? 0) + times);
    if (run.violation !== undefined) failed = run;
    // A hidden clock, timer or random number would show here.
    if (seed % 50 !== 0) continue;
    replays += 1;
    if ((await simulate(seed)).traceHash !== run.traceHash) {
      differing += 1;
      process.stdout.write(`seed ${seed} gives another run the second time\n`);
    }
  }
  if (failed) {
    process.stdout.write(`seed ${failed.seed}: ${failed.violation}\n\n${failed.lastLines.join('\n')}\n\n`);
    process.stdout.write(`Play it again: npm run sim -- --seed ${failed.seed} --trace\n\n`);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  printFigures([
    none('seeds in which something that must hold did not', failed ? 1 : 0),
    atLeast('seeds', seeds, played),
    atLeast('events a seed', 1_000, Math.round(eventCount / played)),
    none(`of ${replays} seeds played twice, different traces`, differing),
    told('seeds a second', (played / seconds).toFixed(1)),
    told('seconds', seconds.toFixed(1)),
    ...SOMETIMES.map((state) =>
      atLeast(`reached: ${state}`, played >= 1_000 ? 1 : 0, reached.get(state) ?? 0),
    ),
    ...[...reached]
      .filter(([state]) => !SOMETIMES.includes(state))
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([state, times]) => told(`also: ${state}`, times)),
  ]);
}
