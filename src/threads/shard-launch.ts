import { spawn, type ChildProcess } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { WIRE_FD } from '../protocol/shard-messages.ts';
import { PROGRESS_FD } from '../protocol/shard-progress.ts';
import { packageOf } from './shard-scopes.ts';
import { workerFile } from './worker-file.ts';

/** A started shard process and its streams. */
export interface LaunchedShard {
  readonly child: ChildProcess;
  /** Where V8 says why it gave up. */
  readonly stderr: Socket;
  /** See `shard-progress.ts`. */
  readonly progress: Socket;
  /** Messages, both ways. */
  readonly wire: Socket;
}

/**
 * Starts a shard process. Its environment is empty, nothing it prints is shown, and where Node has a permission model it
 * may start threads and read its own code and `readable`, and nothing else of files or processes.
 * @throws when the system gives no process
 */
export function launchShard(readable: Iterable<string>): LaunchedShard {
  const file = workerFile('shard');
  // It starts its threads from a file of its own, so it is no part of the bundle. By its real path: Node gives that of a
  // link when it has met the package before, and the shard may not follow links.
  const piscina = realpathSync(createRequire(file).resolve('piscina'));
  const flags = permissionFlags([dirname(file), packageOf(piscina), ...readable]);
  const child = spawn(process.execPath, [...flags, ...QUIET_FLAGS, file, piscina], {
    env: {},
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    windowsHide: true,
  });
  // It says the same as a missing pid, but only later.
  child.on('error', () => undefined);
  if (child.pid === undefined) throw new Error('it could not be spawned');
  const stream = (fd: number): Socket => child.stdio[fd] as Socket;
  return { child, stderr: stream(2), progress: stream(PROGRESS_FD), wire: stream(WIRE_FD) };
}

/** `Object.prototype.__proto__` is how parsed data reaches the prototypes of others; no thread can turn it off itself. */
const QUIET_FLAGS = [
  '--disable-proto=delete',
  '--disable-warning=ExperimentalWarning',
  '--disable-warning=SecurityWarning',
];

function permissionFlags(readable: readonly string[]): string[] {
  const stable = process.allowedNodeEnvironmentFlags.has('--permission');
  return [
    stable ? '--permission' : '--experimental-permission',
    '--allow-worker',
    ...readable.map((directory) => `--allow-fs-read=${join(directory, '*')}`),
  ];
}
