import type { ModelCallOrigin } from './model.ts';

/** The seam to the network, or to what stands in for it: requests out, answers in. */
export interface Transport {
  /** Sends at once; `response` settles with the head. Redirects are answers like any other: none is followed. */
  post(request: StreamedPost): StreamedExchange;
  /** Ends everything; exchanges in progress fail. */
  close(): Promise<void>;
}

/** One POST whose answer is read as it comes. Callbacks, not web streams: those cost more than reading the events does. */
export interface StreamedPost {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Who asks; undefined where nobody said. Not sent, but for the trace context where the provider's options say so. */
  readonly origin: ModelCallOrigin | undefined;
  /** The request is on a connection. */
  readonly onConnected: () => void;
}

export interface StreamedExchange {
  readonly response: Promise<StreamedResponse>;
  /** Ends the exchange, whatever it is doing. Calls after the end do nothing. */
  readonly abort: (reason: Error) => void;
}

/** The answer's head; its body comes by {@link StreamedResponse.next}. */
export interface StreamedResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly header: (name: string) => string | undefined;
  readonly headerNames: () => readonly string[];
  /** The next bytes, or undefined at the end. @throws when the connection breaks or was aborted */
  next(): Promise<Buffer | undefined>;
  /** Nobody reads on: what still comes is thrown away, and the connection can serve again. */
  drain(): void;
}
