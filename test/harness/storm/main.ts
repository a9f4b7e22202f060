/**
 * Many sessions on one model account that is scarce, stormy, silent or dear. Time goes faster: the server's minutes and the
 * clock of the pool alike.
 *
 *   npm run storm                                  all parts, about two minutes
 *   npm run storm -- gate storm --speed 10 --seed 7
 */
import { parseHarnessFlags } from '../shared/flags.ts';
import { printFigures, type Figure } from '../shared/figures.ts';
import { runBudget } from './run-budget.ts';
import { runCache } from './run-cache.ts';
import { runCancel } from './run-cancel.ts';
import { runGate } from './run-gate.ts';
import { runSilent } from './run-silent.ts';
import { runStorm } from './run-storm.ts';

const PARTS = ['gate', 'storm', 'cancel', 'silent', 'cache', 'budget'];
const values = parseHarnessFlags(
  'storm',
  process.argv.slice(2),
  {
    sessions: { kind: 'number', default: 100, about: 'sessions at once', min: 2 },
    speed: { kind: 'number', default: 30, about: 'times as fast as real time', min: 1 },
    minutes: { kind: 'number', default: 10, about: 'minutes before the limits, in their time', min: 2 },
    untimed: { kind: 'switch', about: 'leave out what a busy machine spoils' },
  },
  PARTS,
);
const { seed, sessions, speed, minutes, untimed } = values;
const parts = values.parts.length === 0 ? PARTS : values.parts;
console.log(
  `seed ${seed}; the same again: npm run storm -- ${parts.join(' ')} --seed ${seed} --speed ${speed}`,
);

const url = import.meta.url;
const figures: Figure[] = [];
if (parts.includes('gate'))
  figures.push(...(await runGate({ sessions, speed, minutes, seed, untimed }, url)));
if (parts.includes('storm')) figures.push(...(await runStorm({ sessions, speed, seed, untimed }, url)));
if (parts.includes('cancel')) figures.push(...(await runCancel({ sessions, untimed }, url)));
if (parts.includes('silent'))
  figures.push(...(await runSilent({ sessions: Math.min(sessions, 20), untimed }, url)));
if (parts.includes('cache')) figures.push(...(await runCache(Math.min(sessions, 50), url)));
if (parts.includes('budget')) figures.push(...(await runBudget(sessions, url)));
printFigures(figures);
