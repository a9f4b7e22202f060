import { join, relative } from 'node:path';
import type { WrittenBatch } from '../batch/batch-output.ts';
import { countOf, formatCount, formatDuration, usageFacts } from '../batch/format.ts';
import { simulatedDoubt, simulatedFacts, simulatedNotice, type SimulatedReport } from '../batch/simulated.ts';
import type { ReportItem } from '../batch/report.ts';
import type { SerializedError } from '../protocol/serialized-error.ts';
import type { ApplyReport } from '../workspace/apply-changes.ts';
import type { BatchEnd } from './batch-end.ts';
import type { Delivered } from './batch-delivery.ts';
import { isBudgetCode } from './batch-end.ts';
import { EXIT } from './exit-code.ts';
import { viewConflicts } from './conflict-view.ts';
import { viewDiffStat, viewDiffs } from './diff-view.ts';
import { printableLine } from './printable.ts';
import type { Colors, Terminal } from './terminal.ts';

const MAX_FAILURES = 10;

/** What a person is told when a batch has ended: what changed, what went wrong, and where everything is. */
export function viewBatch(
  { report, diffs }: WrittenBatch,
  end: BatchEnd & { readonly scripted: boolean; readonly terminal: Terminal },
): string {
  const { terminal } = end;
  const c = terminal.out;
  const { totals } = report;
  const place = (name: string): string => printableLine(shortest(join(end.directory, name)));
  const blocks = [
    end.delivered.to !== 'nowhere' ? '' : viewDiffs(diffs, { colors: c, whole: place(report.merged.patch) }),
    viewDiffStat(diffs, { columns: terminal.columns, colors: c }),
    viewFailures(report.items, c),
    viewConflicts(report.conflicts, { columns: terminal.columns, colors: c }),
  ];
  const isGood = end.exitCode === EXIT.done;
  const mark = isGood ? c.green('✔') : c.red('✘');
  const headline = [
    `${formatCount(totals.done)} of ${formatCount(totals.items)} items done in ${formatDuration(report.durationMs)}`,
    countOf(totals.turns, 'turn'),
    ...usageFacts(totals.usage, totals.savedByCacheUsd),
    ...(totals.conflicts > 0 ? [`${formatCount(totals.conflicts)} in conflict`] : []),
    ...(report.rounds > 1 ? [`${report.rounds} rounds`] : []),
    ...(report.interrupted ? ['interrupted'] : []),
    ...(end.doneBefore > 0 ? [`${formatCount(end.doneBefore)} by an earlier run`] : []),
  ].join(' · ');
  const lines = [`${mark} ${c.bold(headline)}`];
  if (end.doneBefore === totals.items)
    lines.push('  Everything was done already: nothing was run, and the report was written again.');
  if (report.stoppedBy)
    lines.push(
      c.red(`  stopped: ${stopReason(report.stoppedBy)}: ${printableLine(report.stoppedBy.message)}`),
    );
  if (report.simulated) lines.push(...viewSimulated(report.simulated, report.totals.usage.cost.usd, c));
  else if (end.scripted) lines.push(c.dim('  A scripted model answered: no language model was used.'));
  lines.push(`  ${c.dim('patch ')} ${place(report.merged.patch)}`);
  lines.push(`  ${c.dim('report')} ${place('report.html')}`);
  if (end.problem)
    lines.push(c.red(`  ${printableLine(end.problem.message)} The merged patch has the changes.`));
  else if (end.delivered.to !== 'nowhere') {
    lines.push(...viewDelivered(end.delivered));
    if (report.conflicts.length > 0)
      lines.push(c.red(`  What is in conflict was not written: ${someOf(report.conflicts)}.`));
  } else if (diffs.length > 0 && !report.simulated)
    lines.push(
      c.dim(
        `  No file was written; to take the changes over:
  ${printableLine(report.merged.applyCommand)}`,
      ),
    );
  if (end.resume !== null) {
    const how = end.exitCode === EXIT.budget ? ', with a higher budget (--budget-usd and the like)' : '';
    lines.push(c.dim(`  To run what is not done${how}:\n  ${printableLine(end.resume)}`));
  }
  blocks.push(lines.join('\n'));
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

/** Loudly: figures that look like a real run's are none. @param usd  of all responses, null where it is not known */
function viewSimulated(simulated: SimulatedReport, usd: number | null, c: Colors): string[] {
  const doubt = simulatedDoubt(simulated);
  return [
    c.yellow(`  ${printableLine(simulatedNotice(simulated, usd))}`),
    ...(doubt === undefined ? [] : [c.red(`  ${doubt}`)]),
    `  ${c.dim('provider')} ${simulatedFacts(simulated).join(' · ')}`,
  ];
}

function stopReason({ code }: SerializedError): string {
  if (code === 'model_error') return 'the first items all failed with';
  return isBudgetCode(code) ? 'no more may be spent' : 'nothing more can be kept';
}

function viewDelivered(delivered: Exclude<Delivered, { to: 'nowhere' }>): string[] {
  switch (delivered.to) {
    case 'files':
      return ['  The changes were written to the files.', ...viewMerged(delivered.report)];
    case 'branch':
      if (delivered.commit === null) return ['  There was nothing to commit: no branch was made.'];
      return [
        `  The changes were committed to the branch ${printableLine(delivered.branch)} (${delivered.commit.slice(0, 10)}).`,
      ];
    case 'worktree':
      return [
        `  The changes were written to the worktree ${printableLine(shortest(delivered.path))}`,
        `  on the branch ${printableLine(delivered.branch)}. They are not committed.`,
        ...viewMerged(delivered.report),
      ];
  }
}

/** Files where somebody else's changes were kept. */
function viewMerged({ files }: ApplyReport): string[] {
  const merged = files.filter(({ outcome }) => outcome === 'merged').map(({ path }) => ({ path }));
  return merged.length === 0 ? [] : [`  Merged with what had changed there meanwhile: ${someOf(merged)}.`];
}

/** The first of many paths. */
function someOf(conflicts: readonly { readonly path: string }[]): string {
  const shown = conflicts.slice(0, MAX_FAILURES).map(({ path }) => printableLine(path));
  const hidden = conflicts.length - shown.length;
  return shown.join(', ') + (hidden > 0 ? ` and ${formatCount(hidden)} more` : '');
}

function viewFailures(items: readonly ReportItem[], c: Colors): string {
  const failed = items.filter((item) => item.status === 'failed');
  const lines = failed.slice(0, MAX_FAILURES).map(({ id, stopReason, error }) => {
    const why = error?.message ?? stopReason ?? 'failed';
    return `  ${c.red('failed')} ${printableLine(id)} ${c.dim(printableLine(why))}`;
  });
  if (failed.length > lines.length)
    lines.push(c.dim(`    and ${formatCount(failed.length - lines.length)} more`));
  return lines.join('\n');
}

/** A path as a person would type it from here. */
function shortest(path: string): string {
  const fromHere = relative('.', path);
  return fromHere.startsWith('..') ? path : fromHere;
}
