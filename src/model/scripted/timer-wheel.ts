/** Something to do at a time. */
export interface Timed {
  /** On the clock of `performance.now()`. */
  readonly dueMs: number;
  /** May add itself again, for later. Must not throw. */
  run(nowMs: number): void;
}

/** A power of two, in milliseconds: what is due later than that passes by as often as needed. */
const SLOTS = 1024;

/**
 * Many timers for the price of one: a single 1 ms tick, only while anything is due, that runs everything that fell due.
 * Thousands of streams with a timer each would spend their time in the timer lists.
 */
export class TimerWheel {
  readonly #slots: (Set<Timed> | undefined)[] = Array.from({ length: SLOTS });
  #size = 0;
  #swept = 0;
  #ticking: NodeJS.Timeout | undefined;

  add(timed: Timed): void {
    if (!this.#ticking) {
      this.#swept = Math.floor(performance.now());
      this.#ticking = setInterval(() => this.#tick(), 1);
    }
    // Never into a slot that was swept already: it would wait a whole round.
    const slot = Math.max(Math.ceil(timed.dueMs), this.#swept + 1) % SLOTS;
    (this.#slots[slot] ??= new Set()).add(timed);
    this.#size++;
  }

  /** @param timed  as it was added, its `dueMs` unchanged */
  remove(timed: Timed): void {
    for (const slot of this.#slots) {
      if (!slot?.delete(timed)) continue;
      this.#size--;
      break;
    }
    this.#stopWhenEmpty();
  }

  /** Forgets everything. */
  clear(): void {
    this.#slots.fill(undefined);
    this.#size = 0;
    this.#stopWhenEmpty();
  }

  #tick(): void {
    const now = performance.now();
    const last = Math.floor(now);
    // After a pause longer than the wheel one round is enough.
    for (let at = Math.max(this.#swept + 1, last - SLOTS + 1); at <= last; at++) {
      const slot = this.#slots[at % SLOTS];
      if (!slot?.size) continue;
      this.#slots[at % SLOTS] = undefined;
      this.#swept = at;
      for (const timed of slot) {
        this.#size--;
        if (timed.dueMs <= now) timed.run(now);
        else this.add(timed);
      }
    }
    this.#swept = last;
    this.#stopWhenEmpty();
  }

  #stopWhenEmpty(): void {
    if (this.#size > 0) return;
    clearInterval(this.#ticking);
    this.#ticking = undefined;
  }
}
