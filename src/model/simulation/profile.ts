import type { ScriptedDraw } from '../scripted/draw.ts';
import type { ScriptedCache, ScriptedFault, ScriptedLimits, ScriptedPrices } from '../scripted/script.ts';

/**
 * A provider as a simulation has it: what it allows, how long it takes, how it fails and what it costs. Times are those of the
 * provider, whatever the speed.
 */
export interface SimulationProfile {
  /** All that is drawn follows from it and the conversation. Default 1. */
  readonly seed?: number;
  /** Simulated minutes that pass in a real one. Default 1. */
  readonly speed?: number;
  /** Default: none. */
  readonly limits?: ProfileLimits;
  /** Default: answers come at once. */
  readonly latency?: ProfileLatency;
  /** Those that are on at once each strike their own share of the requests. */
  readonly faults?: readonly ProfileFault[];
  /** Default: prompts are not cached. */
  readonly cache?: ScriptedCache;
  /** What the cost is estimated by. Default: it is not known. */
  readonly prices?: ScriptedPrices;
  /** What is answered: by a script, whose path starts at the profile; or made up. Default: made up. */
  readonly answers?: string | MadeUpAnswers;
}

/** Of one model and key, unless `by` says otherwise. */
export interface ProfileLimits extends Pick<
  ScriptedLimits,
  'requestsPerMinute' | 'tokensPerMinute' | 'concurrent' | 'window' | 'by'
> {
  /**
   * What a client is told of them: in headers as those of a provider and, when it is refused, how long to wait (`openai`, the
   * default, `anthropic`, `openrouter`); only how long to wait (`retry-after`); or `none`.
   */
  readonly told?: 'openai' | 'anthropic' | 'openrouter' | 'retry-after' | 'none';
}

export interface ProfileLatency {
  /** From the request to the first token, in milliseconds. */
  readonly firstTokenMs?: ScriptedDraw;
  /** Between one token and the next. */
  readonly tokenMs?: ScriptedDraw;
}

/** Of the requests, a share that fails; at all times, or for some minutes. */
export interface ProfileFault {
  /** One of {@link FAULT_KINDS}; else `fault` says what happens. */
  readonly kind?: FaultKind;
  readonly fault?: ScriptedFault;
  /** 0 to 1. Default 1. */
  readonly share?: number;
  /** Minutes since the simulation began. Default 0. */
  readonly fromMinute?: number;
  /** Default: to the end. */
  readonly toMinute?: number;
}

export type FaultKind =
  | 'rate-limited'
  | 'server-error'
  | 'overloaded'
  | 'refused'
  | 'cut'
  | 'stall'
  | 'malformed'
  | 'error-event'
  | 'web-page';

/** After the first words of an answer: no stream is as short as this. */
const FIRST_BYTES = 500;

/** Ways to fail, by name: what a server does that fails so. */
export const FAULT_KINDS: Readonly<Record<FaultKind, ScriptedFault>> = {
  // Says neither why nor for how long.
  'rate-limited': { status: 429 },
  'server-error': { status: 500 },
  overloaded: { status: 503, body: { error: { message: 'Overloaded', type: 'overloaded_error' } } },
  refused: { refuse: true },
  cut: { cutAtByte: FIRST_BYTES },
  stall: { stall: FIRST_BYTES },
  malformed: { garbleAtByte: FIRST_BYTES },
  'error-event': { errorEvent: { code: 502, message: 'Provider returned error' } },
  'web-page': { html: true },
};

/** What is answered without a script. Files are read and edited where the request offers the tools for it. */
export interface MadeUpAnswers {
  /** `edit`, the default: reads files, changes the last of them, and says something. `text`: only says something. */
  readonly behaviour?: 'edit' | 'text';
  /** Files that are read for a prompt, each in a turn of its own. Default 1. */
  readonly reads?: number;
  /** Tokens of what is said in the end. */
  readonly tokens?: ScriptedDraw;
}
