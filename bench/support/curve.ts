import { formatNumber } from './report.ts';

/** How something grows: one line for each size that was measured. */
export interface Curve {
  readonly title: string;
  /** The size first; names carry their units. */
  readonly columns: readonly string[];
  readonly lines: readonly (readonly (number | string)[])[];
}

/** A table in Markdown, padded as prettier pads it, for docs/performance.md. */
export function formatCurve({ title, columns, lines }: Curve): string {
  const cells = [columns, ...lines.map((line) => line.map(formatCell))];
  const widths = columns.map((_, column) => Math.max(3, ...cells.map((line) => line[column]?.length ?? 0)));
  const [head = [], ...body] = cells.map((line) =>
    line.map((cell, column) => cell.padStart(widths[column] ?? 0)),
  );
  const rule = widths.map((width) => `${'-'.repeat(width - 1)}:`);
  return [`${title}:`, '', ...[head, rule, ...body].map((line) => `| ${line.join(' | ')} |`)].join('\n');
}

function formatCell(cell: number | string): string {
  if (typeof cell === 'string') return cell;
  return Number.isInteger(cell) ? cell.toLocaleString('en') : formatNumber(cell);
}
