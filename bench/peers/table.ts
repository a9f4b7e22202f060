import { formatNumber } from '../support/report.ts';
import type { Line } from './comparison.ts';

/** The lines of one case. */
export interface Group {
  readonly name: string;
  readonly lines: readonly Line[];
}

/** One Markdown table: a line a measure, a column an entrant, a case's name on a line of its own. */
export function markdownTable(groups: readonly Group[], columns: readonly string[]): string {
  const rows = groups.flatMap(({ name, lines }) => [
    [`**${name}**`, ...columns.map(() => '')],
    ...lines.map(({ measure, values }) => [measure, ...columns.map((column) => cell(values.get(column)))]),
  ]);
  const table = [['', ...columns], ...rows];
  const widths = ['', ...columns].map((_, at) => Math.max(3, ...table.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((text, at) => (at === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[at] ?? 0))).join(' | ')} |`;
  const rule = `| ${widths.map((width, at) => (at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(table[0] ?? []), rule, ...rows.map(line)].join('\n');
}

function cell(value: number | string | undefined): string {
  if (value === undefined) return '–';
  if (typeof value === 'string') return value;
  return Number.isInteger(value) ? String(value) : formatNumber(value);
}
