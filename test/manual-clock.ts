import type { Clock } from '../src/clock.ts';

/** A clock that only moves when it is told to. */
export class ManualClock implements Clock {
  #now = 0;
  #timers: { at: number; callback: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  epochMs(): number {
    return this.#now;
  }

  after(delayMs: number, callback: () => void): () => void {
    if (delayMs === Infinity) return () => undefined;
    const timer = { at: this.#now + delayMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Moves on, firing timers in order at their own time. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const due = this.#timers.filter((timer) => timer.at <= end).toSorted((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#now = Math.max(this.#now, due.at);
      this.#timers = this.#timers.filter((timer) => timer !== due);
      due.callback();
    }
    this.#now = end;
  }

  /** Moves on without letting any timer fire on the way, as a suspended process does; then they all fire late. */
  jump(ms: number): void {
    this.#now += ms;
    this.advance(0);
  }
}
