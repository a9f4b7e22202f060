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

/** What the model thread exposes by comlink. The main thread exposes nothing in return. */
export interface ModelService {
  /** Where to send text batches; called once, before anything else. */
  connect(options: { readonly port: MessagePortLike; readonly credits: SharedArrayBuffer }): void;
  /** Makes a provider known, or known anew. The only way in for a key. */
  addProvider(provider: ResolvedProvider, deadlines: ModelDeadlines): void;
  /** One attempt. Never rejects: an error's class and fields would be lost on the way. */
  complete(call: ModelCall): Promise<ModelReply>;
  /** Ends a running call, which then answers with kind `cancelled`. Unknown ids are ignored. */
  cancel(callId: number): void;
}

/** A `MessagePort`, without saying whose. */
export interface MessagePortLike {
  postMessage(message: unknown): void;
}

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

/** Model thread → main: what came for any number of calls, gathered during one turn of the event loop. */
export interface TextBatch {
  readonly type: 'text-batch';
  readonly parts: readonly TextPart[];
  /** Calls whose answer has begun, with status 200. Text of theirs is in this batch or a later one. */
  readonly began: readonly CallBegan[];
}

export interface CallBegan {
  readonly callId: number;
  readonly limits: RateLimits | null;
}

export interface TextPart {
  readonly callId: number;
  readonly kind: 'text' | 'reasoning';
  readonly text: string;
}
