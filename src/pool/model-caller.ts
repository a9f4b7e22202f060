import type { Message } from '../model/message.ts';
import type { ModelCallOrigin, ModelRequest, ModelResponse, RateLimits } from '../model/model.ts';

/** The seam to the model threads. */
export interface ModelCaller {
  /** One attempt. @throws {ModelError} for every failure; kind `cancelled` when the signal was aborted */
  complete(provider: string, request: ModelRequest, options: ModelCallOptions): Promise<ModelResponse>;
  close(): Promise<void>;
}

export interface ModelCallOptions {
  readonly signal: AbortSignal;
  readonly origin: ModelCallOrigin;
  /** What the request's messages say, for whoever watches: the request has them as its provider wants them. */
  readonly conversation?: readonly Message[];
  /** Gets text as it arrives, in order and before the promise settles. */
  readonly onText?: OnText | undefined;
  /** The provider has taken the request: called at most once, before any text. */
  readonly onBegan?: ((limits: RateLimits | null) => void) | undefined;
  /** The first piece of the answer came, so long after the call had begun: called at most once, before the promise settles. */
  readonly onFirstChunk?: ((afterMs: number) => void) | undefined;
}

export type OnText = (kind: 'text' | 'reasoning', text: string) => void;
