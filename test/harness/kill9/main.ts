/**
 *   npm run kill9                                     1,000 rounds over a store of 10,000 sessions, about 20 minutes
 *   npm run kill9 -- --rounds 20 --stored 0 --seed 7
 */
import { rmSync } from 'node:fs';
import { parseHarnessFlags } from '../shared/flags.ts';
import { printFigures } from '../shared/figures.ts';
import { runKill9 } from './run-kill9.ts';

const values = parseHarnessFlags('kill9', process.argv.slice(2), {
  rounds: { kind: 'number', default: 1_000, about: 'kills', min: 1 },
  stored: { kind: 'number', default: 10_000, about: 'sessions in the store before' },
  sessions: { kind: 'number', default: 20, about: 'sessions at work', min: 1 },
  untimed: { kind: 'switch', about: 'leave out what a busy machine spoils' },
  isolation: { kind: 'text', default: 'thread', about: 'thread or process' },
});
const { seed, rounds, stored, sessions, isolation } = values;
if (isolation !== 'thread' && isolation !== 'process') {
  process.stderr.write('npm run kill9: --isolation is thread or process\n');
  process.exit(2);
}
console.log(`seed ${seed}; the same plan again: npm run kill9 -- --seed ${seed} --isolation ${isolation}`);
const { figures, violations, folder } = await runKill9(
  { seed, rounds, stored, sessions, isolation },
  import.meta.url,
);
if (violations.list.length > 0) console.log(`${violations.describe()}\nthe store is in ${folder}`);
else rmSync(folder, { recursive: true });
printFigures(values.untimed ? figures.filter(({ name }) => !name.startsWith('from start')) : figures);
