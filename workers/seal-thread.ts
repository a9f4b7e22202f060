import { MessagePort, parentPort } from 'node:worker_threads';

/**
 * Takes from a session thread's tools what would reach the process around it without end or measure: the thread's
 * output, which Node would print on the process's own, the ports to the main thread, which have no back-pressure and whose
 * reader believes what comes, and signals to other processes. It keeps mistakes in; hostile code finds other ways.
 */
export function sealThread(): void {
  // The streams stay where they are: Node itself calls them by name.
  for (const stream of [process.stdout, process.stderr]) {
    fix(stream, '_write', (_chunk: unknown, _encoding: unknown, written: () => void) => written());
    fix(stream, '_writev', (_chunks: unknown, written: () => void) => written());
  }
  // Patched, it would be handed the port that piscina's answers go through.
  Object.defineProperty(MessagePort.prototype, 'postMessage', { writable: false, configurable: false });
  const refuse = (): never => {
    throw new Error('a session thread sends no signals');
  };
  for (const name of ['kill', '_kill', '_debugProcess']) fix(process, name, refuse);
  // It would list the port that piscina's tasks come through.
  fix(process, '_getActiveHandles', () => []);
  const port = parentPort;
  if (!port) return;
  // Piscina says on this port that the thread is ready, once; tasks have a port of their own.
  const post = port.postMessage.bind(port);
  const handshake = (message: unknown): void => {
    post(message);
    port.close();
  };
  Object.defineProperty(port, 'postMessage', { value: handshake });
}

function fix(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, writable: false, configurable: false });
}
