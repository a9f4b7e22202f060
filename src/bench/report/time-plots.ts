import { formatCount, formatDuration } from '../../batch/format.ts';
import type { Html } from '../../html/markup.ts';
import { formatMs, threeDigits } from '../format-figure.ts';
import type { BenchResult, PromptSample, TimelineSample } from '../result.ts';
import { chartHtml } from './chart.ts';
import { thinned } from './distribution-plots.ts';
import { linearScale } from './scale.ts';
import { binned, timeBins, type TimeBins } from './time-bins.ts';

/** Of the table below a chart. */
const MAX_ROWS = 20;

/** A value a bin; null where there is none. */
interface Track {
  readonly name: string;
  readonly style: number;
  readonly values: readonly (number | null)[];
}

/** What happened when: throughput by target, and what skein did meanwhile. Empty where nothing was measured. */
export function timePlots(result: BenchResult): readonly Html[] {
  if (result.prompts.length === 0 && result.timeline.length === 0) return [];
  const bins = timeBins(result);
  const seconds = bins.widthMs / 1000;
  const plot = (
    title: string,
    note: string,
    tracks: readonly Track[],
    format: (value: number) => string,
  ): Html => timePlot({ bins, title, note, tracks, format });
  const ofTargets = (combine: (prompts: readonly PromptSample[]) => number): readonly Track[] =>
    result.targets.map(({ name }, style) => {
      const prompts = result.prompts.filter(({ target }) => target === name);
      const values = binned(bins, prompts, ({ endedAtMs }) => endedAtMs, combine);
      // A second in which nothing ended is one with 0 of them.
      return { name, style, values: values.map((value) => value ?? 0) };
    });
  const ofTimeline = (
    tracks: readonly (readonly [string, keyof TimelineSample])[],
    combine: (values: readonly number[]) => number,
  ): readonly Track[] =>
    tracks.map(([name, field], style) => ({
      name,
      style,
      values: binned(
        bins,
        result.timeline,
        ({ atMs }) => atMs,
        (samples) => combine(samples.map((s) => s[field])),
      ),
    }));
  const throughput = [
    plot(
      'Prompts a second over time',
      'counted when they end',
      ofTargets((all) => all.length / seconds),
      threeDigits,
    ),
    plot(
      'Output tokens a second over time',
      'counted when their prompt ends',
      ofTargets((all) => all.reduce((sum, { outputTokens }) => sum + outputTokens, 0) / seconds),
      threeDigits,
    ),
  ];
  if (result.timeline.length === 0) return throughput;
  return [
    ...throughput,
    plot(
      'Prompts in flight over time',
      'and what they waited for',
      ofTimeline(
        [
          ['running', 'running'],
          ['waiting for the gate', 'waitingGate'],
          ['waiting for a thread', 'waitingThread'],
          ['waiting for the model', 'waitingModel'],
        ],
        mean,
      ),
      threeDigits,
    ),
    plot(
      'Threads and sessions over time',
      'the most of each',
      ofTimeline(
        [
          ['threads', 'threads'],
          ['sessions', 'sessions'],
        ],
        most,
      ),
      threeDigits,
    ),
    plot(
      'Memory over time',
      'resident, of this process',
      ofTimeline([['resident memory', 'rssBytes']], most),
      formatBytes,
    ),
    plot(
      'CPU over time',
      'of this process, all threads; 100 % is one core',
      ofTimeline([['CPU', 'cpu']], mean),
      (share) => `${formatCount(Math.round(share * 100))} %`,
    ),
    plot(
      'Event-loop delay over time',
      'p99 of the main thread',
      ofTimeline([['event-loop delay', 'eventLoopDelayMs']], most),
      formatMs,
    ),
  ];
}

function timePlot(data: {
  readonly bins: TimeBins;
  readonly title: string;
  readonly note: string;
  readonly tracks: readonly Track[];
  readonly format: (value: number) => string;
}): Html {
  const { bins, title, note, format } = data;
  const tracks = data.tracks.map((track) => ({
    ...track,
    values: track.values.map((value) => (value !== null && Number.isFinite(value) ? value : null)),
  }));
  const max = Math.max(0, ...tracks.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const middleOf = (bin: number): number => (bin + 0.5) * bins.widthMs;
  const show = (value: number | null | undefined): string =>
    value === null || value === undefined ? '–' : format(value);
  const spans = Array.from({ length: bins.count }, (_, bin) => spanOf(bins, bin));
  return chartHtml({
    title,
    note: bins.widthMs > 1000 ? `${note}; by ${formatDuration(bins.widthMs)}` : note,
    x: timeAxis(bins),
    y: { label: '', scale: linearScale(max), format },
    series: tracks.map(({ name, style, values }) => ({
      name,
      style,
      kind: 'line',
      points: lineOf(values.map((value, bin) => (value === null ? null : [middleOf(bin), value]))),
    })),
    strips: spans.map((span, bin) => ({
      from: bin * bins.widthMs,
      to: (bin + 1) * bins.widthMs,
      text: `${span}\n${tracks.map(({ name, values }) => `${name}: ${show(values[bin])}`).join('\n')}`,
    })),
    table: {
      head: ['', ...tracks.map(({ name }) => name)],
      rows: thinned([...spans.keys()], MAX_ROWS).map((bin) => [
        spans[bin]!,
        ...tracks.map(({ values }) => show(values[bin])),
      ]),
    },
  });
}

/** One point alone would be no line: it is drawn as a short one. */
function lineOf(
  points: readonly (readonly [number, number] | null)[],
): readonly (readonly [number, number] | null)[] {
  const there = points.filter((point) => point !== null);
  if (there.length !== 1) return points;
  const [[x, y]] = there as [readonly [number, number]];
  return [
    [x * 0.5, y],
    [x * 1.5, y],
  ];
}

export function timeAxis({ widthMs, count }: TimeBins): {
  readonly label: string;
  readonly scale: ReturnType<typeof linearScale>;
  readonly format: (ms: number) => string;
} {
  const endMs = widthMs * count;
  const unit = endMs > 2 * 3_600_000 ? HOURS : endMs > 180_000 ? MINUTES : SECONDS;
  const scale = linearScale(endMs / unit.ms, 6);
  const end = endMs / unit.ms;
  const whole = scale.at(end);
  return {
    label: `${unit.name} from the start`,
    scale: {
      at: (ms) => Math.min(1, scale.at(ms / unit.ms) / whole),
      ticks: scale.ticks.filter((tick) => tick <= end * 1.001).map((tick) => tick * unit.ms),
    },
    format: (ms) => String(Math.round((ms / unit.ms) * 100) / 100),
  };
}

const SECONDS = { name: 'seconds', ms: 1000 };
const MINUTES = { name: 'minutes', ms: 60_000 };
const HOURS = { name: 'hours', ms: 3_600_000 };

function spanOf({ widthMs }: TimeBins, bin: number): string {
  return `${formatDuration(bin * widthMs)} – ${formatDuration((bin + 1) * widthMs)}`;
}

/** `12.3 MB` */
export function formatBytes(bytes: number): string {
  return bytes >= 1e9 ? `${threeDigits(bytes / 1e9)} GB` : `${threeDigits(bytes / 1e6)} MB`;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function most(values: readonly number[]): number {
  return values.reduce((max, value) => Math.max(max, value), -Infinity);
}
