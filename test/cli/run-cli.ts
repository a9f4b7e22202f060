import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const MAIN = fileURLToPath(new URL('../../dist/bin/cli/main.js', import.meta.url));

export interface CliResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd: string;
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Called with all of stdout and stderr, whenever there is more. */
  readonly onOutput?: (output: { stdout: string; stderr: string }, child: ChildProcess) => void;
}

/** Runs the built command as a user's shell would, with pipes. No key of the machine it runs on is seen. */
export async function skein(args: readonly string[], options: CliOptions): Promise<CliResult> {
  const { OPENROUTER_API_KEY: _, OPENAI_API_KEY: __, FORCE_COLOR: ___, ...env } = process.env;
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: options.cwd,
    env: { ...env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
      options.onOutput?.(output, child);
    });
  }
  child.stdin.on('error', () => undefined).end(options.input ?? '');
  const exitCode = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { exitCode, ...output };
}

export interface CliRecord {
  readonly v: number;
  readonly seq: number;
  readonly type: string;
  readonly [field: string]: unknown;
}

/** The records of NDJSON output. Every line must be one. */
export function recordsOf({ stdout }: CliResult): CliRecord[] {
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as CliRecord);
}

/** A directory with these files, and what removes it. */
export function folder(files: Readonly<Record<string, string>>): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'skein-cli-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A scripted model that makes `const` a `let` in the file that the prompt names. */
export const FIX_SCRIPT = `
rules:
  - match: { turn: 0, user: '^Fix (?<path>\\S+)' }
    answer: { text: 'Reading {{path}}.', calls: [{ name: read, arguments: { path: '{{path}}' } }] }
  - match: { tool: read }
    rewrite: { pattern: const, replacement: let }
    otherwise: Nothing to do.
  - answer: { text: Done. }
`;
