import type { Clock } from '../clock.ts';

/** A shard that has work and says nothing for so long is not coming back. */
const SILENCE_MS = 2_000;
const CHECK_MS = 250;
/** A check this late means that this process stood still: then it has not listened either. */
const STALL_MS = 250;

/** Listens whether a busy shard is alive. */
export class ShardPulse {
  readonly #clock: Clock;
  readonly #onSilence: () => void;
  #lastBeat = 0;
  #stopTimer: (() => void) | undefined;

  constructor(clock: Clock, onSilence: () => void) {
    this.#clock = clock;
    this.#onSilence = onSilence;
  }

  /** The shard said something. */
  beat(): void {
    this.#lastBeat = this.#clock.now();
  }

  /** From now on it should say something. */
  start(): void {
    if (this.#stopTimer) return;
    this.#lastBeat = this.#clock.now();
    this.#arm(this.#lastBeat);
  }

  stop(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }

  #arm(since: number): void {
    this.#stopTimer = this.#clock.after(CHECK_MS, () => {
      const now = this.#clock.now();
      const lateMs = now - since - CHECK_MS;
      if (lateMs > STALL_MS) this.#lastBeat += lateMs;
      if (now - this.#lastBeat <= SILENCE_MS) return this.#arm(now);
      this.#stopTimer = undefined;
      this.#onSilence();
    });
  }
}
