import { performance } from 'node:perf_hooks';

/** Time as the coordinator sees it: passed in, so that a simulation can own it. */
export interface Clock {
  /** Monotonic milliseconds; never affected by the wall clock. */
  now(): number;
  /** Epoch milliseconds, for records that people read. */
  epochMs(): number;
  /**
   * Calls back once, after `delayMs`; the returned function cancels it. Never for Infinity. Keeps the process alive:
   * there is a timer only while somebody waits for something.
   */
  after(delayMs: number, callback: () => void): () => void;
}

const MAX_DELAY_MS = 0x7fff_ffff;

export const systemClock: Clock = {
  now: () => performance.now(),
  epochMs: () => Date.now(),
  after(delayMs, callback) {
    if (delayMs === Infinity) return () => undefined;
    // Node takes anything longer for no time at all.
    const timer = setTimeout(callback, Math.min(delayMs, MAX_DELAY_MS));
    return () => clearTimeout(timer);
  },
};
