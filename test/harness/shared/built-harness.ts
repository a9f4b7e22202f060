import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** Bundles one harness as `npm run harness:build` does; `npm run build:workers` comes before all tests. */
export async function buildHarness(name: string): Promise<void> {
  const folder = `test/harness/${name}`;
  const entries = readdirSync(`${ROOT}/${folder}`).filter(
    (file) => file === 'main.ts' || file.endsWith('.client.ts'),
  );
  await build({
    absWorkingDir: ROOT,
    entryPoints: entries.map((file) => `${folder}/${file}`),
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    outbase: 'test/harness',
    outdir: 'dist/harness',
    logLevel: 'warning',
  });
}

/** Runs `npm run name -- args`, built. @returns its exit code and all that it printed */
export function runHarness(
  name: string,
  args: readonly string[],
): Promise<{ readonly code: number; readonly output: string }> {
  const file = `${ROOT}/dist/harness/${name}/main.js`;
  return new Promise((resolve) => {
    execFile(process.execPath, [file, ...args], { cwd: ROOT }, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === 'number' ? error.code : -1) : 0;
      resolve({ code, output: stdout + stderr });
    });
  });
}
