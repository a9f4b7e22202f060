/** Who waits for each signal. Node takes many listeners on one for a leak, and `AbortSignal.any` does leak. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls back once when the signal is aborted, at once when it already is. Any number of prompts may share a signal: it
 * carries one listener, while somebody waits.
 * @returns ends the wait
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  if (signal.aborted) {
    callback();
    return () => undefined;
  }
  let callbacks = waiting.get(signal);
  if (!callbacks) {
    callbacks = new Set();
    waiting.set(signal, callbacks);
    signal.addEventListener('abort', fanOut, { once: true });
  }
  // Its own, so that one function may wait twice.
  const own = (): void => callback();
  callbacks.add(own);
  return () => {
    const left = waiting.get(signal);
    if (!left?.delete(own) || left.size > 0) return;
    waiting.delete(signal);
    signal.removeEventListener('abort', fanOut);
  };
}

function fanOut(event: Event): void {
  const signal = event.target as AbortSignal;
  const callbacks = waiting.get(signal);
  waiting.delete(signal);
  for (const callback of callbacks ?? []) callback();
}
