import type { SimulationProfile } from '../model/simulation/profile.ts';
import type { BenchPlan } from './plan.ts';

/** What a benchmark measured, as it is in the result file. Times are milliseconds since `startedAt`, on a monotonic clock. */
export interface BenchResult {
  readonly format: 'skein-bench/1';
  /** ISO 8601, UTC: when the first measured prompt was due. */
  readonly startedAt: string;
  /** Of the measured part: without warm-up, up to the end of the last measured prompt. */
  readonly durationMs: number;
  /** What a reader must know before trusting the figures; empty for a clean, complete run. */
  readonly marks: readonly BenchMark[];
  /** Version of skein. */
  readonly skein: string;
  /** Version of Node. */
  readonly node: string;
  readonly machine: BenchMachine;
  readonly seed: number;
  /** As it was run, flags included, with every default spelt out. */
  readonly plan: BenchPlan;
  /** Who answered instead of the targets’ providers; left out where they were asked. */
  readonly simulated?: BenchSimulation;
  /**
   * SHA-256 of what must be equal for two results to be comparable: scenarios with the contents of their files, arrival,
   * warm-up, extent, order, timeout and simulation; not targets and seed.
   */
  readonly planHash: string;
  /** One a target of the plan, in its order; prompts of all scenarios together and of each. */
  readonly targets: readonly TargetResult[];
  /** All targets together. */
  readonly overall: Measures;
  /** Of this process, in the measured part. */
  readonly resources: BenchResources;
  /** Every measured prompt that has ended, in the order of their starts. */
  readonly prompts: readonly PromptSample[];
  /** One a second, from the first measured prompt on. */
  readonly timeline: readonly TimelineSample[];
}

/**
 * - `interrupted` — Ctrl-C; what had ended until then is in the result
 * - `budget-reached` — the plan's budget; likewise
 * - `saturated` — prompts started later than they were due: the arrivals were more than this machine, or `maxAtOnce`, allowed
 * - `clock-jumped` — the wall clock was set, or the process stood still
 * - `check-never-passed` — no conversation of a scenario passed its check: it may be the check that is wrong
 * - `all-failed` — no prompt of a target came to its end; it was stopped early
 * - `simulated` — no target was asked: latencies, answers, failures and cost are those of a profile
 * - `few-samples` — too few prompts for the figures at the tail to mean much
 */
export type BenchMarkCode =
  | 'interrupted'
  | 'budget-reached'
  | 'saturated'
  | 'clock-jumped'
  | 'check-never-passed'
  | 'all-failed'
  | 'simulated'
  | 'few-samples';

export interface BenchMark {
  readonly code: BenchMarkCode;
  /** What happened and what it means for the figures. */
  readonly message: string;
  /** The name of the target that it is about. */
  readonly target?: string;
}

/** A provider that was simulated, in real time. */
export interface BenchSimulation {
  /** Of the profile. */
  readonly name: string;
  readonly profile: SimulationProfile;
}

export interface BenchMachine {
  readonly platform: string;
  readonly cpu: string;
  readonly cpuCount: number;
  readonly memoryBytes: number;
  /** One-minute load before the start. */
  readonly loadBefore: number;
}

export interface TargetResult {
  readonly name: string;
  /** `provider:name`. */
  readonly model: string;
  /** From when its first measured prompt was due to the end of its last one. */
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly measures: Measures;
  readonly scenarios: readonly { readonly name: string; readonly measures: Measures }[];
}

/** Figures of one group of prompts. */
export interface Measures {
  readonly prompts: number;
  /** Prompts that did not end as they should, by {@link PromptSample.error}. */
  readonly errors: Readonly<Record<string, number>>;
  /** Conversations. Null where no scenario has a check. */
  readonly success: { readonly passed: number; readonly checked: number } | null;
  /** From when a prompt was due to its end. In open arrivals that corrects for coordinated omission. */
  readonly promptLatencyMs: Distribution | null;
  /** From when a prompt started to its end: what would have been measured without the correction. */
  readonly serviceMs: Distribution | null;
  /** How much later than due prompts started. */
  readonly startDelayMs: Distribution | null;
  /** One a turn: of the model call that answered, from when the gate let it go. */
  readonly turnLatencyMs: Distribution | null;
  /** One a turn: from the same moment to the first piece of the answer. */
  readonly firstTokenMs: Distribution | null;
  /** Between two pieces of text of a turn, as they reach this process. */
  readonly betweenTokensMs: Distribution | null;
  /** One a prompt: all its waits together. */
  readonly gateWaitMs: Distribution | null;
  readonly threadWaitMs: Distribution | null;
  readonly outputTokens: number;
  /** Cached ones included. */
  readonly inputTokens: number;
  readonly cachedTokens: number;
  /** Over the duration of the target, or of the whole run. */
  readonly outputTokensPerSecond: number;
  readonly promptsPerSecond: number;
  readonly turns: number;
  readonly retries: number;
  /** Responses 429. */
  readonly rateLimited: number;
  /** usd is null where no price is known. */
  readonly cost: { readonly usd: number | null; readonly unpricedTurns: number };
}

/** From an HDR histogram of 3 significant digits: at most 0.1 % off. */
export interface Distribution {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
  /** [percentile, value] pairs of the histogram, ascending, for plots; the last one is [100, max]. */
  readonly percentiles: readonly (readonly [number, number])[];
}

/** What skein itself took. A scripted model that runs in this process is included. */
export interface BenchResources {
  /** User and system, all threads. */
  readonly cpuMs: number;
  readonly maxRssBytes: number;
  /** Of the main thread, from samples. */
  readonly eventLoopDelayMs: Distribution | null;
  readonly maxThreads: number;
  readonly maxSessions: number;
}

export interface PromptSample {
  readonly target: string;
  readonly scenario: string;
  /** Counts the conversations of the plan; the same index is the same scenario, input and seed at every target. */
  readonly index: number;
  /** From 0: which of its conversation's prompts. */
  readonly prompt: number;
  /** When the arrival process wanted it; equals startedAtMs in closed arrivals and in prompts that follow another. */
  readonly dueAtMs: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** From when it was due to the first piece of the model's answer, waits included; null where none came. */
  readonly firstTokenMs: number | null;
  /** Mean time between two pieces of its text, as in the histograms; null where there were fewer than two in a turn. */
  readonly betweenTokensMs: number | null;
  readonly turns: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
  /** US dollars of what is known; null where nothing is. */
  readonly usd: number | null;
  readonly unpricedTurns: number;
  readonly gateWaitMs: number;
  readonly threadWaitMs: number;
  readonly retries: number;
  readonly rateLimited: number;
  readonly stopReason: string;
  /** An error's class (a model error's kind, an error's code, or the stop reason); null when it ended as it should. */
  readonly error: string | null;
  /** Of its conversation, on the last prompt; null: it has no check, or was not checked. */
  readonly passed: boolean | null;
  /** Why the check failed. */
  readonly checkMessage: string | null;
}

export interface TimelineSample {
  readonly atMs: number;
  /** Prompts that have started and not ended. */
  readonly running: number;
  readonly waitingGate: number;
  readonly waitingThread: number;
  readonly waitingModel: number;
  readonly threads: number;
  readonly sessions: number;
  /** Measured prompts ended in the second before. */
  readonly ended: number;
  /** Of these. */
  readonly outputTokens: number;
  readonly rssBytes: number;
  /** CPU time of this process in the second before, all threads, as a share of one core. */
  readonly cpu: number;
  /** p99 of the main thread's event-loop delay in the second before. */
  readonly eventLoopDelayMs: number;
}
