import { roundUsd } from '../money.ts';
import { TimeHistogram } from './histogram.ts';
import type { TurnTimes } from './prompt-watch.ts';
import type { Distribution, Measures, PromptSample } from './result.ts';

export function newTurnTimes(): TurnTimes {
  return {
    turnLatency: new TimeHistogram(),
    firstToken: new TimeHistogram(),
    betweenTokens: new TimeHistogram(),
  };
}

/** All of them together. */
export function addTurnTimes(all: readonly TurnTimes[]): TurnTimes {
  const sum = newTurnTimes();
  for (const times of all) {
    sum.turnLatency.add(times.turnLatency);
    sum.firstToken.add(times.firstToken);
    sum.betweenTokens.add(times.betweenTokens);
  }
  return sum;
}

/**
 * The figures of a group of prompts.
 * @param durationMs  what a second is counted over
 */
export function measure(samples: readonly PromptSample[], times: TurnTimes, durationMs: number): Measures {
  const sum = (of: (sample: PromptSample) => number): number =>
    samples.reduce((total, sample) => total + of(sample), 0);
  const spread = (of: (sample: PromptSample) => number): Distribution | null => {
    const histogram = new TimeHistogram();
    for (const sample of samples) histogram.record(of(sample));
    return histogram.distribution();
  };
  const outputTokens = sum((sample) => sample.outputTokens);
  const perSecond = (count: number): number => (durationMs > 0 ? (count / durationMs) * 1000 : 0);
  return {
    prompts: samples.length,
    errors: countErrors(samples),
    success: countSuccess(samples),
    promptLatencyMs: spread(({ dueAtMs, endedAtMs }) => endedAtMs - dueAtMs),
    serviceMs: spread(({ startedAtMs, endedAtMs }) => endedAtMs - startedAtMs),
    startDelayMs: spread(({ dueAtMs, startedAtMs }) => startedAtMs - dueAtMs),
    turnLatencyMs: times.turnLatency.distribution(),
    firstTokenMs: times.firstToken.distribution(),
    betweenTokensMs: times.betweenTokens.distribution(),
    gateWaitMs: spread((sample) => sample.gateWaitMs),
    threadWaitMs: spread((sample) => sample.threadWaitMs),
    outputTokens,
    inputTokens: sum((sample) => sample.inputTokens),
    cachedTokens: sum((sample) => sample.cachedTokens),
    outputTokensPerSecond: perSecond(outputTokens),
    promptsPerSecond: perSecond(samples.length),
    turns: sum((sample) => sample.turns),
    retries: sum((sample) => sample.retries),
    rateLimited: sum((sample) => sample.rateLimited),
    cost: costOf(samples),
  };
}

function countErrors(samples: readonly PromptSample[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const { error } of samples) {
    if (error !== null) counts.set(error, (counts.get(error) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
}

function countSuccess(samples: readonly PromptSample[]): Measures['success'] {
  const checked = samples.filter(({ passed }) => passed !== null);
  if (checked.length === 0) return null;
  return { passed: checked.filter(({ passed }) => passed).length, checked: checked.length };
}

/** Unknown is never 0. */
function costOf(samples: readonly PromptSample[]): Measures['cost'] {
  const known = samples.flatMap(({ usd }) => (usd === null ? [] : [usd]));
  const unpricedTurns = samples.reduce((total, sample) => total + sample.unpricedTurns, 0);
  const isKnown = known.length > 0 || samples.length === 0;
  return { usd: isKnown ? roundUsd(known.reduce((a, b) => a + b, 0)) : null, unpricedTurns };
}
