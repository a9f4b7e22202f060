import { fileURLToPath } from 'node:url';

/** The bundled entry of a thread. It lies in `dist/workers`, seen from `dist/src/pool` and from `src/pool` alike. */
export function workerFile(name: 'session' | 'model'): string {
  const unbuilt = import.meta.url.endsWith('.ts');
  const path = unbuilt ? '../../dist/workers' : '../../workers';
  return fileURLToPath(new URL(`${path}/${name}.worker.cjs`, import.meta.url));
}
