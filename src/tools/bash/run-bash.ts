import type * as JustBash from 'just-bash';
import type { Bash, CommandName } from 'just-bash';
import type { Workspace } from '../../workspace/workspace.ts';
import { ToolFailure } from '../tool-failure.ts';
import { EXECUTION_LIMITS, SCRATCH_QUOTA, TIME_LIMIT_MS } from './limits.ts';
import { PosixError } from './posix-error.ts';
import { PROGRAMS } from './programs.ts';
import { WorkspaceFileSystem } from './workspace-file-system.ts';

export interface RunBashOptions {
  readonly workspace: Workspace;
  /** Ends the script between two of its commands. */
  readonly signal: AbortSignal;
  readonly timeLimitMs?: number;
}

export interface BashResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  /** Why the workspace refused changes. */
  readonly refusals: readonly string[];
}

/** What just-bash tells its caller, and no model can make use of. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/command not available in browser environments\..*/g, 'command not found'],
  [/, increase executionLimits\.\w+/g, ''],
];

/**
 * Runs a script in just-bash, a shell written in JavaScript, over a workspace. Its package is loaded by the first call in a
 * thread. No process is started, and nothing is read or written but the workspace; what a command did stays done when it is
 * ended by a limit.
 * @throws {ToolFailure} when just-bash is not installed
 */
export async function runBash(
  command: string,
  { workspace, signal, timeLimitMs = TIME_LIMIT_MS }: RunBashOptions,
): Promise<BashResult> {
  const { Bash: Shell } = await loadShell();
  const files = new WorkspaceFileSystem(workspace, {
    programs: new Set(PROGRAMS),
    scratchQuota: SCRATCH_QUOTA,
    signal,
  });
  const shell: Bash = new Shell({
    fs: files,
    cwd: '/',
    commands: PROGRAMS as CommandName[],
    executionLimits: { ...EXECUTION_LIMITS, maxExecutionTimeMs: timeLimitMs },
    executionLimitProfile: 'hardened',
    defenseInDepth: true,
    // Nothing runs in the background, so there is nothing to wait for; a thread would be held all the same.
    sleep: () => Promise.resolve(),
  });
  try {
    const { stdout, stderr, exitCode } = await shell.exec(command, { signal, rawScript: true });
    return { stdout, stderr: withoutAdvice(stderr), exitCode, refusals: files.refusals };
  } catch (error) {
    // Redirections let a refusal of the file system through, and with it the script ends.
    if (!(error instanceof PosixError)) throw error;
    const stderr = `bash: ${error.message}: the script was ended here, and what it had printed is lost\n`;
    return { stdout: '', stderr, exitCode: 1, refusals: files.refusals };
  } finally {
    files.end();
  }
}

async function loadShell(): Promise<typeof JustBash> {
  try {
    return await import('just-bash');
  } catch (error) {
    // A session that was kept in a store is taken up without asking again whether the package is there.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new ToolFailure('bash is not available here: its package is not installed. Use the other tools.');
  }
}

function withoutAdvice(stderr: string): string {
  return ADVICE.reduce((text, [advice, instead]) => text.replace(advice, instead), stderr);
}
