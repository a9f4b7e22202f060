import type { ModelCallOrigin } from './model.ts';

/** The seam to the network, or to what stands in for it: requests out, answers in. */
export interface Transport {
  /** Sends at once and tells the reader what comes of it. Redirects are answers like any other: none is followed. */
  post(request: StreamedPost, reader: AnswerReader): Exchange;
  /** Ends everything; exchanges in progress fail. */
  close(): Promise<void>;
}

/** One POST whose answer is read as it comes. */
export interface StreamedPost {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Who asks; undefined where nobody said. Not sent, but for the trace context where the provider's options say so. */
  readonly origin: ModelCallOrigin | undefined;
}

/**
 * What is told of one answer: `connected` and `head` at most once, in this order, then any number of `bytes`, then `ended` or
 * `failed`, which may come at any time; nothing after these, or once the exchange was aborted or left. Some of it may be told
 * before `post` has returned. Callbacks, neither web streams nor async iteration: those cost more than reading the events does.
 * None of them throws.
 */
export interface AnswerReader {
  /** The request is on a connection. */
  connected(): void;
  head(head: AnswerHead): void;
  bytes(bytes: Buffer): void;
  ended(): void;
  /** The connection broke, or never came to be. */
  failed(error: Error): void;
}

export interface AnswerHead {
  readonly status: number;
  /** Lower-case names. */
  readonly header: (name: string) => string | undefined;
  readonly headerNames: () => readonly string[];
}

export interface Exchange {
  /** Ends it, whatever it is doing, and its connection with it. Does nothing after the end. */
  abort(reason: Error): void;
  /** Nobody reads on: what still comes is thrown away, and the connection can serve again. */
  leave(): void;
}
