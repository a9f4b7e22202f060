import type { ModelDeadlines } from './model.ts';

export type DeadlineName = 'connect' | 'first byte' | 'idle' | 'total';

/**
 * The deadlines of one attempt, with one timer. A phase ends by entering the next one; content pushes the idle
 * deadline on without touching the timer, because it comes hundreds of times a second.
 */
export class AttemptClock {
  readonly #deadlines: ModelDeadlines;
  readonly #onLate: (deadline: DeadlineName, afterMs: number) => void;
  readonly #startedAt = performance.now();
  #phase: Exclude<DeadlineName, 'total'> = 'connect';
  #phaseSince = this.#startedAt;
  #timer: NodeJS.Timeout | undefined;

  constructor(deadlines: ModelDeadlines, onLate: (deadline: DeadlineName, afterMs: number) => void) {
    this.#deadlines = deadlines;
    this.#onLate = onLate;
    this.#arm();
  }

  /** The phase that begins now. */
  enter(phase: Exclude<DeadlineName, 'total'>): void {
    this.#phase = phase;
    this.#phaseSince = performance.now();
    this.#arm();
  }

  /** Something came that a reader would call content. */
  content(): void {
    this.#phaseSince = performance.now();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const now = performance.now();
    const waitMs = Math.min(
      this.#phaseSince + this.#phaseMs() - now,
      this.#startedAt + this.#deadlines.totalMs - now,
    );
    this.#timer = setTimeout(() => this.#check(), Math.max(1, waitMs));
  }

  #check(): void {
    const now = performance.now();
    const { totalMs } = this.#deadlines;
    if (now - this.#startedAt >= totalMs) this.#onLate('total', totalMs);
    else if (now - this.#phaseSince >= this.#phaseMs()) this.#onLate(this.#phase, this.#phaseMs());
    else this.#arm();
  }

  #phaseMs(): number {
    switch (this.#phase) {
      case 'connect':
        return this.#deadlines.connectMs;
      case 'first byte':
        return this.#deadlines.firstByteMs;
      case 'idle':
        return this.#deadlines.idleMs;
    }
  }
}
