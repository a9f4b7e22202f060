import type { ModelErrorKind } from '../errors.ts';
import type {
  ModelCallOrigin,
  ModelDeadlines,
  ModelRequest,
  ModelResponse,
  RateLimits,
  ResolvedProvider,
  Usage,
} from '../model/model.ts';

/** What the model thread exposes by comlink, to be set up. The main thread exposes nothing in return. */
export interface ModelService {
  /**
   * Calls come in on this port, as {@link ModelOrder}, and {@link ModelBatch} go out; called once, before anything else.
   * @param options.credits  counts the batches that the main thread has taken
   */
  connect(options: { readonly port: MessagePortLike; readonly credits: SharedArrayBuffer }): void;
  /** Makes a provider known, or known anew. The only way in for a key. */
  addProvider(provider: ResolvedProvider, deadlines: ModelDeadlines): void;
}

/** A `MessagePort`, without saying whose. */
export interface MessagePortLike {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (message: unknown) => void): void;
}

/** Main → model thread. Plain messages: comlink's own work for a call costs as much as ten tokens. */
export type ModelOrder =
  /** One attempt with a provider that is known. Answered by exactly one {@link CallReply}. */
  | { readonly type: 'call'; readonly call: ModelCall }
  /** Ends a running call, which then answers with kind `cancelled`. Unknown ids are ignored. */
  | { readonly type: 'cancel'; readonly callId: number };

export interface ModelCall {
  /** Unique on its model thread's main-side owner. */
  readonly callId: number;
  readonly provider: string;
  readonly request: ModelRequest;
  readonly origin: ModelCallOrigin;
  /** Send text as it arrives; without it the text comes with the reply only. */
  readonly streamed: boolean;
}

export type ModelReply = {
  /** The model has given text or reasoning. */
  readonly streamedText: boolean;
  /** From the call's beginning to the first piece of text or reasoning, else to the end; null when neither came. */
  readonly firstChunkMs: number | null;
  /** Why an exchange, this call's or one before it, could not be recorded. */
  readonly unrecorded?: string;
} & (
  | { readonly ok: true; readonly response: ModelResponse }
  | { readonly ok: false; readonly error: SerializedModelError }
);

export interface SerializedModelError {
  readonly kind: ModelErrorKind;
  readonly message: string;
  readonly status: number | null;
  readonly retryable: boolean;
  readonly retryAfterMs: number | null;
  readonly limits: RateLimits | null;
  readonly usage: Usage | null;
  readonly isSpent: boolean;
}

/** Model thread → main: what came for any number of calls, gathered during one turn of the event loop. In this order. */
export interface ModelBatch {
  readonly type: 'model-batch';
  /** Calls whose answer has begun, with status 200. */
  readonly began: readonly CallBegan[];
  /** Text and reasoning: flat, three entries a {@link TextPart}, for objects cost several times as much to send. */
  readonly parts: readonly (number | string)[];
  /** Calls that have ended. */
  readonly replies: readonly CallReply[];
}

export interface CallBegan {
  readonly callId: number;
  readonly limits: RateLimits | null;
}

export type TextPart = readonly [callId: number, kind: 'text' | 'reasoning', text: string];

export interface CallReply {
  readonly callId: number;
  readonly reply: ModelReply;
}
