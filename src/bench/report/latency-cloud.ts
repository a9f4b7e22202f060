import type { Html } from '../../html/markup.ts';
import { formatMs } from '../format-figure.ts';
import type { BenchResult, PromptSample } from '../result.ts';
import { chartHtml, type Series } from './chart.ts';
import { thinned } from './distribution-plots.ts';
import { linearScale, logScale } from './scale.ts';
import { timeAxis } from './time-plots.ts';

/** Of all targets together: a browser draws them at once, and a reader sees no more. */
const MAX_DOTS = 4_000;
const MAX_LINEAR_SPAN = 30;
const MAX_ROWS = 20;

/** Each prompt's latency over when it was due: a stall, a slope or two humps show here, and in no percentile. */
export function latencyCloud(result: BenchResult): Html | null {
  const { targets, prompts } = result;
  const usable = prompts.filter(
    (prompt) => Number.isFinite(latency(prompt)) && Number.isFinite(prompt.dueAtMs),
  );
  if (usable.length === 0) return null;
  const share = Math.min(1, MAX_DOTS / usable.length);
  const max = usable.reduce((most, prompt) => Math.max(most, latency(prompt)), 0);
  const lastDueMs = usable.reduce((last, { dueAtMs }) => Math.max(last, dueAtMs), 0);
  const positive = usable
    .map(latency)
    .filter((ms) => ms > 0)
    .sort((a, b) => a - b);
  const middle = positive[positive.length >> 1] ?? 0;
  const isLog = middle > 0 && max / middle > MAX_LINEAR_SPAN;
  const cloud = (
    name: string,
    style: number,
    kind: 'dots' | 'crosses',
    all: readonly PromptSample[],
  ): Series => ({
    name,
    style,
    kind,
    points: thinned(all, Math.max(2, Math.round(all.length * share))).map((prompt) => [
      Math.max(0, prompt.dueAtMs),
      Math.max(0, latency(prompt)),
    ]),
  });
  const series = targets.flatMap(({ name }, style) => {
    const own = usable.filter(({ target }) => target === name);
    const failed = own.filter(({ error }) => error !== null);
    const done = own.filter(({ error }) => error === null);
    return [
      ...(done.length > 0 ? [cloud(name, style, 'dots', done)] : []),
      ...(failed.length > 0 ? [cloud('failed, in the colour of its target', style, 'crosses', failed)] : []),
    ];
  });
  return chartHtml({
    title: 'Latency of each prompt',
    note: `by when it was due${share < 1 ? `; ${MAX_DOTS.toLocaleString('en-US')} of ${usable.length.toLocaleString('en-US')}, evenly` : ''}${isLog ? '; logarithmic' : ''}`,
    x: timeAxis({ widthMs: Math.max(1, lastDueMs), count: 1 }),
    y: { label: '', scale: isLog ? logScale(positive[0]!, max) : linearScale(max), format: formatMs },
    series,
    table: {
      head: ['due', 'latency'],
      rows: thinned(usable, MAX_ROWS).map((prompt) => [
        `${formatMs(prompt.dueAtMs)}, ${prompt.target}${prompt.error === null ? '' : ', failed'}`,
        formatMs(latency(prompt)),
      ]),
    },
  });
}

function latency({ endedAtMs, dueAtMs }: PromptSample): number {
  return endedAtMs - dueAtMs;
}
