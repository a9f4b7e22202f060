import type { Clock } from '../clock.ts';

/** Tells of each session that has had nothing to do for so long. Keeps no process alive. */
export class RestTimer {
  readonly #afterMs: number;
  readonly #clock: Clock;
  readonly #onDue: (sessionId: string) => void;
  /** `clock.now()` when each was last used, in that order. */
  readonly #resting = new Map<string, number>();
  #stopTimer: (() => void) | undefined;

  /** @param onDue  called once for each rest; the session is forgotten here already */
  constructor(afterMs: number, clock: Clock, onDue: (sessionId: string) => void) {
    this.#afterMs = afterMs;
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** The session was used and has nothing to do now. */
  rest(sessionId: string): void {
    if (this.#afterMs === Infinity) return;
    this.wake(sessionId);
    this.#resting.set(sessionId, this.#clock.now());
    this.#armTimer();
  }

  /** The session has work, or is gone. */
  wake(sessionId: string): void {
    this.#resting.delete(sessionId);
  }

  close(): void {
    this.#stopTimer?.();
    this.#resting.clear();
  }

  #armTimer(): void {
    const [oldest] = this.#resting.values();
    if (oldest === undefined || this.#stopTimer) return;
    const delayMs = Math.max(1, oldest + this.#afterMs - this.#clock.now());
    this.#stopTimer = this.#clock.after(delayMs, () => this.#onTimer(), { keepAlive: false });
  }

  #onTimer(): void {
    this.#stopTimer = undefined;
    const dueSince = this.#clock.now() - this.#afterMs;
    for (const [sessionId, since] of this.#resting) {
      if (since > dueSince) break;
      this.#resting.delete(sessionId);
      this.#onDue(sessionId);
    }
    this.#armTimer();
  }
}
