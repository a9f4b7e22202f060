import { spawn } from 'node:child_process';
import { GitError } from '../errors.ts';

/** Of one call. Writing the objects of a large batch takes seconds. */
const TIMEOUT_MS = 120_000;
/** The listing of a tree with a million files. */
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;

/**
 * What git may be told by the environment: who somebody is, and which configuration is theirs. All the rest, such as
 * GIT_DIR and GIT_INDEX_FILE in a hook, would have it work on another repository than the one that is meant.
 */
const KEPT = [
  'GIT_AUTHOR_NAME',
  'GIT_AUTHOR_EMAIL',
  'GIT_COMMITTER_NAME',
  'GIT_COMMITTER_EMAIL',
  'GIT_CEILING_DIRECTORIES',
  'GIT_CONFIG_GLOBAL',
  'GIT_CONFIG_NOSYSTEM',
  'GIT_CONFIG_SYSTEM',
  'GIT_DISCOVERY_ACROSS_FILESYSTEM',
  'GIT_EXEC_PATH',
];

export interface GitCall {
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
}

export interface GitAnswer {
  readonly exitCode: number;
  readonly stdout: Buffer;
  /** Its first lines, as one line. */
  readonly stderr: string;
}

/**
 * Runs the user's own git: without a shell, without hooks, and without ever asking anything.
 * @returns how it ended, whatever the exit code
 * @throws {GitError} `git_missing`; `git_failed` after two minutes, by a signal, or with endless output
 */
export async function runGit(
  directory: string,
  args: readonly string[],
  { input = '', env = {} }: GitCall = {},
): Promise<GitAnswer> {
  const whole = ['-c', 'core.hooksPath=/dev/null', '-c', 'core.fsmonitor=false', ...args];
  const child = spawn('git', whole, {
    cwd: directory,
    env: { ...cleanEnvironment(), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // Not the option of `spawn`: after a failed start its timer would hold the process up.
  const deadline = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
  const stdout: Buffer[] = [];
  let size = 0;
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_OUTPUT_BYTES) child.kill('SIGKILL');
    else stdout.push(chunk);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (stderr.length < 4_000) stderr += text;
  });
  // It may end before it has read everything, which its exit code says better.
  child.stdin.on('error', () => undefined).end(input);
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on('error', (cause: NodeJS.ErrnoException) => reject(notStarted(cause)));
    child.on('close', resolve);
  }).finally(() => clearTimeout(deadline));
  if (exitCode === null)
    throw new GitError('git_failed', `git ${args[0]} was ended: it took too long, or said too much.`);
  return {
    exitCode,
    stdout: Buffer.concat(stdout),
    stderr: stderr.trim().split('\n').slice(0, 3).join('; '),
  };
}

/** The same, of a call that has to end well. @returns what it wrote @throws {GitError} `git_missing`, `git_failed` */
export async function git(directory: string, args: readonly string[], call: GitCall = {}): Promise<Buffer> {
  const { exitCode, stdout, stderr } = await runGit(directory, args, call);
  if (exitCode === 0) return stdout;
  throw new GitError('git_failed', `git ${args[0]} ended with ${exitCode}: ${stderr || 'it said nothing'}.`);
}

function cleanEnvironment(): NodeJS.ProcessEnv {
  const ours = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('GIT_') || KEPT.includes(name),
  );
  return { ...Object.fromEntries(ours), GIT_TERMINAL_PROMPT: '0', GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' };
}

function notStarted(cause: NodeJS.ErrnoException): GitError {
  // Also said of a directory that is not there; but that has been read by then.
  if (cause.code === 'ENOENT')
    return new GitError('git_missing', 'There is no git to be run; install it, or use --write.', { cause });
  return new GitError('git_failed', `git could not be run: ${cause.message}.`, { cause });
}
