import { parentPort } from 'node:worker_threads';

/**
 * Takes from a session thread's tools what would reach the process around it without end or measure: the thread's
 * output, which Node would print on the process's own, and the port to the main thread, which has no back-pressure.
 */
export function sealThread(): void {
  // The streams stay where they are: Node itself calls them by name.
  for (const stream of [process.stdout, process.stderr]) {
    fix(stream, '_write', (_chunk: unknown, _encoding: unknown, written: () => void) => written());
    fix(stream, '_writev', (_chunks: unknown, written: () => void) => written());
  }
  // It would list the port that piscina's tasks come through.
  fix(process, '_getActiveHandles', () => []);
  const port = parentPort;
  if (!port) return;
  // Piscina says on this port that the thread is ready, once; tasks have a port of their own.
  const post = port.postMessage.bind(port);
  port.postMessage = (message: unknown) => {
    post(message);
    port.close();
  };
}

function fix(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, writable: false, configurable: false });
}
