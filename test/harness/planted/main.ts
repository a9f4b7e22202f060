/**
 *   npm run planted                     every planted bug; minutes
 *   npm run planted -- lost-ack …       these ones
 */
import { fileURLToPath } from 'node:url';
import { parseHarnessFlags } from '../shared/flags.ts';
import { printFigures } from '../shared/figures.ts';
import { catchPlanted } from './catch-planted.ts';
import { PLANTED_BUGS } from './planted-bugs.ts';

const { parts } = parseHarnessFlags(
  'planted',
  process.argv.slice(2),
  {},
  PLANTED_BUGS.map(({ name }) => name),
);
const bugs = PLANTED_BUGS.filter(({ name }) => parts.length === 0 || parts.includes(name));
const root = fileURLToPath(new URL('../../../', import.meta.url));
printFigures(await catchPlanted(root, bugs, (line) => console.log(line)));
