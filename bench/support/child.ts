import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ScriptedModelScript } from 'skein';
import type { LimitedModelStats } from '../limited-model.ts';

/** A built file of this folder. */
function built(name: string): string {
  return fileURLToPath(new URL(`./${name}.js`, import.meta.url));
}

/** A process that prints one line of JSON when it is done, or ready. */
function start(name: string, args: readonly string[], nodeOptions: readonly string[]): ChildProcess {
  return spawn(process.execPath, [...nodeOptions, built(name), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

/**
 * Runs one measurement in a fresh process.
 * @param name  file of this folder, without extension
 * @param task  given to it as JSON
 * @returns what it printed
 */
export async function measureInChild<Result>(
  name: string,
  task: object,
  nodeOptions: readonly string[] = [],
): Promise<Result> {
  const child = start(name, [JSON.stringify(task)], nodeOptions);
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  const line = await firstLine(child);
  const exitCode = await exited;
  if (line === undefined || exitCode !== 0) {
    throw new Error(`${name} ${JSON.stringify(task)} ended with code ${exitCode} and no result`);
  }
  return JSON.parse(line) as Result;
}

/** What a measuring process was asked. */
export function taskOfThisChild<Task>(): Task {
  return JSON.parse(process.argv[2] ?? '{}') as Task;
}

/** Says what was measured and ends the process, whatever still runs in it. */
export function answerParent(result: object): void {
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
}

/** The model server, in its own process. */
export async function startModelServer(): Promise<{ readonly baseURL: string; readonly stop: () => void }> {
  const child = start('model-server', [], []);
  const line = await firstLine(child);
  if (line === undefined) throw new Error('the model server did not start');
  const { baseURL } = JSON.parse(line) as { baseURL: string };
  return { baseURL, stop: () => child.stdin?.end() };
}

/** A scripted model with limits, in its own process. */
export interface LimitedModel {
  readonly baseURL: string;
  /** What it has seen so far. */
  stats(): Promise<LimitedModelStats>;
  stop(): void;
}

export async function startLimitedModel(script: ScriptedModelScript): Promise<LimitedModel> {
  const child = start('limited-model', [JSON.stringify(script)], []);
  if (!child.stdin || !child.stdout) throw new Error('the limited model has no pipes');
  const { stdin } = child;
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async <Line>(): Promise<Line> => {
    const line = await lines.next();
    if (line.done) throw new Error('the limited model has ended');
    return JSON.parse(line.value) as Line;
  };
  const { baseURL } = await next<{ baseURL: string }>();
  return {
    baseURL,
    stats: () => {
      stdin.write('stats\n');
      return next<LimitedModelStats>();
    },
    stop: () => stdin.end(),
  };
}

async function firstLine(child: ChildProcess): Promise<string | undefined> {
  if (!child.stdout) return undefined;
  for await (const line of createInterface({ input: child.stdout })) return line;
  return undefined;
}
