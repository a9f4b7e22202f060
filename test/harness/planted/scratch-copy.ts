import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plantBug } from './plant-bug.ts';
import type { Harness, PlantedBug } from './planted-bug.ts';

const COPIED = ['bench', 'src', 'workers', 'test', 'package.json', 'tsconfig.json'];
/** A harness that is still running then has found nothing: the bug made it hang. */
const TIMEOUT_MS = 240_000;

/** How a harness ended: its own exit code, or null when it had to be ended. */
export interface HarnessRun {
  readonly exitCode: number | null;
  /** The last of what it printed. */
  readonly output: string;
}

/** A copy of the project that may be broken. The project itself is never touched. */
export class ScratchCopy {
  readonly #place: string;
  readonly #root: string;

  /** @param projectRoot  where `src` and `node_modules` are */
  constructor(projectRoot: string) {
    this.#place = mkdtempSync(join(tmpdir(), 'skein-planted-'));
    this.#root = join(this.#place, 'project');
    for (const name of COPIED) cpSync(join(projectRoot, name), join(this.#root, name), { recursive: true });
    symlinkSync(join(projectRoot, 'node_modules'), join(this.#root, 'node_modules'));
    // Recorded streams and the like, which some harnesses read, lie beside the project.
    const shared = join(projectRoot, '..', 'shared');
    if (existsSync(shared)) symlinkSync(shared, join(this.#place, 'shared'));
  }

  /** Breaks the copy, runs the harness in it and mends it. @throws {Error} when the text to replace is not there once */
  async runWith(bug: PlantedBug): Promise<HarnessRun> {
    const file = join(this.#root, bug.file);
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, plantBug(bug, text));
    try {
      return await this.run(bug.harness, bug.flags);
    } finally {
      writeFileSync(file, text);
    }
  }

  async run(harness: Harness, flags: string): Promise<HarnessRun> {
    const built = await this.#spawn('npm', ['run', 'harness:build']);
    if (built.exitCode !== 0) throw new Error(`the copy cannot be built:\n${built.output}`);
    const main = join('dist', 'harness', harness, 'main.js');
    return this.#spawn(process.execPath, [main, ...flags.split(' ')]);
  }

  remove(): void {
    rmSync(this.#place, { recursive: true, force: true });
  }

  #spawn(command: string, args: readonly string[]): Promise<HarnessRun> {
    return new Promise((resolve) => {
      const child = spawn(command, args, { cwd: this.#root, stdio: ['ignore', 'pipe', 'pipe'] });
      let output = '';
      const onData = (data: Buffer): void => void (output = `${output}${data.toString()}`.slice(-4_000));
      child.stdout.on('data', onData);
      child.stderr.on('data', onData);
      const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
      child.on('close', (exitCode) => {
        clearTimeout(timer);
        resolve({ exitCode, output });
      });
    });
  }
}
