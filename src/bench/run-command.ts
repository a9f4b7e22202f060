import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { formatDuration } from '../batch/format.ts';
import type { CommandCheck } from './check.ts';

/** Of what the command wrote, this much of the end is told. */
const TOLD_CHARS = 500;

/** What a command sees of the environment. What a model wrote is run there, and keys are not for it. */
const KEPT = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'LANG', 'LC_ALL', 'TZ', 'SystemRoot', 'ComSpec', 'PATHEXT'];

/**
 * Runs a check's command in a directory of its own with a copy of the files, which is removed after it. Past its time it is
 * killed with all that it started.
 * @returns what is wrong; null when it ended with exit code 0
 * @throws when the files cannot be written, or the signal was aborted
 */
export async function runCommandCheck(
  command: CommandCheck,
  files: ReadonlyMap<string, string | Uint8Array>,
  signal: AbortSignal,
): Promise<string | null> {
  const directory = await mkdtemp(join(tmpdir(), 'skein-check-'));
  try {
    for (const [path, content] of files) {
      const file = join(directory, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
    }
    signal.throwIfAborted();
    return await run(command, directory, signal);
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function run(
  { words, shell, timeoutMs }: CommandCheck,
  directory: string,
  signal: AbortSignal,
): Promise<string | null> {
  const [program, ...args] = words;
  const env = Object.fromEntries(
    KEPT.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])),
  );
  const child = spawn(program!, args, {
    cwd: directory,
    env: { ...env, CI: '1', NO_COLOR: '1' },
    shell,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, so that all of it can be ended.
    detached: process.platform !== 'win32',
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-TOLD_CHARS);
    });
  }
  const what = words.join(' ');
  let isLate = false;
  const deadline = setTimeout(() => {
    isLate = true;
    killGroup(child);
  }, timeoutMs);
  const onAbort = (): void => killGroup(child);
  signal.addEventListener('abort', onAbort);
  try {
    const problem = await new Promise<string | null>((resolve) => {
      child.on('error', (error) => resolve(`${what} could not be run: ${error.message}`));
      // Not `close`: what it left running may hold the pipes for ever.
      child.on('exit', (code, ended) => {
        if (code === 0) return resolve(null);
        const how = isLate
          ? `was ended after ${formatDuration(timeoutMs)}`
          : `ended with ${code ?? ended ?? 'an error'}`;
        // Its last words are read before they are told.
        setImmediate(() => resolve(`${what} ${how}${said.trim() === '' ? '' : `: ${said.trim()}`}`));
      });
    });
    signal.throwIfAborted();
    return problem;
  } finally {
    clearTimeout(deadline);
    signal.removeEventListener('abort', onAbort);
    // Also what it left running.
    killGroup(child);
    child.stdout.destroy();
    child.stderr.destroy();
  }
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    // Nothing of it is left.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
