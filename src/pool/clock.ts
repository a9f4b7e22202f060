import { performance } from 'node:perf_hooks';

/** Time as the coordinator sees it: passed in, so that a simulation can own it. */
export interface Clock {
  /** Monotonic milliseconds; never affected by the wall clock. */
  now(): number;
  /** Epoch milliseconds, for records that people read. */
  epochMs(): number;
  /** Calls back once, after `delayMs`; the returned function cancels it. Does not keep the process alive. */
  after(delayMs: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  epochMs: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
