/** One line of the result. */
export interface Row {
  readonly question: string;
  /** What was measured, and for a ratio against what. */
  readonly measure: string;
  readonly value: number;
  /** '' for a ratio. */
  readonly unit: string;
  readonly goal?: Goal;
}

export type Goal = { readonly atLeast: number } | { readonly atMost: number } | { readonly below: number };

export function isReached({ value, goal }: Row): boolean | undefined {
  if (!goal) return undefined;
  if ('atLeast' in goal) return value >= goal.atLeast;
  return 'atMost' in goal ? value <= goal.atMost : value < goal.below;
}

/** Lines of a table with one row a measure; a question is named in its first row only. */
export function formatTable(rows: readonly Row[]): string {
  let question = '';
  const cells = rows.map((row) => {
    const first = row.question === question ? '' : row.question;
    question = row.question;
    const reached = isReached(row);
    const value = `${formatNumber(row.value)}${row.unit === '' ? ' x' : ` ${row.unit}`}`;
    return [
      first,
      row.measure,
      value,
      describeGoal(row),
      reached === undefined ? '' : reached ? 'yes' : 'NO',
    ];
  });
  const table = [['question', 'measure', 'value', 'goal', 'reached'], ...cells];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...table.map((line) => line[column]?.length ?? 0)));
  return table
    .map((line) =>
      line
        .map((cell, column) =>
          column === 2 ? cell.padStart(widths[2] ?? 0) : cell.padEnd(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function describeGoal({ goal, unit }: Row): string {
  if (!goal) return '';
  const suffix = unit === '' ? ' x' : ` ${unit}`;
  if ('atLeast' in goal) return `>= ${goal.atLeast}${suffix}`;
  return 'atMost' in goal ? `<= ${goal.atMost}${suffix}` : `< ${goal.below}${suffix}`;
}

/** Three digits or so: what a measurement is good for. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}
