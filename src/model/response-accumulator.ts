import type { ModelResponse } from './model.ts';
import type { Arrived } from './streamed-text.ts';

/** From the events of one stream to its response. Each protocol has one. */
export interface ResponseAccumulator {
  /** The data of one event. @throws {ModelError} for an error event, and for one that makes no sense */
  push(data: string): void;
  /** The text and reasoning that came since the last call, pieces of one kind that follow each other joined. */
  takeArrived(): readonly Arrived[];
  /** Pieces of text, reasoning or calls so far: what a reader would call content. */
  readonly contentCount: number;
  /** How the response ended has come: only usage can follow. */
  readonly isFinished: boolean;
  /** The provider reported tokens. */
  readonly hasUsage: boolean;
  /** Characters of text, reasoning and calls so far. */
  readonly chars: number;
  /**
   * The stream is over.
   * @param done  `[DONE]` was seen, and the provider is one for which that is enough
   * @throws {ModelError} `incomplete-stream` when the response is not whole
   */
  end(done: boolean): ModelResponse;
}
