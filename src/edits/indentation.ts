/** How far the lines of a file are indented differently from the same lines in a patch. */
export interface Shift {
  /** A line of the patch, indented as the file has it; undefined for one that is indented too little for that. */
  readonly apply: (line: string) => string | undefined;
  /** The file has exactly one blank more. */
  readonly isOneBlank: boolean;
}

/**
 * The one shift that turns the indentation of each patch line into the file's.
 * @param pairs  lines of the patch and of the file, which differ in blanks at their ends only
 * @returns undefined when the lines are not shifted alike, as where tabs stand for blanks
 */
export function shiftBetween(
  pairs: ReadonlyArray<readonly [patch: string, file: string]>,
): Shift | undefined {
  let shift: { more: string; less: string } | undefined;
  for (const [patch, file] of pairs) {
    if (patch.trim() === '') continue;
    const wanted = indentOf(patch);
    const found = indentOf(file);
    if (!found.endsWith(wanted) && !wanted.endsWith(found)) return undefined;
    const more = found.slice(0, Math.max(0, found.length - wanted.length));
    const less = wanted.slice(0, Math.max(0, wanted.length - found.length));
    shift ??= { more, less };
    if (shift.more !== more || shift.less !== less) return undefined;
  }
  if (!shift) return { apply: (line) => line, isOneBlank: false };
  const { more, less } = shift;
  return {
    apply(line) {
      if (line.trim() === '') return line;
      return line.startsWith(less) ? more + line.slice(less.length) : undefined;
    },
    isOneBlank: more === ' ',
  };
}

function indentOf(line: string): string {
  return line.slice(0, line.length - line.trimStart().length);
}
