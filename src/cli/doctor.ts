import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { promisify } from 'node:util';
import { BUILT_IN_PROVIDERS, resolveModel } from '../model/providers.ts';
import { MissingKeyError } from '../errors.ts';
import { startScriptedModel } from '../model/scripted/server.ts';
import { SessionPool } from '../pool/pool.ts';
import { workerFile } from '../threads/worker-file.ts';
import { formatDuration } from '../batch/format.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { NdjsonWriter } from './ndjson.ts';
import { printableLine } from './printable.ts';
import { describeTerminal, type Terminal } from './terminal.ts';

/** `ok`, `note` (works without it), or `bad` (skein does not work). */
type Grade = 'ok' | 'note' | 'bad';

interface Finding {
  readonly grade: Grade;
  readonly what: string;
  readonly found: string;
}

const MIN_NODE = [20, 19] as const;
const REACH_TIMEOUT_MS = 3_000;

/** `skein doctor`: looks at everything that a session needs. Tells the names of keys, never a key. */
export async function doctorCommand(options: { readonly json?: true }): Promise<ExitCode> {
  const terminal = describeTerminal(options);
  const checks = [
    checkNode(),
    checkMachine(),
    ...(['session', 'model'] as const).map(checkWorker),
    checkSession(),
    ...BUILT_IN_PROVIDERS.map(checkProvider),
    checkGit(),
    checkTerminal(terminal),
  ];
  const writer = new NdjsonWriter((line) => process.stdout.write(line));
  let isGood = true;
  for (const check of checks) {
    const { grade, what, found } = await check;
    isGood &&= grade !== 'bad';
    if (terminal.json) {
      writer.record('check.ended', { grade, what, found });
      continue;
    }
    const c = terminal.out;
    const mark = { ok: c.green('✔'), note: c.yellow('–'), bad: c.red('✘') }[grade];
    process.stdout.write(`${mark} ${what.padEnd(15)} ${printableLine(found)}\n`);
  }
  const exitCode = isGood ? EXIT.done : EXIT.unfinished;
  if (terminal.json) writer.record('doctor.ended', { exit: exitCode });
  return exitCode;
}

function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isNew = major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1]);
  return {
    grade: isNew ? 'ok' : 'bad',
    what: 'Node',
    found: `${process.version}, wants ${MIN_NODE.join('.')} or later`,
  };
}

function checkMachine(): Finding {
  const cores = availableParallelism();
  const found = `${cores} ${cores === 1 ? 'core' : 'cores'}, ${(totalmem() / 2 ** 30).toFixed(1)} GiB of memory`;
  return { grade: 'ok', what: 'machine', found };
}

async function checkWorker(name: 'session' | 'model'): Promise<Finding> {
  const what = `${name} bundle`;
  try {
    await access(workerFile(name));
    return { grade: 'ok', what, found: 'is there' };
  } catch {
    return { grade: 'bad', what, found: 'is missing; run npm run build' };
  }
}

/** One whole conversation, from the pool through both kinds of threads and over HTTP. */
async function checkSession(): Promise<Finding> {
  const what = 'session thread';
  const startedMs = performance.now();
  try {
    const server = await startScriptedModel({ rules: [{ answer: { text: 'well' } }] });
    try {
      await using pool = await SessionPool.open({ providers: { scripted: { baseURL: server.baseURL } } });
      const session = await pool.start({ model: 'scripted:doctor' });
      const { reply, stopReason, error } = await session.prompt('How are you?');
      if (reply === 'well') {
        const took = formatDuration(performance.now() - startedMs);
        return { grade: 'ok', what, found: `starts and answers (${took} in all)` };
      }
      return { grade: 'bad', what, found: `ended with ${stopReason}: ${error?.message ?? 'no answer'}` };
    } finally {
      await server.close();
    }
  } catch (error) {
    return { grade: 'bad', what, found: error instanceof Error ? error.message : String(error) };
  }
}

async function checkProvider(name: string): Promise<Finding> {
  const model = `${name}:any`;
  // The key is not looked at here, so that the address is known without one.
  const { baseURL } = resolveModel(model, { [name]: { apiKey: '' } }, process.env).provider;
  const reached = await reach(baseURL);
  const key = keyState(model);
  return {
    grade: key.isUsable && reached.isThere ? 'ok' : 'note',
    what: name,
    found: `${key.found}; ${baseURL} ${reached.found}`,
  };
}

function keyState(model: string): { isUsable: boolean; found: string } {
  try {
    const { apiKey } = resolveModel(model, {}, process.env).provider;
    return { isUsable: true, found: apiKey === '' ? 'needs no key' : 'key is set' };
  } catch (error) {
    if (!(error instanceof MissingKeyError)) throw error;
    return { isUsable: false, found: `no key: ${/ set (\w+)/.exec(error.message)?.[1] ?? 'it'} is not set` };
  }
}

/** Any answer will do: without a key most say 401. No key is sent. */
async function reach(baseURL: string): Promise<{ isThere: boolean; found: string }> {
  try {
    const response = await fetch(`${baseURL}/models`, { signal: AbortSignal.timeout(REACH_TIMEOUT_MS) });
    await response.body?.cancel();
    return { isThere: true, found: `answers (${response.status})` };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    return { isThere: false, found: `cannot be reached (${why})` };
  }
}

function checkTerminal({ live, watched, err, columns }: Terminal): Finding {
  const progress = live ? 'redrawn' : watched ? 'told line by line' : 'not shown';
  const found = `progress is ${progress}, colours are ${err.isColorSupported ? 'on' : 'off'}, ${columns} columns`;
  return { grade: 'ok', what: 'terminal', found };
}

async function checkGit(): Promise<Finding> {
  try {
    const { stdout } = await promisify(execFile)('git', ['--version']);
    return { grade: 'ok', what: 'git', found: stdout.trim() };
  } catch {
    return { grade: 'note', what: 'git', found: 'not found; patches are written all the same' };
  }
}
