import { describe, expect, it } from 'vitest';
import { marksOf, type RunFacts, type TargetFacts } from '../../src/bench/marks.ts';
import { measure, newTurnTimes } from '../../src/bench/measures.ts';
import { readPlan } from '../../src/bench/parse-plan.ts';
import type { PromptSample } from '../../src/bench/result.ts';

const SAMPLE: PromptSample = {
  target: 'x:a',
  scenario: 'prompt',
  index: 0,
  prompt: 0,
  dueAtMs: 0,
  startedAtMs: 0,
  endedAtMs: 10,
  firstTokenMs: 5,
  betweenTokensMs: 10,
  turns: 1,
  inputTokens: 1,
  outputTokens: 1,
  cachedTokens: 0,
  usd: 0,
  unpricedTurns: 0,
  gateWaitMs: 0,
  threadWaitMs: 0,
  retries: 0,
  rateLimited: 0,
  stopReason: 'end',
  error: null,
  passed: null,
  checkMessage: null,
};

/** A target with so many prompts, each as `of` says. */
function target(
  count: number,
  of: (index: number) => Partial<PromptSample> = () => ({}),
  facts: Partial<TargetFacts> = {},
): TargetFacts {
  const samples = Array.from({ length: count }, (_, index) => ({ ...SAMPLE, index, ...of(index) }));
  const measures = measure(samples, newTurnTimes(), 1000);
  const scenarios = [{ name: 'prompt', measures }];
  return {
    result: { name: 'x:a', model: 'x:a', startedAtMs: 0, durationMs: 1000, measures, scenarios },
    dispatched: { heldBack: 0 },
    delaysMs: samples.map(() => 0),
    gaveUp: null,
    ...facts,
  };
}

function marks(facts: Partial<RunFacts>, arrival: object = { atOnce: 1 }): readonly string[] {
  const check = { reply: 'x' };
  const plan = readPlan(
    { name: 't', targets: ['x:a'], scenarios: [{ prompt: 'Go.', check }], arrival },
    'plan.yaml',
  );
  return marksOf({
    plan,
    targets: [target(100)],
    interrupted: false,
    reachedBudget: null,
    cutOff: 0,
    unchecked: 0,
    time: { jumps: [], standstills: [] },
    ...facts,
  }).map(({ code, message }) => `${code}: ${message}`);
}

describe('the marks of a result', () => {
  it('are none for a clean run', () => {
    expect(marks({})).toEqual([]);
  });

  it('say that few prompts have no tail', () => {
    expect(marks({ targets: [target(99)] })).toEqual([
      'few-samples: x:a: of 99 prompts the 99th percentile is the slowest one or two; take at least 100.',
    ]);
  });

  it('say that all have failed, and of which error', () => {
    expect(marks({ targets: [target(100, () => ({ error: 'timeout' }))] })).toEqual([
      'all-failed: x:a: no prompt came to its end (timeout).',
    ]);
    expect(marks({ targets: [target(10, () => ({ error: 'auth' }), { gaveUp: 'x: HTTP 401.' })] })).toEqual([
      'all-failed: x:a: no prompt came to its end, and no more were sent after the first ones: x: HTTP 401.',
    ]);
  });

  it('say that a check never passed, unless it did at another target', () => {
    const failing = target(100, () => ({ passed: false }));
    const [only] = marks({ targets: [failing, failing] });
    expect(only).toBe(
      'check-never-passed: Scenario prompt: none of 200 conversations passed its check; the check itself may be wrong.',
    );
    const passing = target(100, (index) => ({ passed: index === 7 }));
    expect(marks({ targets: [failing, passing] })).toEqual([]);
  });

  it('say that arrivals were more than could be begun', () => {
    const late = (share: number): readonly TargetFacts[] => [
      target(100, undefined, { delaysMs: Array.from({ length: 100 }, (_, i) => (i < share ? 2000 : 1)) }),
    ];
    const open = { poisson: 100, maxAtOnce: 32 };
    expect(marks({ targets: late(4) }, open)).toEqual([]);
    expect(marks({ targets: late(5) }, open)).toEqual([
      'saturated: x:a: 5 of 100 conversations began more than 50 ms later than they were due, at worst 2.0 s: ' +
        'this machine could not begin them in time. Latencies include these delays; the rate that was asked for was not reached.',
    ]);
    // In a closed loop nothing is due before there is room for it.
    expect(marks({ targets: late(5) })).toEqual([]);
  });

  it('say what an interruption and a budget have cut off', () => {
    expect(marks({ interrupted: true, cutOff: 1, unchecked: 2 })).toEqual([
      'interrupted: The run was interrupted before its end: 1 prompt that had not ended is not counted, and 2 conversations were not checked.',
    ]);
    expect(marks({ interrupted: true })).toEqual(['interrupted: The run was interrupted before its end.']);
    const reachedBudget = { scope: 'pool', what: 'usd', limit: 2, spent: 2.01, action: 'end' } as never;
    expect(marks({ reachedBudget, cutOff: 3 })).toEqual([
      'budget-reached: The budget (2 usd) was reached before the end of the run: 3 prompts that had not ended are not counted.',
    ]);
  });

  it('say that the clock was set, and that nothing ran', () => {
    const [jump, still] = marks({ time: { jumps: [3_600_000, -5000], standstills: [30_000] } });
    expect(jump).toMatch(/^clock-jumped: The wall clock was set by \+1 h 00 m, -5\.0 s during the run/);
    expect(still).toMatch(/^clock-jumped: The process stood still for 30\.0 s/);
  });
});

describe('the figures of a group of prompts', () => {
  const figures = (of: (index: number) => Partial<PromptSample>): ReturnType<typeof measure> =>
    target(10, of).result.measures;

  it('count what a second is over the whole time, and errors by class, the most frequent first', () => {
    const { errors, promptsPerSecond, outputTokensPerSecond } = figures((index) => ({
      outputTokens: 7,
      error: index < 2 ? 'server' : index < 5 ? 'timeout' : null,
    }));
    expect(Object.entries(errors)).toEqual([
      ['timeout', 3],
      ['server', 2],
    ]);
    expect([promptsPerSecond, outputTokensPerSecond]).toEqual([10, 70]);
  });

  it('measure from when a prompt was due, and beside it from when it started', () => {
    const { promptLatencyMs, serviceMs, startDelayMs } = figures(() => ({
      dueAtMs: 100,
      startedAtMs: 400,
      endedAtMs: 500,
    }));
    expect([promptLatencyMs!.max, serviceMs!.max, startDelayMs!.max]).toEqual([400, 100, 300]);
  });

  it('know no cost where nobody told one, and the least where some did', () => {
    expect(figures(() => ({ usd: null, unpricedTurns: 1 })).cost).toEqual({ usd: null, unpricedTurns: 10 });
    expect(figures((index) => (index === 0 ? { usd: 0.1 } : { usd: null, unpricedTurns: 1 })).cost).toEqual({
      usd: 0.1,
      unpricedTurns: 9,
    });
  });
});
