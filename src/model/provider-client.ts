import { APIError, OpenAI } from 'openai';
import { ModelError } from '../errors.ts';
import { Redactor } from '../redactor.ts';
import { AttemptClock } from './attempt-clock.ts';
import { readRetryAfterMs, statusError } from './classify-error.ts';
import { expandParallel } from './expand-parallel.ts';
import { readRateLimits } from './rate-limits.ts';
import { EventStreamReader } from './event-stream.ts';
import type {
  Model,
  ModelCallOrigin,
  ModelDeadlines,
  ModelEvent,
  ModelRequest,
  ModelResponse,
  ResolvedProvider,
  Usage,
} from './model.ts';
import { providerSecrets } from './provider-secrets.ts';
import { quirksOf, type ApiName, type Quirks } from './quirks.ts';
import { weighedLength } from './content.ts';
import { estimateUsage } from './read-usage.ts';
import { RedactedResponse } from './redacted-response.ts';
import type { ResponseAccumulator } from './response-accumulator.ts';
import type { StreamedResponse, Transport } from './transport.ts';
import { UndiciTransport } from './undici-transport.ts';

/** More than this of an error body is not read. */
const MAX_ERROR_BYTES = 64 * 1024;
/** More than this of what a provider says is not repeated. */
const MAX_MESSAGE_CHARS = 1_000;
/** More than this of one response is not read. */
const MAX_RESPONSE_BYTES = 256 * 1024 * 1024;

export interface ProviderClientOptions {
  readonly deadlines: ModelDeadlines;
  /** Default: one that knows this provider's own credentials. */
  readonly redactor?: Redactor;
  /** Default: the network. */
  readonly transport?: Transport;
}

interface ReadOptions {
  readonly clock: AttemptClock;
  readonly signal: AbortSignal;
  readonly redacted: RedactedResponse;
  /** `[DONE]` is enough of an end. */
  readonly lenient: boolean;
}

/** What sets one protocol apart from the other. */
export interface Protocol {
  readonly api: ApiName;
  /** Below the provider's base URL. */
  readonly path: string;
  /** The body of a request, from parts that are encoded already: a history of megabytes is not encoded again at each turn. */
  body(request: ModelRequest, quirks: Quirks): string;
  /** For the events of one response. */
  accumulator(): ResponseAccumulator;
}

/**
 * A provider that speaks one of OpenAI's protocols. The `openai` package's client builds the request, signs it and names the
 * errors; the request is sent and its event stream read here, for the package's own stream costs three times the CPU,
 * has no limit between chunks and takes a cut stream, an HTML page and an abort for a good end. What a provider echoes of
 * its own credentials leaves here in no event.
 */
export class ProviderClient implements Model {
  readonly #protocol: Protocol;
  readonly #provider: ResolvedProvider;
  readonly #deadlines: ModelDeadlines;
  readonly #transport: Transport;
  readonly #redactor: Redactor;
  #signed: Promise<{ readonly url: URL; readonly headers: Readonly<Record<string, string>> }> | undefined;

  constructor(protocol: Protocol, provider: ResolvedProvider, options: ProviderClientOptions) {
    this.#protocol = protocol;
    this.#provider = provider;
    this.#redactor = options.redactor ?? new Redactor();
    this.#redactor.learn(providerSecrets(provider));
    this.#deadlines = options.deadlines;
    this.#transport =
      options.transport ??
      new UndiciTransport({ connectMs: options.deadlines.connectMs, traceHeaders: provider.traceHeaders });
  }

  async *stream(
    request: ModelRequest,
    signal: AbortSignal,
    origin?: ModelCallOrigin,
  ): AsyncGenerator<ModelEvent, void, void> {
    let abort: ((reason: Error) => void) | undefined;
    const clock = new AttemptClock(this.#deadlines, (deadline, afterMs) =>
      abort?.(
        new ModelError({
          kind: 'timeout',
          message: `no ${deadline === 'total' ? 'end' : deadline === 'idle' ? 'content' : deadline} within ${afterMs} ms (${deadline} deadline)`,
          retryable: true,
        }),
      ),
    );
    const cancel = (): void => abort?.(cancelled());
    const quirks = quirksOf(this.#provider, request.model);
    const accumulator = this.#protocol.accumulator();
    const redacted = new RedactedResponse(this.#redactor);
    try {
      const { url, headers } = await (this.#signed ??= this.#sign());
      if (signal.aborted) throw cancelled();
      const exchange = this.#transport.post({
        url,
        headers,
        body: this.#protocol.body(request, quirks),
        origin,
        onConnected: () => clock.enter('first byte'),
      });
      abort = exchange.abort;
      signal.addEventListener('abort', cancel, { once: true });
      const response = await exchange.response;
      clock.enter('idle');
      if (response.status !== 200) throw await this.#readError(response);
      yield { type: 'began', limits: readRateLimits(response.header) };
      const whole = yield* this.#read(response, accumulator, {
        clock,
        signal,
        redacted,
        lenient: quirks.lenientEnd,
      });
      if (signal.aborted) throw cancelled();
      // Before the end is told: a reader that leaves at it must not cost the connection.
      abort = undefined;
      yield { type: 'end', response: this.#told(whole, accumulator, request) };
    } catch (error) {
      if (!signal.aborted) yield* redacted.cutOff();
      // What came of a broken response is paid for all the same.
      const usage = accumulator.contentCount > 0 ? estimate(request, accumulator) : undefined;
      yield { type: 'failed', error: this.#failure(error, signal, usage) };
    } finally {
      clock.stop();
      signal.removeEventListener('abort', cancel);
      // Failed, or the reader went away: nothing more is wanted of this connection.
      abort?.(new Error('the attempt is over'));
    }
  }

  /** Ends all connections; attempts in progress fail. */
  close(): Promise<void> {
    return this.#transport.close();
  }

  async *#read(
    response: StreamedResponse,
    accumulator: ResponseAccumulator,
    { clock, signal, redacted, lenient }: ReadOptions,
  ): AsyncGenerator<ModelEvent, ModelResponse, void> {
    const type = response.header('content-type') ?? 'text/event-stream';
    if (!type.includes('text/event-stream')) {
      await this.#readBody(response, type, accumulator);
      yield* redacted.pieces(accumulator.takeArrived());
      yield* redacted.rest();
      return redacted.whole(accumulator.end(false));
    }
    const reader = new EventStreamReader();
    let done = false;
    let byteCount = 0;
    while (!done) {
      let chunk: Buffer | undefined;
      try {
        chunk = await response.next();
      } catch (error) {
        // What was broken or late then is only the usage: the response is whole, and paid for.
        if (signal.aborted || !accumulator.isFinished) throw error;
        break;
      }
      byteCount += chunk?.length ?? 0;
      if (byteCount > MAX_RESPONSE_BYTES) {
        throw new ModelError({
          kind: 'bad-response',
          message: `the response is longer than ${MAX_RESPONSE_BYTES} bytes`,
        });
      }
      const before = accumulator.contentCount;
      for (const data of chunk ? reader.push(chunk) : reader.end()) {
        if (data.trimEnd() === '[DONE]') {
          done = true;
          break;
        }
        accumulator.push(data);
      }
      // An event that brings nothing is a sign of life of the server, not of the model.
      if (accumulator.contentCount > before) clock.content();
      yield* redacted.pieces(accumulator.takeArrived());
      if (!chunk) break;
    }
    response.drain();
    const complete = accumulator.end(done && lenient);
    yield* redacted.rest();
    return redacted.whole(complete);
  }

  /** With what the response itself does not say: who was asked, and about how many tokens it took if nobody counted. */
  #told(response: ModelResponse, accumulator: ResponseAccumulator, request: ModelRequest): ModelResponse {
    const from = { provider: this.#provider.name, model: request.model, api: this.#protocol.api };
    const usage = accumulator.hasUsage ? response.usage : estimate(request, accumulator);
    return { ...expandParallel(response, request.tools), usage, from };
  }

  /** URL and headers do not depend on the body, so the client, which is slow at this, is asked once. */
  async #sign(): Promise<{ url: URL; headers: Record<string, string> }> {
    const { baseURL, apiKey, headers } = this.#provider;
    const client = new OpenAI({
      baseURL,
      // The client insists on a key; local servers that need none ignore it.
      apiKey: apiKey === '' ? 'none' : apiKey,
      organization: null,
      project: null,
      defaultHeaders: headers,
      maxRetries: 0,
      logLevel: 'off',
    });
    const { req, url } = await client.buildRequest({
      method: 'post',
      path: this.#protocol.path,
      body: {},
      headers: { Accept: 'text/event-stream' },
    });
    return { url: new URL(url), headers: Object.fromEntries(req.headers) };
  }

  async #readError(response: StreamedResponse): Promise<ModelError> {
    const { status } = response;
    const body = this.#redactor.redactCut(await readText(response, MAX_ERROR_BYTES));
    if (status < 400) {
      return new ModelError({
        kind: 'bad-response',
        status,
        message: `expected a response, got HTTP ${status}${status >= 300 ? ' (redirects are not followed)' : ''}`,
      });
    }
    const parsed = parseObject(body);
    const error = APIError.generate(status, parsed, parsed ? undefined : body, new Headers());
    return statusError({
      status,
      code: `${error.code ?? ''} ${error.type ?? ''}`,
      text: error.message.replace(/^\d+ /, ''),
      retryAfterMs: readRetryAfterMs(response.header, Date.now()),
      limits: readRateLimits(response.header) ?? undefined,
    });
  }

  /** HTTP 200 and yet no event stream: a server that ignores `stream`, whose answer is as good, or else a proxy's page. */
  async #readBody(response: StreamedResponse, type: string, accumulator: ResponseAccumulator): Promise<void> {
    const isJson = type.includes('application/json');
    const body = await readText(response, isJson ? MAX_RESPONSE_BYTES : MAX_ERROR_BYTES);
    if (isJson && parseObject(body)) accumulator.push(body);
    if (accumulator.isFinished) return;
    const start = this.#redactor.redactCut(body.slice(0, 2_000)).replaceAll(/\s+/g, ' ').trim();
    throw new ModelError({
      kind: 'bad-response',
      status: response.status,
      message: `expected an event stream, got ${type}: ${start}`,
    });
  }

  #failure(error: unknown, signal: AbortSignal, usage: Usage | undefined): ModelError {
    if (signal.aborted) return cancelled(usage);
    if (error instanceof ModelError) return this.#redacted(error, usage);
    const { code, message } = (
      error instanceof Error ? error : new Error(String(error))
    ) as NodeJS.ErrnoException;
    const timedOut = code === 'UND_ERR_CONNECT_TIMEOUT';
    return this.#redacted(
      new ModelError({
        kind: timedOut ? 'timeout' : 'connect',
        message: `${withoutLogin(this.#provider.baseURL)}: ${code ? `${code}: ` : ''}${message || 'the connection failed'}`,
        retryable: true,
      }),
      usage,
    );
  }

  #redacted(error: ModelError, usage: Usage | undefined): ModelError {
    const { kind, status, retryable, retryAfterMs, limits, isSpent } = error;
    // Cut only after: half a key at the cut would pass for something else.
    const clean = this.#redactor.redactMessage(error.message);
    const message = `${this.#provider.name}: ${clean.slice(0, MAX_MESSAGE_CHARS)}`;
    return new ModelError({ kind, status, retryable, retryAfterMs, limits, usage, isSpent, message });
  }
}

async function readText(response: StreamedResponse, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  while (size < maxBytes) {
    const chunk = await response.next();
    if (!chunk) break;
    chunks.push(chunk);
    size += chunk.length;
  }
  response.drain();
  return Buffer.concat(chunks).toString('utf8', 0, Math.min(size, maxBytes));
}

function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function estimate({ messages, tools }: ModelRequest, { chars }: ResponseAccumulator): Usage {
  return estimateUsage(weighedLength(messages) + (tools?.length ?? 0), chars);
}

function withoutLogin(baseURL: string): string {
  return baseURL.replace(/\/\/[^/@]*@/, '//');
}

function cancelled(usage?: Usage): ModelError {
  return new ModelError({ kind: 'cancelled', message: 'the model call was cancelled', usage });
}
