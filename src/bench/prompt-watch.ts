import type { PoolEvent } from '../pool/pool-event.ts';
import type { TimeHistogram } from './histogram.ts';

/** Times of a group of prompts that are counted as they happen, since there are too many to keep. */
export interface TurnTimes {
  readonly turnLatency: TimeHistogram;
  readonly firstToken: TimeHistogram;
  readonly betweenTokens: TimeHistogram;
}

/** Adds up what a pool tells of one prompt. */
export class PromptWatch {
  /** Where the times of its turns are counted; undefined in the warm-up. */
  readonly #times: TurnTimes | undefined;
  /** By the clock; undefined as long as there is none. */
  firstTokenAtMs: number | undefined;
  endedAtMs: number | undefined;
  gateWaitMs = 0;
  threadWaitMs = 0;
  retries = 0;
  rateLimited = 0;
  #callBeganAtMs = 0;
  #lastPieceAtMs: number | undefined;
  #gaps = 0;
  #gapsMs = 0;

  constructor(times: TurnTimes | undefined) {
    this.#times = times;
  }

  /** Mean time between two pieces of its text; null where there were fewer than two in a turn. */
  get betweenTokensMs(): number | null {
    return this.#gaps === 0 ? null : this.#gapsMs / this.#gaps;
  }

  /** @param nowMs  by the clock */
  hear(event: PoolEvent, nowMs: number): void {
    switch (event.type) {
      case 'text':
      case 'reasoning':
        this.#piece(nowMs);
        this.firstTokenAtMs ??= nowMs;
        break;
      case 'model-call-began':
        this.#callBeganAtMs = nowMs;
        this.#lastPieceAtMs = undefined;
        break;
      case 'model-call-ended':
        if (event.error?.status === 429) this.rateLimited += 1;
        if (event.response) this.#turn(event.durationMs, event.firstChunkMs);
        break;
      case 'model-retried':
        this.retries += 1;
        // Its text is void.
        if (event.discarded && event.turn === 1) this.firstTokenAtMs = undefined;
        break;
      case 'gate-admitted':
      case 'gate-left':
        this.gateWaitMs += event.waitedMs;
        break;
      case 'step-began':
        this.threadWaitMs += event.waitedMs;
        break;
      case 'prompt-ended':
        this.endedAtMs = nowMs;
        break;
      default:
        break;
    }
  }

  #piece(nowMs: number): void {
    if (this.#lastPieceAtMs !== undefined) {
      const gapMs = nowMs - this.#lastPieceAtMs;
      this.#gaps += 1;
      this.#gapsMs += gapMs;
      this.#times?.betweenTokens.record(gapMs);
    }
    this.#lastPieceAtMs = nowMs;
  }

  #turn(durationMs: number, firstChunkMs: number | null): void {
    this.#times?.turnLatency.record(durationMs);
    if (firstChunkMs === null) return;
    this.#times?.firstToken.record(firstChunkMs);
    // An answer without text is seen by nobody before its end.
    this.firstTokenAtMs ??= this.#callBeganAtMs + firstChunkMs;
  }
}
