import { fileURLToPath } from 'node:url';

/** The bundled entry of a thread or shard process. It lies in `dist/workers`, seen from `dist/src/threads` and the bundled command in `dist/bin/cli` alike. */
export function workerFile(name: 'session' | 'model' | 'shard'): string {
  const unbuilt = import.meta.url.endsWith('.ts');
  const path = unbuilt ? '../../dist/workers' : '../../workers';
  const kind = name === 'shard' ? 'process' : 'worker';
  return fileURLToPath(new URL(`${path}/${name}.${kind}.cjs`, import.meta.url));
}
