import type { Conversation } from './conversation.ts';
import type { ScriptedDraw } from './draw.ts';

/** What a scripted model does, as an author writes it: in YAML, or as an object. The first rule that matches answers. */
export interface ScriptedModelScript {
  /** Names that `GET /v1/models` lists. Default `['scripted']`; any other name is answered too. */
  readonly models?: readonly string[];
  /** Everything random (jitter, ids) follows from it and the conversation. Default 1. */
  readonly seed?: number;
  /** Of every answer that has none of its own. */
  readonly delay?: ScriptedDelay;
  /** Default: none. */
  readonly limits?: ScriptedLimits;
  /** Default: prompts are not cached, and the usage says nothing of it. */
  readonly cache?: ScriptedCache;
  /** With them, the usage of every answer tells what it cost. */
  readonly prices?: ScriptedPrices;
  /** When the server fails whatever it is asked. Spells that are on at once each strike their own share of the requests. */
  readonly storm?: readonly ScriptedStorm[];
  readonly rules: readonly ScriptedRule[];
}

/** Limits that are enforced, with status 429. A refused request is not counted. */
export interface ScriptedLimits {
  readonly requestsPerMinute?: number;
  /** Input and output. Before it is answered, a request counts a quarter of its characters. */
  readonly tokensPerMinute?: number;
  /** Requests that are not answered to their end. */
  readonly concurrent?: number;
  /** The last minute (default), minutes one after another, or a bucket of a minute's allowance that fills evenly. */
  readonly window?: 'sliding' | 'fixed' | 'bucket';
  /** How long a minute takes. Default 60,000. */
  readonly minuteMs?: number;
  /** What answers tell of the limits: as OpenAI does (default), as Anthropic, as OpenRouter (only in a 429), or nothing. */
  readonly headers?: 'openai' | 'anthropic' | 'openrouter' | 'none';
  /** Whether a 429 says how long to wait: in `Retry-After`, or in `retry-after-ms` when a minute takes no minute. Default true. */
  readonly retryAfter?: boolean;
  /** Tell waits and resets as if a minute took 60,000 ms, to a client whose clock runs faster in the same measure. Default false. */
  readonly tellFullMinutes?: boolean;
  /** What shares an allowance: one model of a key (default), or all of them. */
  readonly by?: 'model' | 'key';
}

/** A prompt cache that works as a provider's. A token is 4 characters of tools and messages. */
export interface ScriptedCache {
  /** What is shorter is not cached. Default 1024. */
  readonly minTokens?: number;
  /** Only whole blocks are cached. Default 128. */
  readonly blockTokens?: number;
  /** Since it was last used. Default 300,000. */
  readonly ttlMs?: number;
  /** Only what ends at a `cache_control` mark is cached, wherever that is, and the usage tells what was written. */
  readonly explicit?: boolean;
}

/** US dollars for a million tokens. */
export interface ScriptedPrices {
  readonly input: number;
  readonly output: number;
  /** Of input that came from the cache. Default: as other input. */
  readonly cachedInput?: number;
  /** Of input that was written to the cache. Default: as other input. */
  readonly cacheWrite?: number;
}

export interface ScriptedStorm {
  /** Since the server began, or `startStorm` was called. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Of the requests that are struck, 0 to 1. Default 1. */
  readonly share?: number;
  readonly fault: ScriptedFault;
}

/** At least one of `answer`, `rewrite` and `fault`; together they are one response, which the fault then breaks. */
export interface ScriptedRule {
  readonly match?: ScriptedMatch;
  /** Requests that this rule answers in all; then it is passed over. Default: any number. */
  readonly times?: number;
  /**
   * A function, which YAML cannot hold, is for tests and benchmarks: its texts are sent as they are, and an object that it
   * returns again must be as it was.
   */
  readonly answer?: ScriptedAnswer | ((conversation: Conversation) => ScriptedAnswer);
  readonly rewrite?: ScriptedRewrite;
  /** The text instead, when `rewrite` finds nothing to change. */
  readonly otherwise?: string;
  readonly fault?: ScriptedFault;
}

/** A regular expression, in JavaScript's syntax; named groups become values of templates. */
export type ScriptedPattern = string | { readonly pattern: string; readonly flags?: string };

/** All that are given must hold. */
export interface ScriptedMatch {
  /** Searched in the last user message. */
  readonly user?: ScriptedPattern;
  /** Searched in the first user message. */
  readonly first?: ScriptedPattern;
  readonly system?: ScriptedPattern;
  /** Searched in the last message, whoever wrote it. */
  readonly last?: ScriptedPattern;
  readonly lastRole?: 'user' | 'assistant' | 'tool' | 'system' | 'developer';
  /** Name of the tool whose result is the last message. */
  readonly tool?: string;
  /** Assistant messages since the last user message: 0 for the first answer to a prompt. */
  readonly turn?: number | readonly number[];
  /** The whole model name. */
  readonly model?: string;
  /** Images in the last user message. */
  readonly images?: number;
  /** Whether the request wants its answer to have a JSON schema; a text is the schema's name. */
  readonly schema?: boolean | string;
}

export interface ScriptedAnswer {
  /** A template: `{{name}}` is a named group of `match`, or one of `turn`, `last`, `user`, `model`, `changes`. */
  readonly text?: string;
  /** A template. */
  readonly reasoning?: string;
  /** Deltas that the text is cut into. Default: one a word. */
  readonly chunks?: number;
  readonly calls?: readonly ScriptedCall[];
  readonly delay?: ScriptedDelay;
  /** Default: a quarter of the characters. `none`: the response tells none. */
  readonly usage?: ScriptedUsage | 'none';
  /** `finish_reason`. Default `tool_calls` with calls, else `stop`. */
  readonly finish?: string;
}

/** Tokens: cached and written ones are part of the input, reasoning is part of the output. */
export interface ScriptedUsage {
  readonly input?: number;
  readonly output?: number;
  readonly reasoning?: number;
  readonly cached?: number;
  readonly cacheWrite?: number;
  /** US dollars, as OpenRouter tells them. */
  readonly cost?: number;
}

export interface ScriptedCall {
  readonly name: string;
  /** Strings in it, at any depth, are templates; one that is `{{name|number}}` becomes a number. Text is sent as it is, valid JSON or not. */
  readonly arguments?: { readonly [key: string]: unknown } | string;
}

export interface ScriptedDelay {
  /** Before the first delta. */
  readonly firstMs?: ScriptedDraw;
  /** Between deltas of reasoning, text and tool calls. */
  readonly betweenMs?: ScriptedDraw;
  /** The same for each token of the answer: with it, what is longer takes longer. Both may be given, and then add up. */
  readonly tokenMs?: ScriptedDraw;
  /** Share by which each wait varies both ways, 0 to 1. */
  readonly jitter?: number;
}

/** Changes the files that the last turn read, wherever the pattern matches, by calls of the edit or write tool. */
export interface ScriptedRewrite {
  /** A template, whose values are taken literally. */
  readonly pattern: string;
  readonly flags?: string;
  /** A template; `$1`, `$<name>` and `$&` as in JavaScript. */
  readonly replacement: string;
  /** Name of the tool that is called. Default `edit` (or `write`), with the suffix of the read tool: `read_file` gives `edit_file`. */
  readonly edit?: string;
  /** One edit for each run of changed lines (default), or the whole file in one write. */
  readonly as?: 'edit' | 'write';
}

/** Exactly one way to fail; `headers`, `body` and `retryAfter` belong to `status`. What takes the place of the answer takes none of its delay. */
export interface ScriptedFault {
  readonly status?: number;
  readonly headers?: { readonly [name: string]: string };
  /** Text as it is, anything else as JSON. Default: an error object as OpenAI's. */
  readonly body?: unknown;
  /** The `Retry-After` header: seconds or an HTTP date. */
  readonly retryAfter?: number | string;
  /** Sends so many bytes of the body, then breaks the connection. */
  readonly cutAtByte?: number;
  /** Sends so many bytes of the body, then ends it as if it were whole. */
  readonly endAtByte?: number;
  /** Sends so many bytes of the body, then an event that is no JSON, and ends. */
  readonly garbleAtByte?: number;
  /** Sends so many bytes of the body, then nothing, and keeps the connection open. */
  readonly stall?: number;
  /** Sends nothing but comments. */
  readonly pingOnly?: boolean;
  /** Status 200 and a web page. */
  readonly html?: boolean;
  /** Status 200 and a JSON body that is no completion. */
  readonly json?: boolean;
  /** An error inside the stream, after the answer's deltas. */
  readonly errorEvent?: { readonly [key: string]: unknown };
  /** One event with so many bytes of text. */
  readonly hugeLine?: number;
  /** Breaks the connection without an answer. */
  readonly refuse?: boolean;
  /** The stream ends after the deltas: no finish reason, no `[DONE]`. */
  readonly noFinish?: boolean;
  /** No finish reason, but `[DONE]`. */
  readonly doneOnly?: boolean;
  /** Status 401 with a message that repeats the request's `Authorization` header. */
  readonly echoKey?: boolean;
  /** Status 307 to this address. */
  readonly redirect?: string;
  /** Status 400 for a request with a JSON schema, as a provider that cannot take it. Without one it is answered. */
  readonly refuseSchema?: boolean;
}
