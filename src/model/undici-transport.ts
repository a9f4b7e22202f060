import { Agent, type Dispatcher } from 'undici';
import type { StreamedExchange, StreamedPost, StreamedResponse, Transport } from './transport.ts';

/** How long the end of a response may take once all that is wanted of it has come. */
const MAX_DRAIN_MS = 2_000;

/** Connections to providers: kept alive, as many as there are requests, one request at a time on each. */
export class UndiciTransport implements Transport {
  readonly #agent: Agent;
  readonly #traceHeaders: boolean;

  /** @param options.traceHeaders  send the trace context of whoever asks. Default false */
  constructor(options: { readonly connectMs: number; readonly traceHeaders?: boolean | undefined }) {
    this.#traceHeaders = options.traceHeaders ?? false;
    this.#agent = new Agent({
      pipelining: 1,
      connect: { timeout: options.connectMs },
      keepAliveTimeout: 15_000,
      // Deadlines are ours: undici's know nothing of content.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  post(request: StreamedPost): StreamedExchange {
    const exchange = new Exchange(request.onConnected);
    const traceparent = this.#traceHeaders ? request.origin?.traceparent : undefined;
    this.#agent.dispatch(
      {
        origin: request.url.origin,
        path: request.url.pathname + request.url.search,
        method: 'POST',
        headers: traceparent === undefined ? request.headers : { ...request.headers, traceparent },
        body: request.body,
      },
      exchange,
    );
    return { response: exchange.response, abort: (reason) => exchange.abort(reason) };
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }
}

/** One request and its answer, between undici's callbacks and a reader that waits for the next bytes. */
class Exchange implements Dispatcher.DispatchHandler, StreamedResponse {
  readonly response: Promise<StreamedResponse>;
  readonly #onConnected: () => void;
  #resolveHead!: (response: StreamedResponse) => void;
  #rejectHead!: (error: Error) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #headers: Record<string, string | string[] | undefined> = {};
  status = 0;
  #chunks: Buffer[] = [];
  #state: 'open' | 'draining' | 'ended' | 'failed' = 'open';
  #error: Error | undefined;
  #wake: (() => void) | undefined;
  #drainTimer: NodeJS.Timeout | undefined;

  constructor(onConnected: () => void) {
    this.#onConnected = onConnected;
    this.response = new Promise((resolve, reject) => {
      this.#resolveHead = resolve;
      this.#rejectHead = reject;
    });
  }

  readonly header = (name: string): string | undefined => {
    const value = this.#headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  };

  readonly headerNames = (): readonly string[] => Object.keys(this.#headers);

  async next(): Promise<Buffer | undefined> {
    for (;;) {
      if (this.#chunks.length > 0) {
        const chunk = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
        this.#chunks = [];
        return chunk;
      }
      if (this.#state === 'failed') throw this.#error ?? new Error('the request failed');
      if (this.#state !== 'open') return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  drain(): void {
    if (this.#state !== 'open') return;
    this.#state = 'draining';
    // A server that never ends its response must not keep the connection for ever.
    this.#drainTimer = setTimeout(() => this.abort(new Error('the response did not end')), MAX_DRAIN_MS);
    this.#drainTimer.unref();
  }

  abort(reason: Error): void {
    this.#fail(reason);
    this.#controller?.abort(reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#state === 'failed') controller.abort(this.#error ?? new Error('aborted'));
    else this.#onConnected();
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (statusCode < 200) return;
    this.status = statusCode;
    this.#headers = headers;
    this.#resolveHead(this);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#state !== 'open') return;
    this.#chunks.push(chunk);
    this.#wake?.();
  }

  onResponseEnd(): void {
    clearTimeout(this.#drainTimer);
    if (this.#state !== 'failed') this.#state = 'ended';
    this.#wake?.();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(error);
  }

  #fail(error: Error): void {
    if (this.#state === 'ended' || this.#state === 'failed') return;
    clearTimeout(this.#drainTimer);
    this.#state = 'failed';
    this.#error = error;
    this.#rejectHead(error);
    // Without a reader of the head the rejection would be nobody's.
    this.response.catch(() => undefined);
    this.#wake?.();
  }
}
