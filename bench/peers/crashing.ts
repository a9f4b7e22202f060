/** Who is left when one session's tool crashes. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { CrashWay } from '../support/crash.ts';
import { TOOLS, type Case, type Line, type Run } from './comparison.ts';
import type { CrashLine, CrashTask } from './crash.client.ts';
import { ENTRANTS, SKEIN, SKEIN_IN_PROCESSES, type Entrant } from './entrants.ts';

/** Three times what the others need, with nothing beside them. */
const TIME_LIMIT_MS = 20_000;
/** Of the main thread, so that memory runs out soon and the machine's does not. */
const MAX_HEAP_MB = 512;
/** Of standard error: where an engine that gives up says why. */
const KEPT_STDERR = 2_000;

const WAYS: Readonly<Record<CrashWay, string>> = {
  throws: 'throws an error',
  'throws-null': 'throws null',
  'rejects-unheard': 'leaves a rejection unhandled',
  'rejects-late': 'the same, after it has answered',
  'throws-late': 'throws in a timer, after it has answered',
  stack: 'recurses without an end',
  exit: 'calls process.exit',
  abort: 'calls process.abort',
  loop: 'loops without an end',
  'many-objects': 'runs out of memory, many objects',
  'one-array': 'runs out of memory, one array',
};

interface CrashEnd {
  readonly survivors: number;
  /** How the conversation that crashed ended; undefined when nobody was left to say so. */
  readonly crasher: string | undefined;
  readonly firstFailure: string | undefined;
  readonly end: 'ended' | 'died' | 'stuck';
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stderr: string;
}

export const crashing: Case = {
  name: 'A neighbour whose tool crashes',
  async measure(run) {
    const entrants = [SKEIN, SKEIN_IN_PROCESSES, ...ENTRANTS.filter((entrant) => entrant !== SKEIN)];
    const lines: Line[] = [];
    const raw: object[] = [];
    for (const way of run.extent.crashes) {
      const values = new Map<string, number | string>();
      for (const entrant of entrants) {
        run.progress(`${WAYS[way]}, ${entrant.name}`);
        const end = await crashOne(entrant, way, run);
        values.set(entrant.name, end.end === 'ended' ? end.survivors : `${end.survivors}, ${end.end}`);
        raw.push({ way, name: entrant.name, ...end });
      }
      lines.push({ measure: `${WAYS[way]}: left of ${run.extent.besideCrash}`, values });
    }
    return { lines, raw };
  },
};

/** Runs it until it ends, or until the time limit; only this process is killed then, and it takes its own along. */
async function crashOne({ contestant }: Entrant, way: CrashWay, run: Run): Promise<CrashEnd> {
  const task: CrashTask = {
    contestant,
    baseURL: run.baseURL,
    way,
    count: run.extent.besideCrash,
    tools: TOOLS,
  };
  const client = fileURLToPath(new URL('./crash.client.js', import.meta.url));
  const child = spawn(
    process.execPath,
    [`--max-old-space-size=${MAX_HEAP_MB}`, client, JSON.stringify(task)],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr
    .setEncoding('utf8')
    .on('data', (text: string) => (stderr = (stderr + text).slice(-KEPT_STDERR)));
  let stuck = false;
  const timer = setTimeout(() => {
    stuck = true;
    child.kill('SIGKILL');
  }, TIME_LIMIT_MS);
  const [exitCode, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.once('close', (code, by) => resolve([code, by])),
  );
  clearTimeout(timer);
  const said = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as CrashLine);
  const ended = said.some(({ type }) => type === 'ended');
  return {
    survivors: said.filter(({ type }) => type === 'survived').length,
    crasher: said.find(({ type }) => type === 'crasher')?.text,
    firstFailure: said.find(({ type }) => type === 'failed')?.text,
    end: ended ? 'ended' : stuck ? 'stuck' : 'died',
    exitCode,
    signal,
    stderr,
  };
}
