import type { ModelError } from '../errors.ts';
import type { ToolCall } from '../tools/tool.ts';
import type { ModelSource } from './message.ts';
import type { ApiName, QuirkOptions, Quirks } from './quirks.ts';
import type { Tape } from './recording/tape.ts';

/** The seam to a language model: a request in, events out. Implementers pass `test/contracts/model.ts`. */
export interface Model {
  /**
   * One attempt, no retries. Never throws.
   * @param onEvent  is told events in order; exactly one terminal event (`end` or `failed`), and it is last. The first may come
   *   before this returns. It must not throw
   * @param origin  who asks: for recordings, not for the provider
   */
  ask(request: ModelRequest, onEvent: (event: ModelEvent) => void, origin?: ModelCallOrigin): ModelAttempt;
}

/** An attempt under way. */
export interface ModelAttempt {
  /** Stops the network and ends the attempt with `failed`, kind `cancelled`, before it returns. Does nothing after the end. */
  cancel(): void;
}

/** What the model is asked. Everything that is constant or already encoded travels as JSON text, so that a long history is encoded once. */
export interface ModelRequest {
  /** The provider's own name for the model, without the `provider:` prefix. */
  readonly model: string;
  /** The conversation in the provider's dialect, each message or item as JSON, joined by commas: the inside of an array. */
  readonly messages: string;
  /** The `tools` array of Chat Completions as JSON, or null when none are offered. */
  readonly tools: string | null;
  /** Forwarded into the request body (`temperature`, `max_tokens`, …); with a schema, none that says a form of the answer. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The form that the answer is to have; undefined for text, or where the provider is not to be told. */
  readonly schema?: OutputSchema | undefined;
}

/** The form that an answer is to have. */
export interface OutputSchema {
  /** By which a provider knows it. */
  readonly name: string;
  /** A JSON Schema, as JSON. */
  readonly json: string;
  /** It keeps to what providers can promise to follow to the letter. */
  readonly strict: boolean;
}

/** Body fields that skein sets; a caller's options cannot. */
export const RESERVED_FIELDS: readonly string[] = [
  'model',
  'messages',
  'input',
  'previous_response_id',
  'conversation',
  'tools',
  'stream',
];

export type ModelEvent =
  /** The provider has taken the request (status 200). At most once, and first. */
  | { readonly type: 'began'; readonly limits: RateLimits | null }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'reasoning'; readonly text: string }
  /** The whole response. Tool calls are complete and in the provider's order; arguments are unparsed text. */
  | { readonly type: 'end'; readonly response: ModelResponse }
  | { readonly type: 'failed'; readonly error: ModelError };

/** `stop`, `length`, `tool-calls`, `content-filter`; anything else a provider says is a failure. */
export type FinishReason = 'stop' | 'length' | 'tool-calls' | 'content-filter';

export interface ModelResponse {
  readonly text: string;
  /** '' when the model gave none. */
  readonly reasoning: string;
  readonly toolCalls: readonly ToolCall[];
  readonly finishReason: FinishReason;
  readonly usage: Usage;
  /** The model that the provider says answered; '' when it does not say. */
  readonly model: string;
  /** What has to go back with the history as it came, in order; see {@link KeptReasoning}. */
  readonly reasoningDetails?: readonly unknown[];
  /** Who was asked. Missing in what earlier versions kept. */
  readonly from?: ModelSource;
}

/** Tokens as the provider counted them. `estimated` when the provider reported none. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly totalTokens: number;
  readonly reasoningTokens: number;
  /** Part of the input: read from the provider's prompt cache. */
  readonly cachedTokens: number;
  /** Part of the input: written to the provider's prompt cache. */
  readonly cacheWriteTokens: number;
  readonly estimated: boolean;
  readonly cost: Cost;
}

/**
 * What responses have cost.
 * - `none` — there were none
 * - `provider` — the providers' own figures
 * - `table` — tokens times the prices of a table
 * - `mixed` — both
 * - `unknown` — no provider told, and no table has a price
 */
export type CostBasis = 'none' | 'provider' | 'table' | 'mixed' | 'unknown';

export interface Cost {
  /** US dollars of what is known; null where nothing is. Unknown is never 0. */
  readonly usd: number | null;
  readonly basis: CostBasis;
  /** Responses whose cost is not known: while there are any, `usd` is the least that was spent. */
  readonly unpriced: number;
}

export const NO_COST: Cost = { usd: 0, basis: 'none', unpriced: 0 };

/** Of one response that nobody has a price for. */
export const UNKNOWN_COST: Cost = { usd: null, basis: 'unknown', unpriced: 1 };

export const NO_USAGE: Usage = {
  inputTokens: 0,
  outputTokens: 0,
  totalTokens: 0,
  reasoningTokens: 0,
  cachedTokens: 0,
  cacheWriteTokens: 0,
  estimated: false,
  cost: NO_COST,
};

/** What a provider says of its limits in the head of an answer. Only what it said, and only what makes sense. */
export interface RateLimits {
  readonly requests?: RateWindow;
  readonly tokens?: RateWindow;
}

/** One allowance, in requests or tokens. */
export interface RateWindow {
  readonly limit?: number;
  readonly remaining?: number;
  /** Until the allowance is whole again (or, where a provider means that, until the window ends), in milliseconds. */
  readonly resetMs?: number;
}

/** Who asks, for recordings and traces. Not sent to a provider, but for the trace context to one with `traceHeaders`. */
export interface ModelCallOrigin {
  readonly sessionId: string;
  /** Absent where the call belongs to no prompt. */
  readonly promptId?: string;
  /** Model responses of the session before this one. */
  readonly turn: number;
  /** From 1, of this turn's. */
  readonly attempt: number;
  /** W3C trace context of the span that the call belongs to. */
  readonly traceparent?: string;
}

/**
 * Whose turn comes first where requests wait for the same model. `interactive`: somebody waits for the answer. `batch`: work in
 * the background, which gets one place in nine while the others want all, and everything while they want none.
 */
export type Priority = 'interactive' | 'batch';

/** The most that a provider is asked at once and a minute; of each model, with one key. */
export interface ProviderLimits {
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
  /** Requests under way at once. */
  readonly maxInFlight?: number;
  /** Requests under way that it begins with; more are tried while the provider takes them. Default `maxInFlight`, or 16. */
  readonly startInFlight?: number;
}

/** A provider entry as the user configures it. */
export interface ProviderOptions {
  readonly baseURL?: string;
  readonly apiKey?: string;
  /** Name of the environment variable that holds the key. */
  readonly apiKeyEnv?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The same as the quirk `lenientEnd`: accept `[DONE]`, without a finish reason, as a complete response. */
  readonly lenient?: boolean;
  /** Send the trace context of each call, as a `traceparent` header: for a gateway of your own. Default false. */
  readonly traceHeaders?: boolean;
  /** Upper bounds; within them, and without them, the limits are learned from the provider's answers. */
  readonly limits?: ProviderLimits;
  /** Which protocol it is spoken to in. Default `chat`, Chat Completions; `responses` is OpenAI's Responses API. */
  readonly api?: ApiName;
  /** Where it differs from what skein knows or guesses of it. */
  readonly quirks?: QuirkOptions;
  /**
   * Directory of a recording that answers in this provider's stead: nothing is sent anywhere and no key is needed. All
   * else about the provider is as it was recorded, so an entry with this has nothing but this.
   */
  readonly replay?: string;
  /** Answers come as slowly as they did when they were recorded; waits between attempts are left out all the same. Default false. */
  readonly replayTiming?: boolean;
}

/** A provider with everything looked up, as the model thread needs it. Holds the key: never logged, never journalled. */
export interface ResolvedProvider {
  readonly name: string;
  readonly baseURL: string;
  readonly apiKey: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly traceHeaders?: boolean;
  /** What the user says of it; see {@link quirksOf} for the rest. */
  readonly quirks: Partial<Quirks>;
  /** Where exchanges are kept or come from. Default: they go over the network, and nothing is kept. */
  readonly tape?: Tape;
}

/** Deadlines of one attempt, in milliseconds. `idleMs` is reset by content, never by comments or empty events. */
export interface ModelDeadlines {
  readonly connectMs: number;
  readonly firstByteMs: number;
  readonly idleMs: number;
  readonly totalMs: number;
}

export const DEFAULT_DEADLINES: ModelDeadlines = {
  connectMs: 10_000,
  firstByteMs: 120_000,
  idleMs: 90_000,
  totalMs: 900_000,
};
