// npm start [-- --model openrouter:… [--limit 5] [--concurrency 8]]
//
// A batch refactoring of real code, end to end: copies the sources of an installed package, runs one session a file over
// HTTP, then holds the merged patch to what it promises. Without --model a scripted model answers, from its own process.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { checkResult } from './check-result.js';

const SOURCES = fileURLToPath(new URL('../../node_modules/openai/src', import.meta.url));
const SKEIN = fileURLToPath(new URL('../../dist/bin/cli/main.js', import.meta.url));
const JOB = fileURLToPath(new URL('job.yaml', import.meta.url));
const SCRIPT = fileURLToPath(new URL('script.yaml', import.meta.url));

const given = process.argv.slice(2);
const own = given.find((argument) => /^(?:-o|--out|-d|--dir|-w|--write)\b/.test(argument));
if (own !== undefined) {
  console.error(
    `npm start chooses its own folders and writes to a copy only: leave ${own} out, or use skein batch.`,
  );
  process.exit(2);
}
const isScripted = !given.some((argument) => /^(?:-m|--model)\b/.test(argument));
const isPartial = given.some((argument) => argument.startsWith('--limit'));
// Piped, standard output is the batch's records and nothing else.
const say = (line) => (process.stdout.isTTY ? process.stdout : process.stderr).write(`${line}\n`);

const root = await mkdtemp(join(tmpdir(), 'skein-main-job-'));
const directory = join(root, 'sources');
const out = join(root, 'results');
const checked = join(root, 'checked');
// Ctrl-C goes to the batch too; it ends gracefully, and this program after it.
let isInterrupted = false;
process.on('SIGINT', () => {
  isInterrupted = true;
});

let model;
try {
  await cp(SOURCES, directory, { recursive: true });
  model = isScripted ? await startModel() : undefined;
  process.exitCode = await main();
} finally {
  model?.process.kill();
  await rm(existsSync(out) ? checked : root, { recursive: true, force: true });
}

async function main() {
  if (isInterrupted) return 130;
  const scripted = model ? ['--provider', `scripted=${model.baseURL}`, '--model', 'scripted:refactor'] : [];
  const batch = spawn(
    process.execPath,
    [SKEIN, 'batch', JOB, '--dir', directory, '--out', out, ...scripted, ...given],
    { stdio: 'inherit' },
  );
  const [batchExit] = await once(batch, 'exit');
  // Interrupted, or wrongly called: there is no whole result to look at.
  if (isInterrupted) return 130;
  if (batchExit !== 0 && batchExit !== 1) return batchExit ?? 1;

  const leastFiles = isScripted && !isPartial ? 150 : 0;
  // A second copy, so that the sources stay what the report is about.
  await cp(directory, checked, { recursive: true });
  say('');
  const isGood = await checkResult({ directory: checked, patch: join(out, 'merged.patch'), leastFiles, say });
  if (isScripted) {
    say(
      'No language model was used: a script answered. To use one: npm start -- --model openrouter:<model> --limit 5',
    );
  }
  return isGood ? batchExit : 1;
}

/** The scripted model in its own process; it ends with this one, and is out of the reach of Ctrl-C. */
async function startModel() {
  const child = spawn(process.execPath, [SKEIN, 'model', SCRIPT, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    detached: true,
  });
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([
    once(lines, 'line'),
    once(child, 'exit').then(([code]) => {
      throw new Error(`the scripted model did not start (exit code ${code})`);
    }),
  ]);
  return { process: child, baseURL: JSON.parse(line).baseURL };
}
