/**
 * Builds the comparison: `dist/peers` of the project has the questions, beside the built library that they import by its
 * name; `dist` of this folder has the adapters, beside the packages that they import.
 */
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

if (!existsSync(new URL('node_modules/ai', import.meta.url))) {
  console.error('The peers are not installed: run "npm ci --prefix bench/peers" first.');
  process.exit(2);
}

const here = fileURLToPath(new URL('.', import.meta.url));
const common = {
  absWorkingDir: here,
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node22',
  logLevel: 'warning',
};

await build({
  ...common,
  entryPoints: {
    main: 'main.ts',
    'memory.client': 'memory.client.ts',
    'crash.client': 'crash.client.ts',
    'turn-cost.client': '../turn-cost.client.ts',
    'containment.client': '../containment.client.ts',
    'model-server': '../model-server.ts',
    'crash-tool': '../support/crash-tool.ts',
  },
  outdir: '../../dist/peers',
});
await build({
  ...common,
  entryPoints: readdirSync(new URL('adapters', import.meta.url)).map((name) => `adapters/${name}`),
  outdir: 'dist',
});
