import type { RateLimits, RateWindow } from '../../src/model/model.ts';

/** How a provider says that it will not. */
export type Hint = 'headers' | 'retry-after' | 'nothing';

export interface Verdict {
  readonly isAccepted: boolean;
  readonly retryAfterMs?: number;
  readonly limits: RateLimits | null;
}

/** What a provider counts requests by: how many more it takes at a moment, and when that changes. */
export interface Counter {
  /** Requests that it would take now. */
  remaining(now: number): number;
  count(now: number): void;
  /** Until it takes one more, when it takes none. */
  nextMs(now: number): number;
  /** As it says "reset". */
  resetMs(now: number): number;
}

const MINUTE = 60_000;

export function fixedWindow(limit: number): Counter {
  let window = -1;
  let used = 0;
  const moveTo = (now: number): void => {
    if (Math.floor(now / MINUTE) === window) return;
    window = Math.floor(now / MINUTE);
    used = 0;
  };
  const untilEnd = (now: number): number => MINUTE - (now % MINUTE);
  return {
    remaining: (now) => (moveTo(now), limit - used),
    count: (now) => (moveTo(now), void (used += 1)),
    nextMs: untilEnd,
    resetMs: untilEnd,
  };
}

export function slidingLog(limit: number): Counter {
  let log: number[] = [];
  const moveTo = (now: number): void => {
    log = log.filter((at) => at > now - MINUTE);
  };
  const nextMs = (now: number): number => (log[0] ?? now) + MINUTE - now;
  return {
    remaining: (now) => (moveTo(now), limit - log.length),
    count: (now) => (moveTo(now), void log.push(now)),
    nextMs,
    resetMs: nextMs,
  };
}

export function tokenBucket(limit: number): Counter {
  let level = limit;
  let at = 0;
  const moveTo = (now: number): void => {
    level = Math.min(limit, level + ((now - at) / MINUTE) * limit);
    at = now;
  };
  return {
    remaining: (now) => (moveTo(now), Math.floor(level)),
    count: (now) => (moveTo(now), void (level -= 1)),
    nextMs: () => ((1 - level) / limit) * MINUTE,
    resetMs: () => ((limit - level) / limit) * MINUTE,
  };
}

export function unlimited(): Counter {
  return { remaining: () => Infinity, count: () => undefined, nextMs: () => 0, resetMs: () => 0 };
}

/** A provider that takes so many requests by its counter and so many at once. */
export class Limiter {
  readonly #counter: Counter;
  readonly #atOnce: number;
  readonly #limit: number;
  readonly #hint: Hint;
  inFlight = 0;

  constructor(options: { counter: Counter; limit: number; atOnce: number; hint: Hint }) {
    this.#counter = options.counter;
    this.#limit = options.limit;
    this.#atOnce = options.atOnce;
    this.#hint = options.hint;
  }

  arrive(now: number): Verdict {
    if (this.inFlight >= this.#atOnce) {
      return {
        isAccepted: false,
        limits: this.#limits(now),
        ...(this.#hint === 'nothing' ? {} : { retryAfterMs: 1_000 }),
      };
    }
    if (this.#counter.remaining(now) < 1) {
      const retryAfterMs = Math.ceil(this.#counter.nextMs(now) / 1_000) * 1_000;
      return {
        isAccepted: false,
        limits: this.#limits(now),
        ...(this.#hint === 'nothing' ? {} : { retryAfterMs }),
      };
    }
    this.#counter.count(now);
    this.inFlight += 1;
    return { isAccepted: true, limits: this.#limits(now) };
  }

  leave(): void {
    this.inFlight -= 1;
  }

  #limits(now: number): RateLimits | null {
    if (this.#hint !== 'headers' || this.#limit === Infinity) return null;
    const remaining = Math.max(0, this.#counter.remaining(now));
    const requests: RateWindow = { limit: this.#limit, remaining, resetMs: this.#counter.resetMs(now) };
    return { requests };
  }
}
