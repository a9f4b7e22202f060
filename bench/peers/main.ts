/**
 * The same conversations through skein and its peers, and one table of what came of it.
 *
 *   npm ci --prefix bench/peers          once
 *   npm run bench:peers                  about 75 minutes
 *   npm run bench:peers -- crash         one case or several of: cost, pace, memory, burn, crash
 *   npm run bench:peers -- --quick       two conversations of each: to see that everything runs, not to quote
 *
 * Prints the table in Markdown; writes dist/peers/results.json with every single measurement.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { cpus, loadavg, totalmem } from 'node:os';
import { startModelServer } from '../support/child.ts';
import { burning } from './burning.ts';
import type { Case } from './comparison.ts';
import { cost } from './cost.ts';
import { crashing } from './crashing.ts';
import { ENTRANTS, SKEIN, SKEIN_IN_PROCESSES } from './entrants.ts';
import { QUICK, WHOLE } from './extent.ts';
import { memory } from './memory.ts';
import { pace } from './pace.ts';
import { markdownTable, type Group } from './table.ts';

const CASES: ReadonlyMap<string, Case> = new Map([
  ['cost', cost],
  ['pace', pace],
  ['memory', memory],
  ['burn', burning],
  ['crash', crashing],
]);
/** What the peers ask of Node; skein is measured on the same. */
const MIN_NODE = { major: 22, minor: 19 };

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < MIN_NODE.major || (major === MIN_NODE.major && minor < MIN_NODE.minor)) {
  console.error(
    `The peers need Node ${MIN_NODE.major}.${MIN_NODE.minor} or later, this is ${process.version}. On Linux "npm ci --prefix bench/peers" brings one along.`,
  );
  process.exit(2);
}
const args = process.argv.slice(2);
const asked = args.filter((arg) => arg !== '--quick');
const unknown = asked.find((arg) => !CASES.has(arg));
if (unknown !== undefined) {
  console.error(`No case is called "${unknown}". Known: ${[...CASES.keys()].join(', ')}; and --quick.`);
  process.exit(2);
}
const extent = args.includes('--quick') ? QUICK : WHOLE;

const machine = {
  date: new Date().toISOString(),
  node: process.version,
  cpu: cpus()[0]?.model ?? 'unknown',
  cpuCount: cpus().length,
  memoryGb: Math.round(totalmem() / 2 ** 30),
  loadBefore: loadavg()[0] ?? 0,
};
const versions = await installedVersions();
const server = await startModelServer();
const groups: Group[] = [];
const raw: Record<string, unknown> = {};
try {
  for (const [key, question] of CASES) {
    if (asked.length > 0 && !asked.includes(key)) continue;
    const { name } = question;
    const answer = await question.measure({
      baseURL: server.baseURL,
      extent,
      progress: (text) => console.error(`${name}: ${text}`),
    });
    groups.push({ name, lines: answer.lines });
    raw[name] = answer.raw;
  }
} finally {
  server.stop();
}
const loadAfter = loadavg()[0] ?? 0;
await writeFile(
  new URL('results.json', import.meta.url),
  `${JSON.stringify({ machine: { ...machine, loadAfter }, versions, extent, raw }, null, 2)}\n`,
);
const columns = ENTRANTS.flatMap(({ name }) =>
  name === SKEIN.name ? [SKEIN.name, SKEIN_IN_PROCESSES.name] : [name],
);
console.log(`${extent === QUICK ? 'Quick, not to quote. ' : ''}${describeRun()}\n`);
console.log(markdownTable(groups, columns));

function describeRun(): string {
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `${machine.date.slice(0, 10)}, node ${machine.node.slice(1)}, ${machine.cpuCount} x ${machine.cpu}, ${machine.memoryGb} GB,`,
    `load ${machine.loadBefore.toFixed(1)} before the start and ${loadAfter.toFixed(1)} at the end; ${extent.rounds === 1 ? 'one round' : `medians of ${extent.rounds} rounds`}.`,
    `${named.join(', ')}.`,
  ].join(' ');
}

/** Of what was measured: the project's own, and what is installed here. */
async function installedVersions(): Promise<Record<string, string>> {
  const project = new URL('../../', import.meta.url);
  const read = async (path: string): Promise<string> => {
    const { version } = JSON.parse(await readFile(new URL(path, project), 'utf8')) as { version: string };
    return version;
  };
  const found: Record<string, string> = {
    skein: await read('package.json'),
    'openai (loop)': await read('node_modules/openai/package.json'),
    undici: await read('node_modules/undici/package.json'),
  };
  for (const name of ENTRANTS.flatMap(({ packages }) => packages)) {
    found[name] = await read(`bench/peers/node_modules/${name}/package.json`);
  }
  return found;
}
