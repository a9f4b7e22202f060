import type { ProviderLimits } from '../model/model.ts';
import type { ApiName } from '../model/quirks.ts';
import type { BudgetOptions } from '../protocol/budget.ts';
import type { JsonSchema } from '../tools/tool.ts';
import type { BenchCheck } from './check.ts';

/** What a benchmark asks for, checked, with every default spelt out. Directories and files are absolute. */
export interface BenchPlan {
  /** Names the output: at most 64 letters, digits, `.`, `_` and `-`. */
  readonly name: string;
  /** What is compared. Names are unique. */
  readonly targets: readonly BenchTarget[];
  /**
   * `together`: all targets at the same time, each with arrivals of its own by the same timetable, so that conversation i
   * meets the same minute at every target. `in-turn`: one after another, for targets that share a machine or an account.
   */
  readonly order: 'together' | 'in-turn';
  /** Names are unique. */
  readonly scenarios: readonly BenchScenario[];
  readonly arrival: Arrival;
  /** The first conversations of each target, which are run and not measured. */
  readonly warmUp: Extent;
  /** What is measured of each target: so many conversations, or those that are due before so long. */
  readonly extent: Extent;
  /** The sequence of scenarios and inputs follows from it, and the arrivals. */
  readonly seed: number;
  /** Whether the model is sent a `seed` of the conversation's own, as sampling models take it. */
  readonly sendSeed: boolean;
  /** Deadline of one prompt; null for none. */
  readonly timeoutMs: number | null;
  /** What all targets together may spend; null for no limit. */
  readonly budget: BudgetOptions | null;
  readonly pool: BenchPool;
}

export interface BenchTarget {
  readonly name: string;
  /** `provider:name`. */
  readonly model: string;
  /** Where the provider of `model` is, for this target; null: where it always is. */
  readonly baseURL: string | null;
  /** That the server at `baseURL` speaks. */
  readonly api: ApiName | null;
  /** What may be sent to it; null: what the provider says, and what is learned. */
  readonly limits: ProviderLimits | null;
  /** Before the scenario's own; to compare prompts. */
  readonly system: string | null;
  readonly modelOptions: Readonly<Record<string, unknown>>;
}

export interface BenchScenario {
  readonly name: string;
  /** How often it comes, beside the others. */
  readonly weight: number;
  /** One conversation's, in order, with `{{column}}` where an input's value goes and `{{index}}` for the conversation's number. */
  readonly prompts: readonly string[];
  /** One of them is drawn for each conversation; empty where there is nothing to fill in. */
  readonly inputs: readonly BenchInput[];
  readonly files: BenchFiles;
  readonly skills: readonly string[];
  /** Preset and tool names, module URLs; null for the pool's default. */
  readonly tools: readonly string[] | null;
  readonly system: string | null;
  /** Tool rounds that a prompt may take; null for the pool's default. */
  readonly maxTurns: number | null;
  /** The form of the answer to the last prompt; null for text. */
  readonly schema: JsonSchema | null;
  readonly check: BenchCheck | null;
}

/** Column → value. */
export type BenchInput = Readonly<Record<string, string>>;

/** The files that a conversation starts with: given here, or those of a directory. */
export type BenchFiles =
  | { readonly kind: 'inline'; readonly files: Readonly<Record<string, string>> }
  | {
      readonly kind: 'directory';
      readonly directory: string;
      readonly include: readonly string[];
      readonly exclude: readonly string[];
    };

/**
 * When conversations begin.
 * - `closed` — `atOnce` at a time: the next begins when one has ended
 * - `poisson` — at random, `perSecond` on the average, whatever is still running
 * - `ramp` — at random, `from` a second at the start, `to` a second after `overMs`, and from then on
 * - `burst` — `size` at the same moment, every `everyMs`
 * - `trace` — as a file says, in milliseconds from the start, ascending
 */
export type Arrival = { readonly kind: 'closed'; readonly atOnce: number } | OpenArrival;

/** Conversations begin when it is their time, but for at most `maxAtOnce` of a target at a time. */
export type OpenArrival = { readonly maxAtOnce: number } & (
  | { readonly kind: 'poisson'; readonly perSecond: number }
  | { readonly kind: 'ramp'; readonly from: number; readonly to: number; readonly overMs: number }
  | { readonly kind: 'burst'; readonly size: number; readonly everyMs: number }
  | { readonly kind: 'trace'; readonly file: string; readonly offsetsMs: readonly number[] }
);

export type Extent = { readonly count: number } | { readonly durationMs: number };

/** What the conversations run on; null for the pool's default. */
export interface BenchPool {
  readonly isolation: 'thread' | 'process';
  readonly threads: number | null;
  readonly modelThreads: number | null;
  /** Of one model call; 1 counts every failure and repeats none. */
  readonly attempts: number | null;
}
