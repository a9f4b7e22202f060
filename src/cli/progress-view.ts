import { formatCount, formatDuration } from '../batch/format.ts';
import { formatUsd } from '../money.ts';
import { printableLine } from './printable.ts';
import type { ProgressState } from './progress-state.ts';
import type { Colors } from './terminal.ts';
import { fitEnd, textWidth } from './text-width.ts';

const MAX_ROWS = 6;
const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/**
 * The live view: a bar with counts, and what some of the running items do. No line is wider than the screen.
 * @param options.frame  counts drawings, for what moves
 */
export function viewProgress(
  name: string,
  state: ProgressState,
  options: {
    readonly columns: number;
    readonly elapsedMs: number;
    /** The time that has elapsed, and what it has cost, are simulated. Default false. */
    readonly simulated?: boolean;
    readonly frame: number;
    readonly colors: Colors;
    readonly interrupted: boolean;
  },
): string {
  const { columns, colors: c, frame } = options;
  const ended = state.done + state.failed;
  const counts = `${formatCount(ended)}/${formatCount(state.items)}`;
  const barWidth = Math.max(0, Math.min(24, columns - textWidth(name) - counts.length - 4));
  const filled = state.items === 0 ? 0 : Math.round((ended / state.items) * barWidth);
  const bar = c.green('━'.repeat(filled)) + c.dim('─'.repeat(barWidth - filled));
  const facts = [
    `${formatCount(state.done)} done`,
    ...(state.round > 1 ? [`round ${state.round}`] : []),
    `${state.running.size} running`,
    `${formatCount(state.failed)} failed`,
    ...(state.resumed > 0 ? [`${formatCount(state.resumed)} resumed`] : []),
    `${formatCount(state.tokens)} tokens`,
    ...(state.cost.usd !== null && state.cost.basis !== 'none' ? [formatUsd(state.cost.usd)] : []),
    formatDuration(options.elapsedMs) + (options.simulated ? ' simulated' : ''),
  ];
  const spinner = FRAMES[frame % FRAMES.length]!;
  const lines = [
    `${c.bold(fitEnd(name, columns - counts.length - 3))} ${bar} ${counts}`,
    `  ${(state.failed > 0 ? c.yellow : c.dim)(fitFacts(facts, columns - 3))}`,
  ];
  const running = [...state.running].slice(0, MAX_ROWS);
  for (const [itemId, activity] of running) {
    const what = printableLine(activity).slice(0, 24);
    const room = columns - textWidth(what) - 8;
    if (room < 8) continue;
    lines.push(`  ${c.cyan(spinner)} ${fitEnd(printableLine(itemId), room)} ${c.dim(what)}`);
  }
  const hidden = state.running.size - running.length;
  if (hidden > 0) lines.push(c.dim(`    and ${hidden} more`));
  if (options.interrupted) lines.push(c.yellow(fitEnd('  ending: Ctrl-C again exits at once', columns - 1)));
  return lines.join('\n');
}

/** As many as there is room for: the first say most. */
function fitFacts(facts: readonly string[], columns: number): string {
  let shown = facts.length;
  while (shown > 1 && textWidth(facts.slice(0, shown).join(' · ')) > columns) shown -= 1;
  return fitEnd(facts.slice(0, shown).join(' · '), columns);
}
