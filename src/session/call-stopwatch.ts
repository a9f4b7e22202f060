import type { CallTiming } from '../protocol/messages.ts';

/**
 * When the calls of one step ran. The wall clock is read once: what is set back in the middle of a step must not have a call
 * end before it began.
 */
export class CallStopwatch {
  readonly #timings: CallTiming[] = [];
  readonly #epochMs = Date.now() - performance.now();

  /** @returns ends it */
  start(callId: string): () => void {
    const startEpochMs = this.#epochMs + performance.now();
    return () => {
      this.#timings.push({ callId, startEpochMs, endEpochMs: this.#epochMs + performance.now() });
    };
  }

  /** Of the calls that have ended. */
  get timings(): readonly CallTiming[] {
    return this.#timings;
  }
}
