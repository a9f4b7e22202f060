import type { Dispatcher } from 'undici';
import Agent from 'undici/lib/dispatcher/agent.js';
import type { AnswerReader, Exchange, StreamedPost, Transport } from './transport.ts';

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

  post(request: StreamedPost, reader: AnswerReader): Exchange {
    const exchange = new UndiciExchange(reader);
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
    return exchange;
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }
}

/** - `open` — the reader is told - `left` — the rest is thrown away - `over` — at its end; terminal */
type ExchangeState = 'open' | 'left' | 'over';

/** Between undici's callbacks and a reader. */
class UndiciExchange implements Dispatcher.DispatchHandler, Exchange {
  readonly #reader: AnswerReader;
  #state: ExchangeState = 'open';
  #controller: Dispatcher.DispatchController | undefined;
  #aborted: Error | undefined;
  /** Bodies of the HTTP chunks of one read of the connection: servers send each event in one of its own. */
  #chunks: Buffer[] = [];
  #isAtEnd = false;
  #leaveTimer: NodeJS.Timeout | undefined;

  constructor(reader: AnswerReader) {
    this.#reader = reader;
  }

  leave(): void {
    if (this.#state !== 'open') return;
    if (this.#isAtEnd) {
      this.#state = 'over';
      return;
    }
    this.#state = 'left';
    // A server that never ends its response must not keep the connection for ever.
    this.#leaveTimer = setTimeout(() => this.abort(new Error('the response did not end')), MAX_DRAIN_MS);
    this.#leaveTimer.unref();
  }

  abort(reason: Error): void {
    if (this.#state === 'over') return;
    this.#over();
    this.#aborted = reason;
    this.#controller?.abort(reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#aborted) controller.abort(this.#aborted);
    else this.#reader.connected();
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200 || this.#state !== 'open') return;
    this.#reader.head({
      status,
      header(name) {
        const value = headers[name];
        return Array.isArray(value) ? value.join(', ') : value;
      },
      headerNames: () => Object.keys(headers),
    });
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#state !== 'open') return;
    // Undici is in the middle of what it read: the reader gets all of that at once, when undici is done with it.
    if (this.#chunks.push(chunk) === 1) queueMicrotask(() => this.#tell());
  }

  onResponseEnd(): void {
    this.#isAtEnd = true;
    if (this.#state === 'left') this.#over();
    else if (this.#chunks.length === 0) this.#end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#tell();
    const isHeard = this.#state === 'open';
    this.#over();
    if (isHeard) this.#reader.failed(error);
  }

  #tell(): void {
    if (this.#state !== 'open' || this.#chunks.length === 0) return;
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#reader.bytes(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
    if (this.#isAtEnd) this.#end();
  }

  #end(): void {
    if (this.#state !== 'open') return;
    this.#over();
    this.#reader.ended();
  }

  #over(): void {
    clearTimeout(this.#leaveTimer);
    this.#state = 'over';
  }
}
