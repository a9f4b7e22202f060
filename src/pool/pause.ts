import type { Clock } from '../clock.ts';

/** Waits for `delayMs`, or until the signal is aborted; for nothing at all when there is nothing to wait for. */
export function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  if (delayMs <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const stopTimer = clock.after(delayMs, done);
    function done(): void {
      stopTimer();
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done, { once: true });
  });
}
