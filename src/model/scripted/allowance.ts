import type { ScriptedLimits } from './script.ts';

/** So many requests or tokens in a minute. Times are on one clock, in milliseconds, and never go back. */
export interface Allowance {
  readonly limit: number;
  /** Until so much fits: 0 when it fits now, `Infinity` when it never will. */
  waitMs(amount: number, nowMs: number): number;
  /** Takes it, whether it fits or not. What is negative is given back. */
  take(amount: number, nowMs: number): void;
  /** May be below 0. */
  remaining(nowMs: number): number;
  /** Until nothing of it is used. */
  resetMs(nowMs: number): number;
}

/** @param startMs  when the first window begins */
export function makeAllowance(
  window: NonNullable<ScriptedLimits['window']>,
  limit: number,
  minuteMs: number,
  startMs: number,
): Allowance {
  switch (window) {
    case 'sliding':
      return new SlidingAllowance(limit, minuteMs);
    case 'fixed':
      return new FixedAllowance(limit, minuteMs, startMs);
    case 'bucket':
      return new BucketAllowance(limit, minuteMs, startMs);
  }
}

/** Counts what was taken in the minute before. */
class SlidingAllowance implements Allowance {
  readonly limit: number;
  readonly #minuteMs: number;
  #taken: { readonly atMs: number; readonly amount: number }[] = [];
  #used = 0;

  constructor(limit: number, minuteMs: number) {
    this.limit = limit;
    this.#minuteMs = minuteMs;
  }

  waitMs(amount: number, nowMs: number): number {
    if (amount > this.limit) return Infinity;
    let free = this.remaining(nowMs);
    let waitMs = 0;
    for (const taken of this.#taken) {
      if (free >= amount) break;
      free += taken.amount;
      waitMs = this.#leavesMs(taken.atMs, nowMs);
    }
    return waitMs;
  }

  take(amount: number, nowMs: number): void {
    this.#taken.push({ atMs: nowMs, amount });
    this.#used += amount;
  }

  remaining(nowMs: number): number {
    const kept = this.#taken.findIndex(({ atMs }) => this.#leavesMs(atMs, nowMs) > 0);
    for (const { amount } of this.#taken.splice(0, kept === -1 ? this.#taken.length : kept))
      this.#used -= amount;
    return this.limit - this.#used;
  }

  resetMs(nowMs: number): number {
    const last = this.#taken.at(-1);
    return last ? Math.max(0, this.#leavesMs(last.atMs, nowMs)) : 0;
  }

  #leavesMs(atMs: number, nowMs: number): number {
    return atMs + this.#minuteMs - nowMs;
  }
}

/** Counts from one full minute to the next. */
class FixedAllowance implements Allowance {
  readonly limit: number;
  readonly #minuteMs: number;
  #windowMs: number;
  #used = 0;

  constructor(limit: number, minuteMs: number, startMs: number) {
    this.limit = limit;
    this.#minuteMs = minuteMs;
    this.#windowMs = startMs;
  }

  waitMs(amount: number, nowMs: number): number {
    if (amount > this.limit) return Infinity;
    return this.remaining(nowMs) >= amount ? 0 : this.#leftMs(nowMs);
  }

  take(amount: number, nowMs: number): void {
    this.#turn(nowMs);
    this.#used += amount;
  }

  remaining(nowMs: number): number {
    this.#turn(nowMs);
    return this.limit - this.#used;
  }

  resetMs(nowMs: number): number {
    this.#turn(nowMs);
    return this.#used > 0 ? this.#leftMs(nowMs) : 0;
  }

  #turn(nowMs: number): void {
    const windows = Math.floor((nowMs - this.#windowMs) / this.#minuteMs);
    if (windows < 1) return;
    this.#windowMs += windows * this.#minuteMs;
    this.#used = 0;
  }

  #leftMs(nowMs: number): number {
    return this.#windowMs + this.#minuteMs - nowMs;
  }
}

/** Is full at first, and fills evenly. */
class BucketAllowance implements Allowance {
  readonly limit: number;
  readonly #perMs: number;
  #level: number;
  #atMs: number;

  constructor(limit: number, minuteMs: number, startMs: number) {
    this.limit = limit;
    this.#perMs = limit / minuteMs;
    this.#level = limit;
    this.#atMs = startMs;
  }

  waitMs(amount: number, nowMs: number): number {
    if (amount > this.limit) return Infinity;
    return Math.max(0, (amount - this.remaining(nowMs)) / this.#perMs);
  }

  take(amount: number, nowMs: number): void {
    this.#level = this.remaining(nowMs) - amount;
  }

  remaining(nowMs: number): number {
    this.#level = Math.min(this.limit, this.#level + (nowMs - this.#atMs) * this.#perMs);
    this.#atMs = nowMs;
    return this.#level;
  }

  resetMs(nowMs: number): number {
    return (this.limit - this.remaining(nowMs)) / this.#perMs;
  }
}
