import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { measure, newTurnTimes } from '../../src/bench/measures.ts';
import { readPlan } from '../../src/bench/parse-plan.ts';
import type { BenchResult, PromptSample } from '../../src/bench/result.ts';
import { advanceBench, newBenchProgress, viewBenchProgress } from '../../src/cli/bench-progress.ts';
import { viewBench } from '../../src/cli/bench-view.ts';
import { EXIT } from '../../src/cli/exit-code.ts';
import { textWidth } from '../../src/cli/text-width.ts';

const colors = pc.createColors(false);
const PLAN = readPlan(
  {
    name: 'models',
    targets: ['x:a', { name: 'b\u001b[31m', model: 'x:b' }],
    scenarios: [
      { name: 'fix', prompt: 'Fix.' },
      { name: 'talk', prompt: 'Talk.' },
    ],
    count: 50,
  },
  'plan.yaml',
);

const SAMPLE: PromptSample = {
  target: 'x:a',
  scenario: 'fix',
  index: 0,
  prompt: 0,
  dueAtMs: 0,
  startedAtMs: 0,
  endedAtMs: 1200,
  firstTokenMs: 300,
  betweenTokensMs: 10,
  turns: 1,
  inputTokens: 10,
  outputTokens: 100,
  cachedTokens: 0,
  usd: 0.01,
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

const SECOND = {
  atMs: 1000,
  running: 16,
  waitingGate: 0,
  waitingThread: 0,
  waitingModel: 16,
  threads: 4,
  sessions: 16,
  ended: 12,
  outputTokens: 1200,
  rssBytes: 1,
  cpu: 1,
  eventLoopDelayMs: 1,
};

describe('the live view of a benchmark', () => {
  const state = newBenchProgress(PLAN);
  const options = { columns: 80, frame: 0, elapsedMs: 5000, interrupted: false, colors, nowMs: 5000 };
  const lines = (more = {}): string[] => viewBenchProgress(PLAN, state, { ...options, ...more }).split('\n');

  it('shows the warm-up, then how far it is and how each target does', () => {
    expect(lines()).toEqual([
      'models ──────────────────────── 0/100',
      '  warming up · 0 failed · 5.0 s',
      '  x:a 0 ended',
      '  b 0 ended',
    ]);
    advanceBench(state, { type: 'measuring', startedAt: '2026-01-01T00:00:00.000Z' }, 0);
    for (let i = 0; i < 25; i++) advanceBench(state, { type: 'prompt-ended', sample: SAMPLE }, 0);
    advanceBench(state, { type: 'prompt-ended', sample: { ...SAMPLE, error: 'timeout' } }, 0);
    advanceBench(state, { type: 'second', sample: SECOND }, 0);
    advanceBench(state, { type: 'target-given-up', target: 'b\u001b[31m', message: 'x' }, 0);
    expect(lines()).toEqual([
      'models ━━━━━━────────────────── 26/100',
      '  measuring · 16 running · 12 prompts/s · 1,200 tokens/s · 1 failed · 5.0 s',
      '  x:a 26 ended · p50 1.2 s · p99 1.2 s · 1 failed',
      '  b given up: every prompt failed',
    ]);
    advanceBench(state, { type: 'checking', count: 4 }, 0);
    const checked = { target: 'x:a', scenario: 'fix', index: 0, passed: true, message: null };
    advanceBench(state, { type: 'checked', ...checked }, 0);
    expect(lines({ interrupted: true })).toEqual([
      'models ━━━━━━────────────────── 1/4 checked',
      expect.stringContaining('checking · '),
      expect.anything(),
      expect.anything(),
      '  ending: Ctrl-C again exits at once',
    ]);
  });

  it.each([20, 30, 40, 60, 100])('is never wider than a screen of %i columns', (columns) => {
    for (const line of lines({ columns, interrupted: true }))
      expect(textWidth(line)).toBeLessThanOrEqual(columns);
  });
});

describe('what is told when a benchmark has ended', () => {
  const measures = (samples: readonly PromptSample[]): ReturnType<typeof measure> =>
    measure(samples, newTurnTimes(), 10_000);
  const both = [SAMPLE, { ...SAMPLE, scenario: 'talk', error: 'timeout', passed: false, endedAtMs: 60_000 }];
  const result: BenchResult = {
    format: 'skein-bench/1',
    startedAt: '2026-01-01T00:00:00.000Z',
    durationMs: 10_000,
    marks: [{ code: 'saturated', message: 'x:a: 5 of 100 were late.', target: 'x:a' }],
    skein: '0',
    node: 'v20',
    machine: { platform: 'linux x64', cpu: 'c', cpuCount: 2, memoryBytes: 1, loadBefore: 0 },
    seed: 1,
    plan: PLAN,
    planHash: '0',
    targets: [
      {
        name: 'x:a',
        model: 'x:a',
        startedAtMs: 0,
        durationMs: 10_000,
        measures: measures(both),
        scenarios: both.map((sample) => ({ name: sample.scenario, measures: measures([sample]) })),
      },
    ],
    overall: measures(both),
    resources: {
      cpuMs: 5000,
      maxRssBytes: 100 * 2 ** 20,
      eventLoopDelayMs: null,
      maxThreads: 4,
      maxSessions: 9,
    },
    prompts: both,
    timeline: [],
  };
  const view = (columns: number): string[] =>
    viewBench(result, {
      exitCode: EXIT.done,
      terminal: { json: false, live: false, watched: false, out: colors, err: colors, columns },
      scripted: true,
      files: [{ what: 'result', path: '/out/result.json' }],
    }).split('\n');

  it('is a table of targets and scenarios, what failed, the marks and where the result is', () => {
    expect(view(100)).toEqual([
      'target  prompts  failed  passed       p50       p90       p99  1st token  tokens/s   cost       max',
      'x:a           2       1     0/1     1.2 s  1 m 00 s  1 m 00 s          –        20  $0.02  1 m 00 s',
      '  fix         1       0       –     1.2 s     1.2 s     1.2 s          –        10  $0.01     1.2 s',
      '  talk        1       1     0/1  1 m 00 s  1 m 00 s  1 m 00 s          –        10  $0.01  1 m 00 s',
      '',
      'x:a failed: 1 timeout',
      '',
      '! saturated x:a: 5 of 100 were late.',
      '',
      '✔ 2 prompts in 10.0 s · 20 tokens/s · skein itself: 0.50 cores, 100 MiB',
      '  A scripted model answered: no language model was used.',
      '  result /out/result.json',
      '',
    ]);
  });

  it('has as many columns as the screen has room for', () => {
    expect(view(40)[0]).toBe('target  prompts  failed  passed');
    for (const line of view(60).slice(0, 4)) expect(textWidth(line)).toBeLessThanOrEqual(60);
  });
});
