import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Harness, PlantedBug } from './planted-bug.ts';

const COPIED = ['src', 'workers', 'test', 'package.json', 'tsconfig.json'];
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
    const places = text.split(bug.find).length - 1;
    if (places !== 1) {
      throw new Error(`${bug.name}: ${bug.file} has the text to replace ${places} times; look at it again.`);
    }
    writeFileSync(
      file,
      text.replace(bug.find, () => bug.replace),
    );
    try {
      return await this.run(bug.harness, bug.flags);
    } finally {
      writeFileSync(file, text);
    }
  }

  async run(harness: Harness, flags: string): Promise<HarnessRun> {
    await this.#build(harness);
    return new Promise((resolve) => {
      const args = [join(this.#root, 'dist', 'harness', harness, 'main.js'), ...flags.split(' ')];
      const child = spawn(process.execPath, args, { cwd: this.#root, stdio: ['ignore', 'pipe', 'pipe'] });
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

  remove(): void {
    rmSync(this.#place, { recursive: true, force: true });
  }

  /** As the scripts `build:workers` and `harness:build` do. */
  async #build(harness: Harness): Promise<void> {
    const { scripts } = JSON.parse(readFileSync(join(this.#root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const workers = scripts['build:workers'] ?? '';
    const common = {
      absWorkingDir: this.#root,
      bundle: true,
      platform: 'node',
      target: 'node20',
      logLevel: 'error',
    } as const;
    await build({
      ...common,
      entryPoints: workers.split(' ').filter((word) => word.startsWith('workers/')),
      external: ['piscina'],
      format: 'cjs',
      outdir: 'dist/workers',
      outExtension: { '.js': '.cjs' },
    });
    await build({
      ...common,
      entryPoints: [`test/harness/${harness}/*.ts`],
      packages: 'external',
      format: 'esm',
      outbase: 'test/harness',
      outdir: 'dist/harness',
    });
  }
}
