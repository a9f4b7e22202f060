import type { Conflict, ConflictPlace, WhoseSide } from './merge.ts';

/** A conflict as reports have it: with the lines that contradict, but no whole contents, and no more than is readable. */
export interface ReportConflict extends Pick<Conflict, 'path' | 'kind' | 'itemIds'> {
  /** Each different version. `bytes` is its size; null where the file is to be gone. */
  readonly sides: readonly (WhoseSide & { readonly bytes: number | null })[];
  readonly hunks: readonly ReportPlace[];
}

/** A place in conflict. Lines are without their ends; what is too long is cut, and ends with `…`. */
export interface ReportPlace {
  /** Line of the base, from 1. */
  readonly baseLine: number;
  readonly base: readonly string[];
  readonly sides: readonly (WhoseSide & { readonly lines: readonly string[] })[];
}

/** Of each version of a place. */
const MAX_LINES = 200;
const MAX_LINE_LENGTH = 2_000;
/** Of one file. */
const MAX_PLACES = 50;
/** Of all conflicts of a report: some megabytes. */
const MAX_REPORT_LINES = 50_000;

export function reportConflicts(conflicts: readonly Conflict[]): ReportConflict[] {
  const budget = { lines: MAX_REPORT_LINES };
  return conflicts.map(({ path, kind, itemIds, sides, hunks }) => ({
    path,
    kind,
    itemIds,
    sides: sides.map(({ itemIds: ids, sessionIds, after }) => ({
      itemIds: ids,
      sessionIds,
      bytes: after === null ? null : after.length,
    })),
    hunks: hunks
      .slice(0, MAX_PLACES)
      .flatMap((place) => (budget.lines > 0 ? [reportPlace(place, budget)] : [])),
  }));
}

function reportPlace({ baseLine, base, sides }: ConflictPlace, budget: { lines: number }): ReportPlace {
  const cut = (lines: readonly string[]): string[] => {
    const shown = lines.slice(0, MAX_LINES).map(cutLine);
    if (lines.length > shown.length) shown.push(`… ${lines.length - shown.length} more lines`);
    budget.lines -= shown.length;
    return shown;
  };
  return {
    baseLine,
    base: cut(base),
    sides: sides.map(({ itemIds, sessionIds, lines }) => ({ itemIds, sessionIds, lines: cut(lines) })),
  };
}

function cutLine(line: string): string {
  const text = line.replace(/\r?\n$/, '');
  return text.length <= MAX_LINE_LENGTH
    ? text
    : `${text.slice(0, MAX_LINE_LENGTH).replace(/[\ud800-\udbff]$/, '')}…`;
}
