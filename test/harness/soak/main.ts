/**
 *   npm run soak                                       10,000 sessions, one after the other, a few at a time
 *   npm run soak -- --sessions 1000 --store sqlite
 *   npm run soak -- live --live 10000 --store sqlite   10,000 sessions open at once
 */
import { parseHarnessFlags } from '../shared/flags.ts';
import { printFigures, type Figure } from '../shared/figures.ts';
import { runLive } from './run-live.ts';
import { runSoak } from './run-soak.ts';

const PARTS = ['turnover', 'live'];
const values = parseHarnessFlags(
  'soak',
  process.argv.slice(2),
  {
    sessions: { kind: 'number', default: 10_000, about: 'sessions of the turnover', min: 10 },
    live: { kind: 'number', default: 10_000, about: 'sessions open at once', min: 10 },
    'at-once': { kind: 'number', default: 16, about: 'sessions of the turnover at a time', min: 1 },
    // So that this cache is full early: it is no leak, and would be taken for one.
    resident: { kind: 'number', default: 128, about: 'sessions whose files a thread keeps', min: 1 },
    store: { kind: 'text', default: 'sqlite', about: 'memory or sqlite' },
    // The memory that is judged is the supervisor's. In one process with the threads their heaps are in it, which the main
    // thread cannot collect and which come to rest after some thousand sessions.
    isolation: { kind: 'text', default: 'process', about: 'thread or process; of the turnover' },
  },
  PARTS,
);
const { store, isolation } = values;
if (store !== 'memory' && store !== 'sqlite') refuse('--store is memory or sqlite');
if (isolation !== 'thread' && isolation !== 'process') refuse('--isolation is thread or process');
const chosen = values.parts.length === 0 ? PARTS : values.parts;

const figures: Figure[] = [];
if (chosen.includes('turnover')) {
  const { sessions, 'at-once': atOnce, resident } = values;
  figures.push(...(await runSoak({ sessions, atOnce, resident, store, isolation }, import.meta.url)));
}
if (chosen.includes('live')) figures.push(...(await runLive(values.live, store, import.meta.url)));
printFigures(figures);

function refuse(problem: string): never {
  process.stderr.write(`npm run soak: ${problem}\n`);
  process.exit(2);
}
