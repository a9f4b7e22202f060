import { countOf } from '../batch/format.ts';
import type { Comparison, FigureComparison, TargetComparison } from '../bench/compare/compare.ts';
import { ALPHA } from '../bench/compare/inference.ts';
import { formatChange, formatFigure } from '../bench/format-figure.ts';
import type { BenchResult } from '../bench/result.ts';
import { printableLine } from './printable.ts';
import { viewTime } from './sessions.ts';
import type { Colors } from './terminal.ts';
import { textWidth } from './text-width.ts';

const HEAD = ['', 'before', 'after', 'change', '95 % interval', ''] as const;

/** The comparison as a table a target, with what to know of it before and after. */
export function viewComparison(
  data: {
    readonly before: BenchResult;
    readonly after: BenchResult;
    readonly sources: { readonly before: string; readonly after: string };
    readonly comparison: Comparison;
    readonly notes: readonly string[];
  },
  c: Colors,
): string {
  const { before, after, sources, comparison, notes } = data;
  const isOne = before === after;
  const about = (name: string, source: string, { startedAt, skein, seed }: BenchResult): string =>
    `${name.padEnd(6)}  ${printableLine(source)}  ${c.dim(`${viewTime(Date.parse(startedAt))} · skein ${printableLine(skein)} · seed ${seed}`)}`;
  const head = isOne
    ? [about('result', sources.before, before)]
    : [about('before', sources.before, before), about('after', sources.after, after)];
  const remarks = notes.map((note) => `${c.yellow('note')}    ${printableLine(note)}`);
  const tables = comparison.targets.map((target) => ['', ...viewTarget(target, c)]);
  return `${[...head, ...remarks, ...tables.flat(), '', ...footnotes(comparison).map(c.dim)].join('\n')}\n`;
}

function viewTarget(target: TargetComparison, c: Colors): readonly string[] {
  const { before, after, conversations, paired, blockLength, figures } = target;
  const name = before === after ? before : `${before} → ${after}`;
  const counts =
    conversations.before === conversations.after
      ? countOf(conversations.before, 'conversation')
      : `${conversations.before} and ${countOf(conversations.after, 'conversation')}`;
  const facts = [
    counts,
    paired ? 'paired' : 'not paired',
    blockLength > 1 ? `drawn ${blockLength} in a row, since neighbours are alike` : '',
  ].filter((fact) => fact !== '');
  const rows = figures.filter(({ verdict }) => verdict !== 'not-measured').map(rowOf);
  const unmeasured = figures.filter(({ verdict }) => verdict === 'not-measured');
  const widths = HEAD.map((text, i) => Math.max(...[text, ...rows.map((row) => row[i]!)].map(textWidth)));
  const line = (row: readonly string[], color?: (text: string) => string): string => {
    const cells = row.map((cell, i) => {
      const blanks = ' '.repeat(widths[i]! - textWidth(cell));
      if (i === 0) return cell + blanks;
      return i === row.length - 1 ? (color?.(cell) ?? cell) : blanks + cell;
    });
    return `  ${cells.join('  ')}`.trimEnd();
  };
  return [
    `${c.bold(printableLine(name))}  ${c.dim(facts.join(' · '))}`,
    c.dim(line(HEAD)),
    ...rows.map((row, i) => line(row, colorOf(figures.filter((f) => f.verdict !== 'not-measured')[i]!, c))),
    ...(unmeasured.length > 0
      ? [c.dim(`  not measured on both sides: ${unmeasured.map(({ label }) => label).join(', ')}`)]
      : []),
  ];
}

function rowOf(figure: FigureComparison): readonly string[] {
  const { label, unit, before, after, difference } = figure;
  const value = (number: number | null): string => (number === null ? '' : formatFigure(number, unit));
  const values = [label, value(before), value(after)];
  return difference === null
    ? [...values, '', '', verdictOf(figure)]
    : [...values, ...changeOf(figure), verdictOf(figure)];
}

/** In percent of what it was; shares in points; the difference itself where it was nothing. */
function changeOf({ unit, change, difference }: FigureComparison): readonly [string, string] {
  const { estimate, low, high } = change ?? difference!;
  const show = (value: number): string => {
    if (change !== null) return formatChange(value);
    if (unit === 'share') return formatChange(value, 'points');
    return `${value < 0 ? '−' : '+'}${formatFigure(Math.abs(value), unit)}`;
  };
  return [show(estimate), `${show(low).replace(/ (?:%|points)$/, '')} … ${show(high)}`];
}

function verdictOf(figure: FigureComparison): string {
  if (figure.verdict === 'too-few') return `too few to tell: ${figure.lacks}`;
  if (figure.verdict !== 'no-difference') return figure.verdict;
  return isOnlyAlone(figure) ? 'no difference *' : 'no difference';
}

/** It would be a difference, were it the only figure. */
function isOnlyAlone({ verdict, p }: FigureComparison): boolean {
  return verdict === 'no-difference' && p !== null && p <= ALPHA;
}

function colorOf({ verdict }: FigureComparison, c: Colors): (text: string) => string {
  if (verdict === 'better') return c.green;
  return verdict === 'worse' ? c.red : c.dim;
}

function footnotes({ targets, tests, resamples, seed }: Comparison): readonly string[] {
  const figures = targets.flatMap((target) => target.figures);
  const notes = [
    `95 % intervals of ${countOf(resamples, 'resample')} of conversations (seed ${seed}); better and worse are Holm-corrected for ${countOf(tests, 'figure')}.`,
  ];
  if (figures.some(isOnlyAlone)) {
    notes.push(
      `* its own interval leaves out 0, but of ${countOf(tests, 'figure')} looked at some do by chance: run more conversations to tell.`,
    );
  }
  return notes;
}
