/** One line of a harness's result. */
export interface Figure {
  readonly name: string;
  /** What it has to be, in words; '' for a figure that is only told. */
  readonly goal: string;
  readonly measured: string | number;
  readonly ok: boolean;
}

/** A count that must be zero. */
export function none(name: string, count: number): Figure {
  return { name, goal: '0', measured: count, ok: count === 0 };
}

/** A count that shows that the harness did its work. */
export function atLeast(name: string, goal: number, measured: number): Figure {
  return { name, goal: `>= ${formatNumber(goal)}`, measured, ok: measured >= goal };
}

/** A figure with an upper limit. @param unit  such as `ms` */
export function atMost(name: string, goal: number, measured: number, unit = ''): Figure {
  const suffix = unit === '' ? '' : ` ${unit}`;
  return {
    name,
    goal: `<= ${formatNumber(goal)}${suffix}`,
    measured: `${formatNumber(measured)}${suffix}`,
    ok: measured <= goal,
  };
}

/** A figure without a goal. */
export function told(name: string, measured: string | number): Figure {
  return { name, goal: '', measured, ok: true };
}

/** Prints goal and measured value side by side; a figure that fails makes the process end with 1. */
export function printFigures(rows: readonly Figure[]): void {
  process.stdout.write(`${formatFigures(rows)}\n`);
  if (rows.some((row) => !row.ok)) process.exitCode = 1;
}

export function formatFigures(rows: readonly Figure[]): string {
  const cells = rows.map((row) => [
    row.name,
    row.goal,
    typeof row.measured === 'number' ? formatNumber(row.measured) : row.measured,
    row.goal === '' ? '' : row.ok ? 'yes' : 'NO',
  ]);
  const table = [['figure', 'goal', 'measured', 'ok'], ...cells];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((line) => line[column]!.length)));
  return table
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function formatNumber(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString('en-US');
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}
