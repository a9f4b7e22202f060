import { afterEach, describe, expect, it } from 'vitest';
import type { BenchEvent } from '../../src/bench/bench-event.ts';
import { readPlan } from '../../src/bench/parse-plan.ts';
import type { BenchResult } from '../../src/bench/result.ts';
import { runBench, type BenchOptions } from '../../src/bench/run-bench.ts';
import { startScriptedModel, type ScriptedModelServer } from '../../src/model/scripted/server.ts';
import type { ScriptedModelScript } from '../../src/model/scripted/script.ts';

let servers: ScriptedModelServer[] = [];
afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()));
  servers = [];
});

/** Runs a plan against a scripted model, which is the provider `x`. */
async function bench(
  script: ScriptedModelScript,
  plan: Readonly<Record<string, unknown>>,
  options: Omit<BenchOptions, 'plan' | 'providers'> = {},
): Promise<{ readonly result: BenchResult; readonly events: readonly BenchEvent[] }> {
  const server = await startScriptedModel(script);
  servers.push(server);
  const events: BenchEvent[] = [];
  const result = await runBench({
    ...options,
    plan: readPlan({ name: 'test', targets: ['x:a'], ...plan }, 'plan.yaml'),
    providers: { x: { baseURL: server.baseURL } },
    onEvent(event) {
      events.push(event);
      options.onEvent?.(event);
    },
  });
  return { result, events };
}

const codes = ({ marks }: BenchResult): readonly string[] => marks.map(({ code }) => code);

const WRITE: ScriptedModelScript = {
  rules: [
    {
      match: { turn: 0 },
      answer: {
        text: 'Writing now.',
        calls: [{ name: 'write', arguments: { path: 'a.txt', content: 'hello' } }],
      },
    },
    { answer: { text: 'It is done.', usage: { input: 100, output: 7, cached: 40, cost: 0.001 } } },
  ],
};

describe('a benchmark', () => {
  it('measures every prompt of every target, and gives each target the same conversations', async () => {
    const { result, events } = await bench(WRITE, {
      targets: ['x:a', { name: 'second', model: 'x:b', system: 'Be brief.' }],
      scenarios: [
        { name: 'one', weight: 2, prompt: 'Write {{what}}.', inputs: [{ what: 'this' }, { what: 'that' }] },
        { name: 'two', prompts: ['Write.', 'Again.'] },
      ],
      arrival: { atOnce: 4 },
      warmUp: { count: 2 },
      count: 20,
      seed: 5,
    });
    const [a, b] = result.targets;
    expect([a!.name, b!.name]).toEqual(['x:a', 'second']);
    const of = (name: string): string[] =>
      result.prompts
        .filter(({ target }) => target === name)
        .map(({ index, prompt, scenario }) => `${index} ${prompt} ${scenario}`)
        .sort();
    expect(of('x:a')).toEqual(of('second'));
    expect(new Set(result.prompts.map(({ index }) => index)).size).toBe(20);
    expect(result.prompts.every(({ error, stopReason }) => error === null && stopReason === 'end')).toBe(
      true,
    );
    const two = result.prompts.filter(({ scenario }) => scenario === 'two').length;
    expect(result.prompts.length).toBe(40 + two / 2);
    expect(a!.scenarios.map(({ name, measures }) => [name, measures.prompts])).toEqual([
      ['one', a!.measures.prompts - two / 2],
      ['two', two / 2],
    ]);
    expect(result.overall.prompts).toBe(result.prompts.length);
    // Warm-up: told, and not measured.
    expect(events.filter(({ type }) => type === 'warmed-up').length).toBeGreaterThanOrEqual(4);
    expect(result.prompts.every(({ index }) => index >= 0)).toBe(true);
  });

  it('adds up turns, tokens and costs', async () => {
    const { result } = await bench(WRITE, {
      scenarios: [{ prompt: 'Go.' }],
      arrival: { atOnce: 2 },
      count: 5,
    });
    const { measures } = result.targets[0]!;
    expect(measures).toMatchObject({
      prompts: 5,
      errors: {},
      success: null,
      turns: 10,
      retries: 0,
      rateLimited: 0,
      cachedTokens: 200,
      cost: { usd: 0.005, unpricedTurns: 5 },
    });
    expect(measures.turnLatencyMs!.count).toBe(10);
    expect(measures.firstTokenMs!.count).toBe(10);
    expect(measures.promptLatencyMs!.count).toBe(5);
    expect(result.prompts.map(({ turns, usd }) => [turns, usd])).toEqual(
      Array.from({ length: 5 }, () => [2, 0.001]),
    );
    expect(result.prompts.every((sample) => sample.firstTokenMs! <= sample.endedAtMs - sample.dueAtMs)).toBe(
      true,
    );
  });

  it('says what it was run with', async () => {
    const { result } = await bench(WRITE, { scenarios: [{ prompt: 'Go.' }], count: 1, seed: 9 });
    expect(result).toMatchObject({ format: 'skein-bench/1', node: process.version, seed: 9 });
    expect(result.plan.extent).toEqual({ count: 1 });
    expect(result.machine.cpuCount).toBeGreaterThan(0);
    expect(result.resources.cpuMs).toBeGreaterThan(0);
    expect(result.resources.maxRssBytes).toBeGreaterThan(0);
    expect(result.timeline.length).toBeGreaterThan(0);
    expect(result.timeline.reduce((sum, { ended }) => sum + ended, 0)).toBe(1);
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  });

  it('runs targets in turn, where the plan wants that', async () => {
    const { result } = await bench(WRITE, {
      targets: ['x:a', 'x:b'],
      order: 'in-turn',
      scenarios: [{ prompt: 'Go.' }],
      count: 4,
    });
    const [a, b] = result.targets;
    expect(b!.startedAtMs).toBeGreaterThanOrEqual(a!.startedAtMs + a!.durationMs);
  });

  it('gives open arrivals of two targets the same timetable', async () => {
    const { result } = await bench(WRITE, {
      targets: ['x:a', 'x:b'],
      scenarios: [{ prompt: 'Go.' }],
      arrival: { poisson: 200 },
      count: 10,
    });
    const due = (name: string): number[] =>
      result.prompts.filter(({ target }) => target === name).map(({ dueAtMs }) => dueAtMs);
    expect(due('x:a').length).toBe(10);
    expect(due('x:a')).toEqual(due('x:b'));
  });
});

describe('the hash of a plan', () => {
  const hash = async (plan: Readonly<Record<string, unknown>>): Promise<string> => {
    const { result } = await bench(WRITE, { scenarios: [{ prompt: 'Go.' }], count: 1, ...plan });
    return result.planHash;
  };

  it('is that of what has to be the same for a comparison', async () => {
    const one = await hash({});
    expect(await hash({ targets: ['x:b'], seed: 3, name: 'other' })).toBe(one);
    expect(await hash({ scenarios: [{ prompt: 'Go on.' }] })).not.toBe(one);
    expect(await hash({ arrival: { atOnce: 1 } })).not.toBe(one);
    expect(await hash({ count: 2 })).not.toBe(one);
    expect(await hash({ scenarios: [{ prompt: 'Go.', files: { a: '1' } }] })).not.toBe(
      await hash({ scenarios: [{ prompt: 'Go.', files: { a: '2' } }] }),
    );
  });
});

describe('open arrivals that a slow answer holds back', () => {
  it('are measured from when they were due: what a stall does to those behind it is in the figures', async () => {
    const stallMs = 600;
    const script: ScriptedModelScript = {
      rules: [
        { match: { user: '^Go 3$' }, answer: { text: 'Late.', delay: { firstMs: stallMs } } },
        { answer: { text: 'Done.' } },
      ],
    };
    const { result } = await bench(script, {
      scenarios: [{ prompt: 'Go {{index}}' }],
      // One at a time, as a single client would send them.
      arrival: { burst: { size: 1, everyMs: 5 }, maxAtOnce: 1 },
      count: 20,
    });
    const { promptLatencyMs, serviceMs } = result.targets[0]!.measures;
    // All those behind it were due when it began or soon after it: most of the stall is theirs, too.
    const behind = result.prompts.filter(({ index }) => index > 3);
    for (const { dueAtMs, startedAtMs, endedAtMs } of behind) {
      expect(endedAtMs - dueAtMs).toBeGreaterThanOrEqual(stallMs - 5 * 20);
      expect(startedAtMs - dueAtMs).toBeGreaterThanOrEqual(stallMs - 5 * 20);
    }
    expect(promptLatencyMs!.p50).toBeGreaterThanOrEqual(stallMs - 5 * 20);
    // Without the correction only one of twenty shows it.
    expect(serviceMs!.max).toBeGreaterThanOrEqual(stallMs);
    expect(serviceMs!.p50).toBeLessThan(promptLatencyMs!.p50);
    expect(codes(result)).toContain('saturated');
    const { message } = result.marks.find(({ code }) => code === 'saturated')!;
    expect(message).toMatch(
      /\d+ of 20 conversations began more than 50 ms later .*maxAtOnce \(1\) were running/,
    );
  });
});

describe('what goes wrong', () => {
  it('is counted by its class, and retries and rate limits with it', async () => {
    const { result } = await bench(
      {
        rules: [
          { match: { user: '^0$' }, fault: { status: 400 } },
          // The last one: what a rejection teaches of limits would hold others up for a minute.
          { match: { user: '^3$' }, times: 1, fault: { status: 429, retryAfter: 1 } },
          { match: { user: '^2$' }, answer: { text: '', calls: [{ name: 'list', arguments: {} }] } },
          { answer: { text: 'Done.' } },
        ],
      },
      {
        scenarios: [{ prompt: '{{index}}', maxTurns: 1 }],
        count: 4,
        arrival: { atOnce: 1 },
      },
    );
    expect(result.overall.errors).toEqual({ 'invalid-request': 1, 'max-turns': 1 });
    expect(result.overall).toMatchObject({ retries: 1, rateLimited: 1 });
    expect(result.prompts.map(({ error }) => error)).toEqual(['invalid-request', null, 'max-turns', null]);
  });

  it('ends a target of which every call fails early, and no other', async () => {
    const { result, events } = await bench(
      { rules: [{ match: { model: 'bad' }, fault: { status: 401 } }, { answer: { text: 'Done.' } }] },
      {
        targets: ['x:bad', 'x:good'],
        scenarios: [{ prompt: 'Go.' }],
        arrival: { atOnce: 2 },
        count: 100,
      },
    );
    const [bad, good] = result.targets;
    expect(bad!.measures.prompts).toBeGreaterThanOrEqual(10);
    expect(bad!.measures.prompts).toBeLessThanOrEqual(12);
    expect(good!.measures.prompts).toBe(100);
    const mark = result.marks.find(({ code }) => code === 'all-failed')!;
    expect(mark.target).toBe('x:bad');
    expect(mark.message).toContain('no more were sent after the first ones');
    expect(events.filter(({ type }) => type === 'target-given-up')).toHaveLength(1);
    expect(codes(result)).toEqual(['all-failed']);
  });

  it('is refused before anything is run where no conversation could start', async () => {
    const failing = bench(WRITE, { targets: ['nobody:a'], scenarios: [{ prompt: 'Go.' }] });
    await expect(failing).rejects.toMatchObject({ code: 'unknown_provider' });
    const skills = bench(WRITE, { scenarios: [{ prompt: 'Go.', skills: './not-there' }] });
    await expect(skills).rejects.toMatchObject({ code: 'invalid_plan' });
  });

  it('ends the run when the budget is reached, and marks it', async () => {
    const { result } = await bench(WRITE, {
      scenarios: [{ prompt: 'Go.' }],
      arrival: { atOnce: 1 },
      count: 100,
      budget: { turns: 7 },
    });
    expect(codes(result)).toContain('budget-reached');
    expect(result.overall.prompts).toBe(3);
    expect(result.overall.errors).toEqual({});
    expect(result.marks[0]!.message).toBe(
      'The budget (7 turns) was reached before the end of the run: 1 prompt that had not ended is not counted.',
    );
  });

  it('keeps what was measured until it is interrupted, and marks it', async () => {
    const controller = new AbortController();
    let ended = 0;
    const { result } = await bench(
      {
        rules: [
          { match: { user: '^[0-4]$' }, answer: { text: 'Done.' } },
          { answer: { text: 'Never.', delay: { firstMs: 600_000 } } },
        ],
      },
      { scenarios: [{ prompt: '{{index}}' }], arrival: { atOnce: 2 }, count: 100 },
      {
        signal: controller.signal,
        onEvent(event) {
          if (event.type === 'prompt-ended') ended += 1;
          // All that will ever end has ended, and two have begun that never will.
          if (event.type === 'second' && ended === 5 && event.sample.running === 2) controller.abort();
        },
      },
    );
    expect(codes(result)).toEqual(['interrupted', 'few-samples']);
    expect(
      result.prompts.map(({ index, error }) => [index, error]).sort(([a], [b]) => Number(a) - Number(b)),
    ).toEqual([0, 1, 2, 3, 4].map((i) => [i, null]));
    expect(result.marks[0]!.message).toContain('2 prompts that had not ended are not counted');
  });
});
