/**
 *   npm run chaos                                         200 sessions, 2,000 faults, about a quarter of an hour
 *   npm run chaos -- --sessions 20 --faults 60 --seed 7
 *   npm run chaos -- --isolation process
 *   npm run chaos -- --hangs 20                           only the shapes that get stuck, so often each
 *   npm run chaos -- --fatal 100                          only the memory shapes that end a process
 *   npm run chaos -- --check FOLDER                       checks again what a run has left
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseHarnessFlags } from '../shared/flags.ts';
import { printFigures } from '../shared/figures.ts';
import { Violations } from '../shared/violations.ts';
import { chaosFigures } from './chaos-figures.ts';
import { checkHistory } from './check-history.ts';
import { readHistory } from './history.ts';
import { readJournals, runChaos } from './run-chaos.ts';
import { runFatal } from './run-fatal.ts';
import { runHangs } from './run-hangs.ts';

const values = parseHarnessFlags('chaos', process.argv.slice(2), {
  sessions: { kind: 'number', default: 200, about: 'live sessions', min: 5 },
  faults: { kind: 'number', default: 2_000, about: 'faults in all', min: 1 },
  rate: { kind: 'number', default: 4, about: 'faults a second, on average', min: 1 },
  threads: { kind: 'number', default: 8, about: 'session threads', min: 1 },
  storm: { kind: 'number', default: 20, about: 'seconds of one storm', min: 1 },
  isolation: { kind: 'text', default: 'thread', about: 'thread or process' },
  hangs: { kind: 'number', default: 0, about: 'in place of the above: every stuck shape, so often' },
  fatal: { kind: 'number', default: 0, about: 'in place of the above: process-fatal memory shapes, so many' },
  check: { kind: 'text', default: '', about: 'check the history and store of this folder again' },
  keep: { kind: 'switch', about: 'leave the history and the store where they are, and say where' },
  untimed: { kind: 'switch', about: 'leave out what a busy machine spoils' },
});
const { seed, isolation } = values;
if (isolation !== 'thread' && isolation !== 'process') {
  process.stderr.write('npm run chaos: --isolation is thread or process\n');
  process.exit(2);
}

if (values.hangs > 0) printFigures(await runHangs(values.hangs));
if (values.fatal > 0) {
  console.log(`seed ${seed}`);
  const { figures, violations } = await runFatal(seed, values.fatal);
  if (violations.list.length > 0) console.log(violations.describe());
  printFigures(figures);
}
if (values.hangs === 0 && values.fatal === 0) await chaos(isolation);

async function chaos(where: 'thread' | 'process'): Promise<void> {
  let folder = values.check;
  if (folder === '') {
    console.log(`seed ${seed}; play it again: npm run chaos -- --seed ${seed} --isolation ${where}`);
    const { sessions, faults, rate, threads, storm } = values;
    const options = {
      seed,
      sessions,
      faults,
      rate,
      threads,
      isolation: where,
      stormMs: storm * 1_000,
    } as const;
    ({ folder } = await runChaos(options, import.meta.url));
  }
  const history = readHistory(join(folder, 'history.ndjson'));
  const violations = new Violations();
  const check = checkHistory(history, await readJournals(join(folder, 'store.sqlite')), violations);
  const isKept = violations.list.length > 0 || values.keep || values.check !== '';
  if (violations.list.length > 0) console.log(violations.describe());
  if (isKept) console.log(`the run is in ${folder}`);
  printFigures(
    chaosFigures(history, check, violations, {
      faults: values.check === '' ? values.faults : 0,
      timed: !values.untimed,
    }),
  );
  if (!isKept) rmSync(folder, { recursive: true });
}
