import { formatCount } from '../../batch/format.ts';
import type { Html } from '../../html/markup.ts';
import { formatMs } from '../format-figure.ts';
import type { BenchResult, Distribution, Measures } from '../result.ts';
import { chartHtml, type Series } from './chart.ts';
import { linearScale, logScale, percentileScale } from './scale.ts';

/** Of a line; more cannot be told apart. */
const MAX_POINTS = 300;
/** Above it, the values near the median would all lie on the axis. */
const MAX_LINEAR_SPAN = 30;

const PLOTS: readonly {
  readonly title: string;
  readonly note: string;
  readonly of: (measures: Measures) => Distribution | null;
}[] = [
  {
    title: 'Prompt latency by percentile',
    note: 'from when a prompt was due to its end',
    of: ({ promptLatencyMs }) => promptLatencyMs,
  },
  {
    title: 'Time to first token by percentile',
    note: 'from when the gate let a turn go to the first piece of the answer',
    of: ({ firstTokenMs }) => firstTokenMs,
  },
  {
    title: 'Time between tokens by percentile',
    note: 'between two pieces of text of a turn',
    of: ({ betweenTokensMs }) => betweenTokensMs,
  },
  {
    title: 'Turn latency by percentile',
    note: 'from when the gate let a turn go to its end',
    of: ({ turnLatencyMs }) => turnLatencyMs,
  },
];

/** One chart a kind of time, one line a target; kinds of which nothing was measured are left out. */
export function distributionPlots({ targets }: BenchResult): readonly Html[] {
  return PLOTS.flatMap(({ title, note, of }) => {
    const lines = targets.flatMap(({ name, measures }, style) => {
      const distribution = of(measures);
      return distribution !== null && distribution.count > 0 ? [{ name, style, distribution }] : [];
    });
    return lines.length === 0 ? [] : [distributionPlot(title, note, lines)];
  });
}

interface Line {
  readonly name: string;
  readonly style: number;
  readonly distribution: Distribution;
}

function distributionPlot(title: string, note: string, lines: readonly Line[]): Html {
  const all = lines.map(({ distribution }) => distribution);
  const count = Math.max(...all.map((distribution) => distribution.count));
  const max = Math.max(...all.map((distribution) => distribution.max));
  const middle = Math.min(...all.map(({ p50 }) => p50));
  const min = Math.min(
    ...all.flatMap(({ percentiles }) => percentiles.map(([, value]) => value).filter((v) => v > 0)),
  );
  const isLog = middle > 0 && Number.isFinite(min) && max / middle > MAX_LINEAR_SPAN;
  return chartHtml({
    title,
    note: isLog ? `${note}; logarithmic` : note,
    x: { label: 'percentile', scale: percentileScale(count), format: (value) => String(value) },
    y: { label: '', scale: isLog ? logScale(min, max) : linearScale(max), format: formatMs },
    series: lines.map(seriesOf),
    table: {
      head: ['', 'p50', 'p90', 'p99', 'max', 'mean', 'count'],
      rows: lines.map(({ name, distribution: { p50, p90, p99, max: most, mean, count: values } }) => [
        name,
        ...[p50, p90, p99, most, mean].map(formatMs),
        formatCount(values),
      ]),
    },
  });
}

function seriesOf({ name, style, distribution }: Line): Series {
  const { percentiles, count, p50, p90, p99, max } = distribution;
  const end = 100 * (1 - 1 / Math.max(count, 2));
  // The last value is that of the last percentile that so many values have.
  const points = percentiles
    .filter(([percentile, value]) => Number.isFinite(percentile) && Number.isFinite(value))
    .map(([percentile, value]) => [Math.min(percentile, end), value] as const)
    .sort(([a], [b]) => a - b);
  const named = [
    ['p50', 50, p50],
    ['p90', 90, p90],
    ['p99', 99, p99],
  ] as const;
  const marks = [
    ...named.filter(([, percentile]) => percentile < end).map(([label, x, y]) => ({ label, x, y })),
    { label: 'max', x: end, y: max },
  ];
  return {
    name,
    style,
    kind: 'line',
    points: thinned(points, MAX_POINTS),
    marks: marks.map(({ label, x, y }) => ({ x, y, text: `${name}: ${label} ${formatMs(y)}` })),
  };
}

/** At most so many, evenly, the first and the last among them. */
export function thinned<Item>(items: readonly Item[], most: number): readonly Item[] {
  if (items.length <= most) return items;
  return Array.from({ length: most }, (_, i) => items[Math.round((i * (items.length - 1)) / (most - 1))]!);
}
