import { APIError, OpenAI } from 'openai';
import { ModelError } from '../errors.ts';
import { Redactor } from '../redactor.ts';
import { Attempt, type AttemptOwner } from './attempt.ts';
import { readRetryAfterMs, statusError } from './classify-error.ts';
import { expandParallel } from './expand-parallel.ts';
import type {
  Model,
  ModelAttempt,
  ModelCallOrigin,
  ModelDeadlines,
  ModelEvent,
  ModelRequest,
  ModelResponse,
  ResolvedProvider,
  Usage,
} from './model.ts';
import { parseObject } from './parse-event.ts';
import { providerSecrets } from './provider-secrets.ts';
import { quirksOf, type ApiName, type Quirks } from './quirks.ts';
import { readRateLimits } from './rate-limits.ts';
import { RedactedResponse } from './redacted-response.ts';
import type { ResponseAccumulator } from './response-accumulator.ts';
import type { AnswerHead, Transport } from './transport.ts';
import { UndiciTransport } from './undici-transport.ts';

/** More than this of what a provider says is not repeated. */
const MAX_MESSAGE_CHARS = 1_000;
export interface ProviderClientOptions {
  readonly deadlines: ModelDeadlines;
  /** Default: one that knows this provider's own credentials. */
  readonly redactor?: Redactor;
  /** Default: the network. */
  readonly transport?: Transport;
}

/** Where requests go, and how they are signed. */
interface Signed {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
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
export class ProviderClient implements Model, AttemptOwner {
  readonly #protocol: Protocol;
  readonly #provider: ResolvedProvider;
  readonly #deadlines: ModelDeadlines;
  readonly #transport: Transport;
  readonly #redactor: Redactor;
  #signing: Promise<Signed> | undefined;
  #signed: Signed | undefined;

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

  ask(request: ModelRequest, onEvent: (event: ModelEvent) => void, origin?: ModelCallOrigin): ModelAttempt {
    const quirks = quirksOf(this.#provider, request.model);
    const attempt = new Attempt({
      owner: this,
      request,
      deadlines: this.#deadlines,
      accumulator: this.#protocol.accumulator(),
      redacted: new RedactedResponse(this.#redactor),
      lenient: quirks.lenientEnd,
      onEvent,
    });
    const send = (signed: Signed): void =>
      attempt.send(this.#transport, () => ({
        ...signed,
        body: this.#protocol.body(request, quirks),
        origin,
      }));
    if (this.#signed) send(this.#signed);
    else (this.#signing ??= this.#sign()).then(send, (error: unknown) => attempt.fail(error));
    return attempt;
  }

  /** Ends all connections; attempts in progress fail. */
  close(): Promise<void> {
    return this.#transport.close();
  }

  /** Who was asked; calls out of their wrapper. */
  complete(response: ModelResponse, request: ModelRequest): ModelResponse {
    const from = { provider: this.#provider.name, model: request.model, api: this.#protocol.api };
    return { ...expandParallel(response, request.tools), from };
  }

  refusal(head: AnswerHead, text: string): ModelError {
    const { status } = head;
    const body = this.#redactor.redactCut(text);
    if (status === 200) {
      const start = this.#redactor.redactCut(text.slice(0, 2_000)).replaceAll(/\s+/g, ' ').trim();
      return new ModelError({
        kind: 'bad-response',
        status,
        message: `expected an event stream, got ${head.header('content-type')}: ${start}`,
      });
    }
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
      retryAfterMs: readRetryAfterMs(head.header, Date.now()),
      limits: readRateLimits(head) ?? undefined,
    });
  }

  failure(error: unknown, usage: Usage | undefined): ModelError {
    if (error instanceof ModelError)
      return error.kind === 'cancelled' ? cancelled(usage) : this.#redacted(error, usage);
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

  /** URL and headers do not depend on the body, so the client, which is slow at this, is asked once. */
  async #sign(): Promise<Signed> {
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
    return (this.#signed = { url: new URL(url), headers: Object.fromEntries(req.headers) });
  }

  #redacted(error: ModelError, usage: Usage | undefined): ModelError {
    const { kind, status, retryable, retryAfterMs, limits, isSpent } = error;
    // Cut only after: half a key at the cut would pass for something else.
    const clean = this.#redactor.redactMessage(error.message);
    const message = `${this.#provider.name}: ${clean.slice(0, MAX_MESSAGE_CHARS)}`;
    return new ModelError({ kind, status, retryable, retryAfterMs, limits, usage, isSpent, message });
  }
}

function withoutLogin(baseURL: string): string {
  return baseURL.replace(/\/\/[^/@]*@/, '//');
}

function cancelled(usage?: Usage): ModelError {
  return new ModelError({ kind: 'cancelled', message: 'the model call was cancelled', usage });
}
