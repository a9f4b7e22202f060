import { performance } from 'node:perf_hooks';

/** Time as the coordinator sees it: passed in, so that a simulation can own it. */
export interface Clock {
  /** Monotonic milliseconds; never affected by the wall clock. */
  now(): number;
  /** Epoch milliseconds, for records that people read. */
  epochMs(): number;
  /**
   * Calls back once, after `delayMs`; the returned function cancels it. Never for Infinity. Keeps the process alive,
   * since somebody waits for something, unless it is told not to.
   */
  after(delayMs: number, callback: () => void, options?: { readonly keepAlive: boolean }): () => void;
}

/** Real time, gone through faster: what waits for minutes is over in seconds. Records keep the real date. */
export function fasterClock(speed: number): Clock {
  return {
    now: () => systemClock.now() * speed,
    epochMs: () => systemClock.epochMs(),
    after: (delayMs, callback, options) => systemClock.after(delayMs / speed, callback, options),
  };
}

const MAX_DELAY_MS = 0x7fff_ffff;

export const systemClock: Clock = {
  now: () => performance.now(),
  epochMs: () => Date.now(),
  after(delayMs, callback, { keepAlive } = { keepAlive: true }) {
    if (delayMs === Infinity) return () => undefined;
    // Node takes anything longer for no time at all.
    const timer = setTimeout(callback, Math.min(delayMs, MAX_DELAY_MS));
    if (!keepAlive) timer.unref();
    return () => clearTimeout(timer);
  },
};
