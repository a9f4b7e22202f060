/**
 * Asks the questions and prints the answers.
 *
 *   npm run bench                         all of them, about half an hour
 *   npm run bench -- seed turn-cost       some of them
 *   npm run bench -- --quick              fewer rounds: to see that everything runs, not to quote
 *
 * Writes dist/bench/results.json with every single measurement.
 */
import { writeFile } from 'node:fs/promises';
import { cpus, loadavg, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { containment } from './containment.ts';
import { edit } from './edit.ts';
import { fork } from './fork.ts';
import { gate } from './gate.ts';
import { gateOverhead } from './gate-overhead.ts';
import { history } from './history.ts';
import { idleMemory } from './idle-memory.ts';
import { image } from './image.ts';
import { parked } from './parked.ts';
import { search } from './search.ts';
import { seed } from './seed.ts';
import { formatCurve, type Curve } from './support/curve.ts';
import type { Question } from './support/question.ts';
import { formatTable, isReached, type Row } from './support/report.ts';
import { threadStart } from './thread-start.ts';
import { threads } from './threads.ts';
import { turnCost } from './turn-cost.ts';

const QUESTIONS: readonly Question[] = [
  threadStart,
  seed,
  fork,
  search,
  containment,
  turnCost,
  edit,
  gate,
  gateOverhead,
  idleMemory,
  parked,
  history,
  image,
  threads,
];
/** More than this before the start, and other programs are measured too. */
const BUSY_LOAD = 0.5;

const args = process.argv.slice(2);
const quick = args.includes('--quick');
const names = args.filter((arg) => arg !== '--quick');
const unknown = names.find((name) => !QUESTIONS.some((question) => question.name === name));
if (unknown !== undefined) {
  console.error(
    `No question is called "${unknown}". Known: ${QUESTIONS.map(({ name }) => name).join(', ')}.`,
  );
  process.exit(2);
}

const machine = {
  date: new Date().toISOString(),
  node: process.version,
  cpu: cpus()[0]?.model ?? 'unknown',
  cpuCount: cpus().length,
  memoryGb: Math.round(totalmem() / 2 ** 30),
  loadBefore: loadavg()[0] ?? 0,
  quick,
};
console.error(
  `${machine.cpuCount} x ${machine.cpu}, node ${machine.node}, load ${machine.loadBefore.toFixed(2)}`,
);
if (machine.loadBefore > BUSY_LOAD)
  console.error('The machine is busy: ratios hold better than times, and neither well.');

const rows: Row[] = [];
const curves: Curve[] = [];
const raw: Record<string, unknown> = {};
for (const question of QUESTIONS) {
  if (names.length > 0 && !names.includes(question.name)) continue;
  const answer = await question.measure({
    quick,
    progress: (text) => console.error(`${question.name}: ${text}`),
  });
  rows.push(...answer.rows);
  curves.push(...(answer.curves ?? []));
  raw[question.name] = answer.raw;
}
const results = {
  machine,
  rows: rows.map((row) => ({ ...row, reached: isReached(row) ?? null })),
  curves,
  raw,
};
await writeFile(
  fileURLToPath(new URL('results.json', import.meta.url)),
  `${JSON.stringify(results, null, 2)}\n`,
);
console.log(formatTable(rows));
for (const curve of curves) console.log(`\n${formatCurve(curve)}`);
