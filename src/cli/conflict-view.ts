import { countOf, formatCount } from '../batch/format.ts';
import type { ReportConflict } from '../batch/report-conflict.ts';
import { printableLine } from './printable.ts';
import type { Colors } from './terminal.ts';
import { fitStart } from './text-width.ts';

const MAX_CONFLICTS = 10;
/** Of one file. */
const MAX_PLACES = 2;
const MAX_SIDES = 4;
/** Of the items that want one version. */
const MAX_NAMES = 6;
/** Of one version of a place. */
const MAX_LINES = 4;

/** Which files are in conflict, who changed them, and the first lines of what each wanted. */
export function viewConflicts(
  conflicts: readonly ReportConflict[],
  { columns, colors: c }: { readonly columns: number; readonly colors: Colors },
): string {
  const lines: string[] = [];
  for (const { path, kind, itemIds, hunks } of conflicts.slice(0, MAX_CONFLICTS)) {
    const what = kind === 'content' ? namesOf(itemIds) : `${namesOf(itemIds)}: ${CONFLICT_TEXT[kind]}`;
    lines.push(`  ${c.yellow('conflict')} ${printableLine(path)} ${c.dim(`(${what})`)}`);
    for (const { baseLine, sides } of hunks.slice(0, MAX_PLACES)) {
      for (const side of sides.slice(0, MAX_SIDES)) {
        lines.push(c.dim(`    line ${baseLine}, ${namesOf(side.itemIds)}:`));
        for (const line of versionOf(side.lines))
          lines.push(`      ${fitStart(printableLine(line), Math.max(10, columns - 7))}`);
      }
      if (sides.length > MAX_SIDES)
        lines.push(c.dim(`    and ${countOf(sides.length - MAX_SIDES, 'more version')}`));
    }
    if (hunks.length > MAX_PLACES)
      lines.push(c.dim(`    and ${countOf(hunks.length - MAX_PLACES, 'more place')}`));
  }
  if (conflicts.length > MAX_CONFLICTS)
    lines.push(c.dim(`    and ${formatCount(conflicts.length - MAX_CONFLICTS)} more in conflict`));
  return lines.join('\n');
}

function versionOf(lines: readonly string[]): readonly string[] {
  if (lines.length === 0) return ['(nothing)'];
  if (lines.length <= MAX_LINES) return lines;
  return [...lines.slice(0, MAX_LINES - 1), `… ${lines.length - MAX_LINES + 1} more lines`];
}

function namesOf(itemIds: readonly string[]): string {
  const shown = itemIds.slice(0, MAX_NAMES).map(printableLine).join(', ');
  const hidden = itemIds.length - MAX_NAMES;
  return hidden > 0 ? `${shown} and ${formatCount(hidden)} more` : shown;
}

const CONFLICT_TEXT: Readonly<Record<Exclude<ReportConflict['kind'], 'content'>, string>> = {
  binary: 'no text',
  'deleted-and-changed': 'deleted by one, changed by another',
  'file-and-directory': 'a file and a directory at once',
  'too-different': 'too different to merge',
  unseen: 'is there already, but was not shown to the sessions',
};
