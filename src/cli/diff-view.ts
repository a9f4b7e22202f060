import type { FileDiff } from '../batch/file-diff.ts';
import { countOf, formatCount } from '../batch/format.ts';
import { printable, printableLine } from './printable.ts';
import type { Colors } from './terminal.ts';
import { fitEnd, textWidth } from './text-width.ts';

const MAX_BAR = 20;

/**
 * A line a file with what it gained and lost, as `git diff --stat` shows it, and the sum; of many files those that changed
 * most. `''` when nothing changed.
 */
export function viewDiffStat(
  diffs: readonly FileDiff[],
  options: { readonly columns: number; readonly colors: Colors; readonly maxRows?: number },
): string {
  if (diffs.length === 0) return '';
  const { columns, colors: c, maxRows = 20 } = options;
  const shown =
    diffs.length <= maxRows ? diffs : diffs.toSorted((a, b) => linesOf(b) - linesOf(a)).slice(0, maxRows);
  const counts = shown.map((diff) => countsOf(diff));
  const countsWidth = Math.max(...counts.map((count) => count.length));
  const most = Math.max(1, ...shown.map(linesOf));
  const room = Math.max(10, columns - countsWidth - MAX_BAR - 8);
  const names = shown.map((diff) => fitEnd(printableLine(diff.path), room));
  const nameWidth = Math.max(...names.map(textWidth));
  const lines = shown.map((diff, i) => {
    const name = names[i]! + ' '.repeat(nameWidth - textWidth(names[i]!));
    const scale = Math.min(1, MAX_BAR / most);
    const bar = c.green('+'.repeat(bars(diff.added, scale))) + c.red('-'.repeat(bars(diff.removed, scale)));
    return `  ${markOf(diff, c)} ${name}  ${counts[i]!.padStart(countsWidth)} ${bar}`;
  });
  if (diffs.length > shown.length)
    lines.push(c.dim(`    and ${formatCount(diffs.length - shown.length)} more`));
  const added = diffs.reduce((sum, diff) => sum + diff.added, 0);
  const removed = diffs.reduce((sum, diff) => sum + diff.removed, 0);
  const files = `${countOf(diffs.length, 'file')} changed`;
  lines.push(`  ${c.bold(files)}, ${c.green(`+${formatCount(added)}`)} ${c.red(`-${formatCount(removed)}`)}`);
  return lines.join('\n');
}

/** Lines of patches that a terminal is shown; the rest is in a file. */
const MAX_PATCH_LINES = 200;
const MAX_PATCH_CHARACTERS = 200_000;

/**
 * The beginning of all patches together, in colours: of as many whole lines as a person would look through.
 * @param options.whole  where all of it is, named where something is left out
 */
export function viewDiffs(
  diffs: readonly FileDiff[],
  options: { readonly colors: Colors; readonly whole: string },
): string {
  const shown: string[] = [];
  let room = MAX_PATCH_CHARACTERS;
  let total = 0;
  for (const { patch } of diffs) {
    const lines = patch.replace(/\n$/, '').split('\n');
    total += lines.length;
    for (const line of lines) {
      if (shown.length === MAX_PATCH_LINES || line.length > room) room = 0;
      if (room === 0) break;
      shown.push(line);
      room -= line.length;
    }
  }
  if (shown.length === 0 && total === 0) return '';
  const view = viewPatch(shown.join('\n'), options.colors);
  const hidden = total - shown.length;
  if (hidden === 0) return view;
  const rest = options.colors.dim(`… ${countOf(hidden, 'more line')} in ${options.whole}`);
  return shown.length === 0 ? rest : `${view}\n${rest}`;
}

/** A patch in colours. */
export function viewPatch(patch: string, c: Colors): string {
  // In a hunk, `--- x` is the removed line `-- x`.
  let isHunk = false;
  return printable(patch)
    .split('\n')
    .map((line) => {
      if (line.startsWith('diff ')) isHunk = false;
      if (line.startsWith('@@')) isHunk = true;
      if (!isHunk && /^(?:diff |index |--- |\+\+\+ |new file |deleted file )/.test(line)) return c.bold(line);
      if (line.startsWith('@@')) return c.cyan(line);
      if (line.startsWith('+')) return c.green(line);
      return line.startsWith('-') ? c.red(line) : line;
    })
    .join('\n');
}

function linesOf({ added, removed }: FileDiff): number {
  return added + removed;
}

function countsOf({ added, removed, kind }: FileDiff): string {
  return added + removed === 0 ? (kind === 'modified' ? 'binary' : '0') : `+${added} -${removed}`;
}

function markOf({ kind }: FileDiff, c: Colors): string {
  if (kind === 'added') return c.green('A');
  return kind === 'deleted' ? c.red('D') : c.yellow('M');
}

/** At least one for anything at all. */
function bars(lines: number, scale: number): number {
  return lines === 0 ? 0 : Math.max(1, Math.round(lines * scale));
}
