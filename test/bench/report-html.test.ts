import { describe, expect, it } from 'vitest';
import { reportHtml } from '../../src/bench/report/report-html.ts';
import { linearScale, logScale, percentileScale } from '../../src/bench/report/scale.ts';
import { binned, timeBins } from '../../src/bench/report/time-bins.ts';
import type { BenchResult, Measures } from '../../src/bench/result.ts';
import { syntheticResult } from './synthetic-result.ts';

const TWO = [{ name: 'small' }, { name: 'large', latencyMs: 2400, fails: 0.1 }];

/** What the page shows, without its style. */
function textOf(html: string): string {
  return html.replace(/<style>[\s\S]*?<\/style>/, '').replace(/<[^>]*>/g, ' ');
}

function expectWhole(html: string): void {
  const body = html.replace(/<style>[\s\S]*?<\/style>/, '');
  const shown = body.replace(/<pre class="plan">[\s\S]*?<\/pre>/, '');
  expect(/.{0,60}(?:NaN|Infinity|undefined|\[object|null).{0,60}/.exec(shown)?.[0]).toBeUndefined();
  expect(body).not.toMatch(/<script|(?:src|href|style)=/);
  // Every element is closed, in the order of its opening.
  const open: string[] = [];
  for (const [, slash, name] of body.matchAll(/<(\/?)([a-z][a-z0-9]*)[^>]*>/g)) {
    if (name === 'meta' || name === 'br') continue;
    if (slash === '') open.push(name!);
    else expect(open.pop()).toBe(name);
  }
  expect(open).toEqual([]);
}

const titlesOf = (html: string): readonly string[] =>
  [...html.matchAll(/<figcaption><b>([^<]*)</g)].map(([, title]) => title!);

/** A result in which nothing ended. */
function emptyResult(): BenchResult {
  const result = syntheticResult({ targets: TWO, conversations: 1, chance: 1 });
  const none = (measures: Measures): Measures => ({
    ...measures,
    prompts: 0,
    errors: {},
    success: null,
    promptLatencyMs: null,
    serviceMs: null,
    startDelayMs: null,
    turnLatencyMs: null,
    firstTokenMs: null,
    betweenTokensMs: null,
    gateWaitMs: null,
    threadWaitMs: null,
    cost: { usd: null, unpricedTurns: 0 },
  });
  return {
    ...result,
    durationMs: 0,
    prompts: [],
    timeline: [],
    overall: none(result.overall),
    targets: result.targets.map((target) => ({ ...target, measures: none(target.measures), scenarios: [] })),
  };
}

describe('the report of a benchmark', () => {
  const result = syntheticResult({ targets: TWO, conversations: 200, chance: 1 });
  const html = reportHtml(result);

  it('is one page with nothing to load, and a policy that lets nothing in', () => {
    expectWhole(html);
    expect(html).toMatch(
      /content="default-src &#39;none&#39;; style-src &#39;sha256-[\w+/=]+&#39;; base-uri/,
    );
  });

  it('plots latencies by percentile, and what happened over time, each with its figures in a table', () => {
    expect(titlesOf(html)).toEqual([
      'Latency of each prompt',
      'Prompt latency by percentile',
      'Time to first token by percentile',
      'Time between tokens by percentile',
      'Turn latency by percentile',
      'Prompts a second over time',
      'Output tokens a second over time',
      'Prompts in flight over time',
      'Threads and sessions over time',
      'Memory over time',
      'CPU over time',
      'Event-loop delay over time',
    ]);
    const figures = html.split('<figure ').slice(1);
    for (const figure of figures) {
      expect(figure).toMatch(/<svg [^>]*role="img" aria-label="[^"]+"/);
      expect(figure).toContain('<table>');
    }
  });

  it('has the figures of every target, and of all together', () => {
    const text = textOf(html);
    for (const { measures } of [...result.targets, { measures: result.overall }]) {
      const { success } = measures;
      expect(text).toContain(`(${success!.passed}/${success!.checked})`);
    }
    expect(html).toContain('all together');
  });

  it('has no column for all together where there is one target', () => {
    expect(reportHtml(syntheticResult({ conversations: 30, chance: 1 }))).not.toContain('all together');
  });

  it('lists the slowest prompts, and why others failed', () => {
    const slowest = [...result.prompts].sort(
      (a, b) => b.endedAtMs - b.dueAtMs - (a.endedAtMs - a.dueAtMs),
    )[0]!;
    const rows = html.slice(html.indexOf('Slowest prompts'));
    expect(rows).toContain(`<td>${slowest.index}</td><td>${slowest.target}</td>`);
    expect(html).toContain('answer.txt does not have &quot;42&quot;');
    expect(html).toContain('<span class="wrong">overloaded</span>');
  });

  it('shows what marks a result before all figures', () => {
    const marks = [
      { code: 'saturated' as const, message: 'large: 5 of 100 conversations began late.', target: 'large' },
      { code: 'interrupted' as const, message: 'Ctrl-C.' },
    ];
    const marked = reportHtml({ ...result, marks });
    expect(marked.indexOf('large: 5 of 100')).toBeLessThan(marked.indexOf('class="cards"'));
    expect(marked).toContain('<b>saturated</b> · large: 5 of 100 conversations began late.');
    expect(marked).toContain('<b>interrupted</b> · Ctrl-C.');
  });

  it('has the plan, the seed, the versions and the machine', () => {
    const text = textOf(html);
    for (const fact of [
      'Do more.',
      'seed 1',
      'v20.19.0',
      '2 × A CPU',
      '8.00 GB',
      result.planHash.slice(0, 9),
    ])
      expect(text).toContain(fact.replaceAll('"', '&quot;'));
  });

  it('says where a cost is unknown, or only partly known', () => {
    expect(reportHtml(syntheticResult({ targets: [{ name: 'a', usd: null }], chance: 1 }))).toContain(
      'unknown',
    );
    const { overall } = result;
    const partly = { ...overall, cost: { usd: 1.5, unpricedTurns: 3 } };
    expect(reportHtml({ ...result, overall: partly })).toContain('at least $1.50');
  });
});

describe('a report', () => {
  it('of nothing says so, and plots nothing', () => {
    const html = reportHtml(emptyResult());
    expectWhole(html);
    expect(html).toContain('No prompt was measured');
    expect(titlesOf(html)).toEqual([]);
  });

  it.each([1, 2, 10])('of %i prompts is whole', (conversations) => {
    const html = reportHtml(syntheticResult({ conversations, chance: 3 }));
    expectWhole(html);
    expect(titlesOf(html)).toHaveLength(12);
  });

  it('of prompts that all failed is whole, and has no first token to plot', () => {
    const result = syntheticResult({ targets: [{ name: 'a', fails: 1 }], conversations: 20, chance: 3 });
    const html = reportHtml({
      ...result,
      targets: result.targets.map((target) => ({
        ...target,
        measures: { ...target.measures, firstTokenMs: null },
      })),
    });
    expectWhole(html);
    expect(titlesOf(html)).not.toContain('Time to first token by percentile');
  });

  it('of eight targets gives each a colour and dashes of its own', () => {
    const targets = Array.from({ length: 8 }, (_, i) => ({ name: `t${i}`, latencyMs: 500 + 200 * i }));
    const html = reportHtml(syntheticResult({ targets, conversations: 40, chance: 1 }));
    expectWhole(html);
    const plot = html.split('<figure ')[2]!;
    const lines = [...plot.matchAll(/class="line (s\d)" d="M[^"]{20,}"/g)].map(([, style]) => style);
    expect(new Set(lines).size).toBe(8);
  });

  it('of 40,000 prompts shows a part of them, and is no larger than a page may be', () => {
    const html = reportHtml(syntheticResult({ conversations: 40_000, chance: 1 }));
    expectWhole(html);
    expect(html).toContain('4,000 of 40,000, evenly');
    expect(html).toMatch(/… [\d,]+ more in the result file/);
    expect(html.length).toBeLessThan(500_000);
  });

  it('of values without bounds is whole', () => {
    const result = syntheticResult({ conversations: 20, chance: 3 });
    const html = reportHtml({
      ...result,
      timeline: result.timeline.map((sample, i) => ({
        ...sample,
        eventLoopDelayMs: i === 0 ? NaN : Infinity,
        cpu: -1,
      })),
      overall: { ...result.overall, promptsPerSecond: NaN, outputTokensPerSecond: Infinity },
    });
    expectWhole(html);
  });
});

describe('scales', () => {
  it('of figures end at or above the largest', () => {
    expect(linearScale(9.7).ticks).toEqual([0, 2, 4, 6, 8, 10]);
    expect(linearScale(0).ticks.at(-1)).toBe(1);
    expect(linearScale(40).at(20)).toBe(0.5);
  });

  it('of logarithms hold both ends, and few ticks', () => {
    const scale = logScale(3, 40_000);
    expect(scale.at(2)).toBe(0);
    expect(scale.at(40_000)).toBeLessThanOrEqual(1);
    expect(scale.at(40_000)).toBeGreaterThan(0.9);
    expect(scale.ticks).toEqual([10, 100, 1000, 10_000]);
    expect(logScale(5, 5).ticks).toEqual([5, 10]);
  });

  it('of percentiles give each nine the same room, up to what so many values can tell', () => {
    const scale = percentileScale(10_000);
    expect([0, 90, 99, 99.9, 100].map((percentile) => Math.round(scale.at(percentile) * 100) / 100)).toEqual([
      0, 0.25, 0.5, 0.75, 1,
    ]);
    expect(scale.ticks).toEqual([0, 50, 90, 99, 99.9]);
    expect(percentileScale(1).ticks).toEqual([0, 50]);
  });
});

describe('time', () => {
  it('is cut into at most 100 pieces of whole seconds, and the last moment is in the last one', () => {
    const base = syntheticResult({ conversations: 5, chance: 1 });
    const bins = timeBins({ ...base, durationMs: 250_000 });
    expect(bins).toEqual({ widthMs: 5_000, count: 50 });
    const counts = binned(
      bins,
      [0, 1, 5_000, 5_001, 250_000],
      (at) => at,
      (all) => all.length,
    );
    expect([counts[0], counts[1], counts[2], counts[49]]).toEqual([3, 1, null, 1]);
  });
});
