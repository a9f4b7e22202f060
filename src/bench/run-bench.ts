import { availableParallelism } from 'node:os';
import { setMaxListeners } from 'node:events';
import { systemClock, type Clock } from '../clock.ts';
import { priceOf, type PriceTable } from '../gate/prices.ts';
import type { ProviderOptions } from '../model/model.ts';
import type { PoolOptions } from '../pool/options.ts';
import type { PoolEvent } from '../pool/pool-event.ts';
import { SessionPool } from '../pool/pool.ts';
import { version } from '../version.ts';
import type { BenchEvent } from './bench-event.ts';
import { dispatch, type Dispatched } from './dispatch.ts';
import { thisMachine } from './machine.ts';
import { marksOf } from './marks.ts';
import { addTurnTimes, measure } from './measures.ts';
import { Meter, type Reading } from './meter.ts';
import { planHash } from './plan-hash.ts';
import type { BenchPlan } from './plan.ts';
import type { PromptWatch } from './prompt-watch.ts';
import type { BenchResources, BenchResult, BenchSimulation, TargetResult, TimelineSample } from './result.ts';
import { checkByCommand } from './run-check.ts';
import { scenarioHash, scenarioImage } from './scenario-files.ts';
import { TargetRun, type RunContext } from './target-run.ts';
import { targetModels } from './targets.ts';

export interface BenchOptions {
  readonly plan: BenchPlan;
  /** As the pool takes them. */
  readonly providers?: Readonly<Record<string, ProviderOptions>>;
  /** Where the provider of a target is, by the target's name: what was started for this run. It is not in the result. */
  readonly baseURLs?: ReadonlyMap<string, string>;
  readonly prices?: PriceTable;
  /** Who answers instead, at all of `providers` and `baseURLs`; undefined where the targets are asked themselves. */
  readonly simulated?: BenchSimulation | undefined;
  /** Begins nothing more and cancels what runs; what has ended until then is in the result. */
  readonly signal?: AbortSignal;
  /** Must not throw. */
  readonly onEvent?: (event: BenchEvent) => void;
  /** Of arrivals and measurements; what runs in the pool keeps real time. */
  readonly clock?: Clock;
}

/**
 * Runs a plan and measures it: all targets on one pool, so that they are served by the same process, in the same state.
 * @throws what `pool.start` throws, before anything is run, when no session of a target and scenario could start
 *   (`unknown_provider`, `missing_key`, `unknown_preset`, …); `invalid_plan` for a directory of skills that is not there
 */
export async function runBench(options: BenchOptions): Promise<BenchResult> {
  const { plan, clock = systemClock, onEvent = () => undefined } = options;
  const signal = options.signal ?? new AbortController().signal;
  // One listener a running prompt is no leak.
  setMaxListeners(0, signal);
  const machine = thisMachine();
  const images = await Promise.all(plan.scenarios.map(scenarioImage));
  const hashes = await Promise.all(plan.scenarios.map((scenario, i) => scenarioHash(scenario, images[i]!)));
  const { providers, models } = targetModels(
    plan.targets.map((target) => ({
      ...target,
      baseURL: options.baseURLs?.get(target.name) ?? target.baseURL,
    })),
    options.providers ?? {},
  );
  const watches = new Map<string, PromptWatch>();
  await using pool = await SessionPool.open(
    poolOptions({ ...options, providers, prices: pricesOf(plan, models, options.prices ?? {}) }, (event) => {
      if (!('sessionId' in event)) return;
      watches.get(event.sessionId)?.hear(event, clock.now());
    }),
  );
  const timeline: TimelineSample[] = [];
  let meter: Meter | undefined;
  let measuredFrom: { readonly ms: number; readonly at: Date } | undefined;
  let isOverBudget = false;
  const runs: TargetRun[] = [];
  const endAll = (): void => runs.forEach((run) => run.end());
  const context: RunContext = {
    plan,
    pool,
    clock,
    images,
    watches,
    signal,
    onEvent,
    measureFrom(dueMs) {
      if (measuredFrom) return measuredFrom.ms;
      const at = new Date(clock.epochMs() - (clock.now() - dueMs));
      measuredFrom = { ms: dueMs, at };
      onEvent({ type: 'measuring', startedAt: at.toISOString() });
      meter = new Meter({
        clock,
        startMs: dueMs,
        read: () => readingOf(pool, runs),
        onSample(sample) {
          timeline.push(sample);
          onEvent({ type: 'second', sample });
        },
      });
      return dueMs;
    },
    onBudget() {
      isOverBudget = true;
      endAll();
    },
  };
  runs.push(...plan.targets.map((target, i) => new TargetRun(target, i, models[i]!, context)));
  for (const run of runs) await run.assertStartable();

  let dispatched: readonly Dispatched[];
  let resources = NO_RESOURCES;
  signal.addEventListener('abort', endAll);
  if (signal.aborted) endAll();
  try {
    dispatched = await runAll(runs, context);
    resources = meter?.end() ?? NO_RESOURCES;
  } finally {
    signal.removeEventListener('abort', endAll);
    meter?.[Symbol.dispose]();
  }
  await runCommands(runs, context);

  const samples = runs.flatMap((run) => run.samples).sort((a, b) => a.startedAtMs - b.startedAtMs);
  const durationMs = spanOf(samples).durationMs;
  const targets = runs.map((run) => targetResult(run));
  const marks = marksOf({
    plan,
    targets: runs.map((run, i) => ({
      result: targets[i]!,
      dispatched: dispatched[i]!,
      delaysMs: run.delaysMs,
      gaveUp: run.gaveUp,
    })),
    interrupted: signal.aborted,
    reachedBudget: isOverBudget ? pool.budgetStatus().reached : null,
    cutOff: runs.reduce((sum, run) => sum + run.cutOff, 0),
    unchecked: runs.reduce((sum, run) => sum + run.unchecked, 0),
    simulated: options.simulated,
    time: meter?.trouble ?? { jumps: [], standstills: [] },
  });
  for (const mark of marks) onEvent({ type: 'marked', mark });
  const result: BenchResult = {
    format: 'skein-bench/1',
    startedAt: (measuredFrom?.at ?? new Date(clock.epochMs())).toISOString(),
    durationMs,
    marks,
    skein: version(),
    node: process.version,
    machine,
    seed: plan.seed,
    plan: withoutCredentials(plan),
    ...(options.simulated && { simulated: options.simulated }),
    planHash: planHash(plan, hashes, options.simulated),
    targets,
    overall: measure(samples, addTurnTimes(runs.map((run) => run.turnTimes)), durationMs),
    resources,
    prompts: samples,
    timeline,
  };
  onEvent({ type: 'bench-ended', result });
  return result;
}

/** A target whose provider has another name in the pool costs what it costs under its own. */
function pricesOf({ targets }: BenchPlan, models: readonly string[], prices: PriceTable): PriceTable {
  const renamed = targets.flatMap((target, i) => {
    const price = models[i] === target.model ? undefined : priceOf(prices, target.model);
    return price ? [[models[i]!, price] as const] : [];
  });
  return { ...Object.fromEntries(renamed), ...prices };
}

function poolOptions(
  { plan, providers = {}, prices = {} }: BenchOptions,
  onEvent: (event: PoolEvent) => void,
): PoolOptions {
  const { isolation, threads, modelThreads, attempts } = plan.pool;
  return {
    providers,
    prices,
    isolation,
    onEvent,
    ...(threads === null ? {} : { threads: { max: threads } }),
    models: {
      ...(modelThreads === null ? {} : { threads: modelThreads }),
      ...(attempts === null ? {} : { maxAttempts: attempts }),
    },
    ...(plan.budget === null ? {} : { budget: plan.budget }),
  };
}

/** In the order that the plan wants. @returns in the order of the targets */
async function runAll(
  runs: readonly TargetRun[],
  { plan, clock }: RunContext,
): Promise<readonly Dispatched[]> {
  const runOne = (run: TargetRun, startMs: number): Promise<Dispatched> =>
    dispatch({ plan, clock, startMs, stop: run.stop, hold: (index, dueMs) => run.hold(index, dueMs) });
  const startMs = clock.now();
  if (plan.order === 'together') return Promise.all(runs.map((run) => runOne(run, startMs)));
  const dispatched: Dispatched[] = [];
  for (const run of runs) dispatched.push(await runOne(run, clock.now()));
  return dispatched;
}

/** After everything else, so that no figure is disturbed by them. */
async function runCommands(runs: readonly TargetRun[], { signal, onEvent }: RunContext): Promise<void> {
  const pending = runs.flatMap((run) => run.pending.map((check) => ({ run, ...check })));
  if (pending.length === 0 || signal.aborted) return;
  onEvent({ type: 'checking', count: pending.length });
  const queue = pending.values();
  const worker = async (): Promise<void> => {
    for (const { run, conversation, outcome } of queue) {
      try {
        run.checked(conversation, await checkByCommand(conversation.scenario.check!, outcome, signal));
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}

/** A result is shown to others; an address may hold a password. */
function withoutCredentials(plan: BenchPlan): BenchPlan {
  const targets = plan.targets.map((target) => {
    if (target.baseURL === null) return target;
    const url = new URL(target.baseURL);
    if (url.username === '' && url.password === '') return target;
    url.username = url.password = '';
    return { ...target, baseURL: url.href };
  });
  return { ...plan, targets };
}

function readingOf(pool: SessionPool, runs: readonly TargetRun[]): Reading {
  const { sessions, threads, waitingSteps, gate } = pool.stats();
  const { parked: _, ...byState } = sessions;
  const samples = runs.flatMap((run) => run.samples);
  return {
    running: runs.reduce((sum, run) => sum + run.running, 0),
    waitingGate: gate.reduce((sum, { waiting }) => sum + waiting.interactive + waiting.batch, 0),
    waitingThread: waitingSteps,
    waitingModel: gate.reduce((sum, { inFlight }) => sum + inFlight, 0),
    threads: threads.running,
    sessions: Object.values(byState).reduce((a, b) => a + b, 0),
    ended: samples.length,
    outputTokens: samples.reduce((sum, { outputTokens }) => sum + outputTokens, 0),
  };
}

function targetResult(run: TargetRun): TargetResult {
  const { name, model } = run.target;
  const span = spanOf(run.samples);
  return { name, model, ...span, ...run.measures(span.durationMs) };
}

/** From when the first prompt was due to the end of the last one. */
function spanOf(samples: TargetRun['samples']): Pick<TargetResult, 'startedAtMs' | 'durationMs'> {
  if (samples.length === 0) return { startedAtMs: 0, durationMs: 0 };
  const startedAtMs = samples.reduce((least, { dueAtMs }) => Math.min(least, dueAtMs), Infinity);
  const endedAtMs = samples.reduce((most, sample) => Math.max(most, sample.endedAtMs), 0);
  return { startedAtMs, durationMs: endedAtMs - startedAtMs };
}

const NO_RESOURCES: BenchResources = {
  cpuMs: 0,
  maxRssBytes: 0,
  eventLoopDelayMs: null,
  maxThreads: 0,
  maxSessions: 0,
};
