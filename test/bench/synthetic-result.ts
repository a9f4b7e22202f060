import { measure, addTurnTimes, newTurnTimes } from '../../src/bench/measures.ts';
import { readPlan } from '../../src/bench/parse-plan.ts';
import type { BenchResult, PromptSample, TimelineSample } from '../../src/bench/result.ts';
import { seededRandom } from '../../src/model/scripted/seeded.ts';

/** How a made-up target behaves. Latencies are lognormal. */
export interface SyntheticTarget {
  readonly name: string;
  readonly latencyMs?: number;
  readonly passes?: number;
  readonly fails?: number;
  readonly usd?: number | null;
  /** How much a prompt's latency takes of the one before, 0 to 1. */
  readonly follows?: number;
}

export interface SyntheticOptions {
  readonly targets?: readonly SyntheticTarget[];
  /** Of each target. */
  readonly conversations?: number;
  readonly promptsEach?: number;
  /** Of the plan: the same one gives the same conversations. */
  readonly planSeed?: number;
  /** Of the chance that two runs of one plan have. */
  readonly chance: number;
  readonly plan?: Readonly<Record<string, unknown>>;
}

const EVERY_MS = 80;

/** A result as `skein bench` writes it, of prompts that never ran: what there is in it is known. */
export function syntheticResult(options: SyntheticOptions): BenchResult {
  const { targets = [{ name: 'small' }], conversations = 100, promptsEach = 1, planSeed = 1 } = options;
  const plan = readPlan(
    {
      name: 'synthetic',
      targets: targets.map(({ name }) => ({ name, model: 'x:model' })),
      scenarios: [
        { name: 'easy', prompt: 'Do it.' },
        { name: 'hard', prompt: 'Do more.' },
      ],
      arrival: { atOnce: 8 },
      count: conversations,
      seed: planSeed,
      ...options.plan,
    },
    'plan.yaml',
  );
  const times = targets.map(() => newTurnTimes());
  const prompts = targets.flatMap((target, i) =>
    promptsOf(target, conversations, promptsEach, planSeed, options.chance + 7919 * i, times[i]!),
  );
  prompts.sort((a, b) => a.startedAtMs - b.startedAtMs);
  const durationMs = prompts.reduce((most, { endedAtMs }) => Math.max(most, endedAtMs), 0);
  return {
    format: 'skein-bench/1',
    startedAt: '2026-01-02T03:04:05.678Z',
    durationMs,
    marks: [],
    skein: '0.1.0',
    node: 'v20.19.0',
    machine: { platform: 'linux x64', cpu: 'A CPU', cpuCount: 2, memoryBytes: 8e9, loadBefore: 0.31 },
    seed: planSeed,
    plan,
    planHash: JSON.stringify([plan.arrival, plan.extent]),
    targets: targets.map(({ name }, i) => {
      const own = prompts.filter(({ target }) => target === name);
      return {
        name,
        model: 'x:model',
        startedAtMs: 0,
        durationMs,
        measures: measure(own, times[i]!, durationMs),
        scenarios: ['easy', 'hard'].map((scenario) => ({
          name: scenario,
          measures: measure(
            own.filter((prompt) => prompt.scenario === scenario),
            times[i]!,
            durationMs,
          ),
        })),
      };
    }),
    overall: measure(prompts, addTurnTimes(times), durationMs),
    resources: {
      cpuMs: durationMs * 0.7,
      maxRssBytes: 400e6,
      eventLoopDelayMs: null,
      maxThreads: 4,
      maxSessions: 40,
    },
    prompts,
    timeline: timelineOf(prompts, durationMs),
  };
}

function promptsOf(
  target: SyntheticTarget,
  conversations: number,
  promptsEach: number,
  planSeed: number,
  chance: number,
  times: ReturnType<typeof newTurnTimes>,
): PromptSample[] {
  const { name, latencyMs = 1200, passes = 0.8, fails = 0.02, usd = 0.004, follows = 0 } = target;
  const random = seededRandom(chance);
  let noise = normal(random);
  return Array.from({ length: conversations }, (_, index) => {
    // What a conversation is, it is in each run of the plan.
    const planned = seededRandom(planSeed * 104_729 + index);
    const size = 0.4 * normal(planned);
    return Array.from({ length: promptsEach }, (__, prompt): PromptSample => {
      noise = follows * noise + Math.sqrt(1 - follows ** 2) * normal(random);
      const dueAtMs = index * EVERY_MS + prompt * 10;
      const latency = latencyMs * Math.exp(0.35 * noise + size);
      const betweenTokensMs = 12 * Math.exp(0.3 * normal(random));
      const isError = random() < fails;
      const isLast = prompt === promptsEach - 1;
      const passed = isLast && !isError ? random() < passes : null;
      times.turnLatency.record(latency * 0.9);
      times.firstToken.record(latency * 0.25);
      for (let i = 0; i < 10; i++) times.betweenTokens.record(betweenTokensMs * (0.5 + random()));
      return {
        target: name,
        scenario: index % 3 === 0 ? 'hard' : 'easy',
        index,
        prompt,
        dueAtMs,
        startedAtMs: dueAtMs,
        endedAtMs: dueAtMs + latency,
        firstTokenMs: isError ? null : latency * 0.25,
        betweenTokensMs: isError ? null : betweenTokensMs,
        turns: 2,
        inputTokens: 900,
        outputTokens: 40 + Math.round(60 * random()),
        cachedTokens: 300,
        usd: usd === null ? null : usd * (0.5 + random()),
        unpricedTurns: usd === null ? 2 : 0,
        gateWaitMs: 3 * random(),
        threadWaitMs: random(),
        retries: 0,
        rateLimited: 0,
        stopReason: isError ? 'error' : 'end-turn',
        error: isError ? 'overloaded' : null,
        passed,
        checkMessage: passed === false ? 'answer.txt does not have "42"' : null,
      };
    });
  }).flat();
}

function timelineOf(prompts: readonly PromptSample[], durationMs: number): readonly TimelineSample[] {
  return Array.from({ length: Math.ceil(durationMs / 1000) }, (_, i): TimelineSample => {
    const atMs = (i + 1) * 1000;
    const ended = prompts.filter(({ endedAtMs }) => endedAtMs > atMs - 1000 && endedAtMs <= atMs);
    const running = prompts.filter(
      ({ startedAtMs, endedAtMs }) => startedAtMs <= atMs && endedAtMs > atMs,
    ).length;
    return {
      atMs,
      running,
      waitingGate: Math.round(running * 0.1),
      waitingThread: i % 3,
      waitingModel: Math.round(running * 0.8),
      threads: 4,
      sessions: running + 2,
      ended: ended.length,
      outputTokens: ended.reduce((sum, { outputTokens }) => sum + outputTokens, 0),
      rssBytes: 250e6 + 1e6 * Math.sqrt(i) * 10,
      cpu: 0.6 + 0.2 * Math.sin(i / 4),
      eventLoopDelayMs: 2 + (i % 7),
    };
  });
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
