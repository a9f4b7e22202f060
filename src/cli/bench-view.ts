import { relative } from 'node:path';
import type { BenchResult, Distribution, Measures } from '../bench/result.ts';
import { countOf, formatCount, formatDuration } from '../batch/format.ts';
import { formatUsd } from '../money.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { printableLine } from './printable.ts';
import type { Terminal } from './terminal.ts';
import { fitEnd, textWidth } from './text-width.ts';

/** Columns for a name, unless there is more room. */
const MOST_NAME = 24;

/** What a person is told when a benchmark has ended: a table of the targets, the marks, and where everything is. */
export function viewBench(
  result: BenchResult,
  end: {
    readonly exitCode: ExitCode;
    readonly terminal: Terminal;
    readonly scripted: boolean;
    readonly files: readonly { readonly what: string; readonly path: string }[];
  },
): string {
  const { terminal } = end;
  const c = terminal.out;
  const { overall, durationMs, resources, marks } = result;
  const rows = result.targets.flatMap(({ name, measures, scenarios }): readonly Row[] => [
    { name: printableLine(name), measures },
    // Of several scenarios each, under its target.
    ...(scenarios.length < 2
      ? []
      : scenarios.map((scenario) => ({ name: `  ${scenario.name}`, measures: scenario.measures }))),
  ]);
  const headline = [
    `${countOf(overall.prompts, 'prompt')} in ${formatDuration(durationMs)}`,
    `${formatCount(Math.round(overall.outputTokensPerSecond))} tokens/s`,
    ...(overall.retries > 0 ? [countOf(overall.retries, 'retry').replace(/retrys$/, 'retries')] : []),
    ...(overall.rateLimited > 0 ? [`${formatCount(overall.rateLimited)} times 429`] : []),
    `skein itself: ${(resources.cpuMs / Math.max(1, durationMs)).toFixed(2)} cores, ${Math.round(resources.maxRssBytes / 2 ** 20)} MiB`,
  ].join(' · ');
  const blocks = [
    table(rows, terminal.columns),
    errorLines(result).join('\n'),
    marks.map(({ code, message }) => `${c.yellow(`! ${code}`)} ${printableLine(message)}`).join('\n'),
  ];
  const mark = end.exitCode === EXIT.done ? c.green('✔') : c.red('✘');
  const lines = [`${mark} ${c.bold(headline)}`];
  if (end.scripted) lines.push(c.dim('  A scripted model answered: no language model was used.'));
  for (const { what, path } of end.files)
    lines.push(`  ${c.dim(what.padEnd(6))} ${printableLine(shortest(path))}`);
  blocks.push(lines.join('\n'));
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

interface Row {
  readonly name: string;
  readonly measures: Measures;
}

interface Column {
  readonly head: string;
  readonly cell: (measures: Measures) => string;
}

const p =
  (at: 'p50' | 'p90' | 'p99' | 'max', of: (measures: Measures) => Distribution | null) =>
  (measures: Measures): string => {
    const spread = of(measures);
    return spread ? formatDuration(spread[at]) : '–';
  };

/** The first say most: the last ones are left out where the screen is too narrow. */
const COLUMNS: readonly Column[] = [
  { head: 'prompts', cell: ({ prompts }) => formatCount(prompts) },
  { head: 'failed', cell: ({ errors }) => formatCount(Object.values(errors).reduce((a, b) => a + b, 0)) },
  {
    head: 'passed',
    cell: ({ success }) => (success ? `${formatCount(success.passed)}/${formatCount(success.checked)}` : '–'),
  },
  { head: 'p50', cell: p('p50', ({ promptLatencyMs }) => promptLatencyMs) },
  { head: 'p90', cell: p('p90', ({ promptLatencyMs }) => promptLatencyMs) },
  { head: 'p99', cell: p('p99', ({ promptLatencyMs }) => promptLatencyMs) },
  { head: '1st token', cell: p('p50', ({ firstTokenMs }) => firstTokenMs) },
  { head: 'tokens/s', cell: ({ outputTokensPerSecond }) => formatCount(Math.round(outputTokensPerSecond)) },
  {
    head: 'cost',
    cell: ({ cost }) =>
      cost.usd === null ? 'unknown' : `${cost.unpricedTurns > 0 ? '≥' : ''}${formatUsd(cost.usd)}`,
  },
  { head: 'max', cell: p('max', ({ promptLatencyMs }) => promptLatencyMs) },
  { head: 'gate p99', cell: p('p99', ({ gateWaitMs }) => gateWaitMs) },
  { head: 'thread p99', cell: p('p99', ({ threadWaitMs }) => threadWaitMs) },
];

function table(rows: readonly Row[], columns: number): string {
  const names = ['target', ...rows.map(({ name }) => name)];
  const longest = Math.max(...names.map(textWidth));
  const cells = COLUMNS.map(({ head, cell }) => [head, ...rows.map(({ measures }) => cell(measures))]);
  const widths = cells.map((column) => Math.max(...column.map(textWidth)) + 2);
  let shown = 0;
  let width = Math.min(longest, MOST_NAME);
  while (shown < widths.length && width + widths[shown]! <= columns) width += widths[shown++]!;
  const nameWidth = Math.min(longest, MOST_NAME + Math.max(0, columns - width));
  return names
    .map((name, row) => {
      const fitted = fitEnd(name, nameWidth);
      const figures = cells.slice(0, shown).map((column, i) => padStart(column[row]!, widths[i]!));
      return `${fitted}${' '.repeat(nameWidth - textWidth(fitted))}${figures.join('')}`;
    })
    .join('\n');
}

function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - textWidth(text))) + text;
}

/** `x:a failed: 3 rate-limited, 1 timeout` */
function errorLines({ targets }: BenchResult): string[] {
  return targets.flatMap(({ name, measures }) => {
    const errors = Object.entries(measures.errors).map(([kind, count]) => `${formatCount(count)} ${kind}`);
    return errors.length === 0 ? [] : [`${printableLine(name)} failed: ${printableLine(errors.join(', '))}`];
  });
}

/** A path as a person would type it from here. */
function shortest(path: string): string {
  const fromHere = relative('.', path);
  return fromHere.startsWith('..') ? path : fromHere;
}
