/**
 *   npm run edits                                  some 14,000 edits of real files, about a minute
 *   npm run edits -- --each 2000 --seed 7          more of each class, played again
 *   npm run edits -- --missed                      shows the edits that might have landed and did not
 */
import { parseHarnessFlags } from '../shared/flags.ts';
import { printFigures } from '../shared/figures.ts';
import { runCorpus, type ClassResult } from './run-corpus.ts';

const { seed, each, missed } = parseHarnessFlags('edits', process.argv.slice(2), {
  each: { kind: 'number', default: 300, about: 'edits of each class', min: 1 },
  missed: { kind: 'switch', about: 'show what might have landed and was refused' },
});
console.log(`seed ${seed}; play it again: npm run edits -- --each ${each} --seed ${seed}`);
const result = runCorpus({ seed, each, root: process.cwd() });
console.log(classTable(result.classes));
if (result.violations.list.length > 0) console.log(result.violations.describe());
if (missed) console.log(result.missed.describe());
printFigures(result.figures);

function classTable(classes: readonly ClassResult[]): string {
  const rows = classes.map(({ name, mayLand, cases, landed, refused, false: wrong }) => {
    const right = mayLand ? landed : refused;
    return [name, mayLand ? 'land' : 'be refused', `${((100 * right) / cases).toFixed(1)} %`, String(wrong)];
  });
  const table = [['class', 'has to', 'does', 'false'], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]!.length)));
  return table
    .map((row) =>
      row
        .map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
        .join('  '),
    )
    .join('\n');
}
