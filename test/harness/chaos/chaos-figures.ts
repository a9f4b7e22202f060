import type { Violations } from '../shared/violations.ts';
import { atLeast, atMost, none, told, type Figure } from '../shared/figures.ts';
import { quantile } from '../shared/machine.ts';
import type { HistoryCheck } from './check-history.ts';
import type { HistoryLine } from './history.ts';
import { FAULTS } from './plan.ts';

/** With so many faults, none of its kinds may be missing. */
const RARE = 300;

/** The figures of R1 and R2, beside their goals. @param timed  also those that a busy machine spoils */
export function chaosFigures(
  history: readonly HistoryLine[],
  { operations, journaled }: HistoryCheck,
  violations: Violations,
  options: { readonly faults: number; readonly timed: boolean },
): Figure[] {
  const faults = new Map<string, number>();
  for (const line of history) {
    if (line.type === 'fault') faults.set(line.fault, (faults.get(line.fault) ?? 0) + 1);
  }
  const kinds = [...new Set(['model', 'cancel', ...Object.keys(FAULTS), ...faults.keys()])];
  const recoveries = recoveryTimes(history);
  const figures = [
    atLeast(
      'faults',
      options.faults,
      [...faults.values()].reduce((sum, count) => sum + count, 0),
    ),
    told('prompts sent', operations.length),
    told('prompts kept', journaled.size),
    none('acknowledged and lost', violations.count('lost', 'never ended', 'does not fold')),
    none('doubled', violations.count('doubled prompt', 'answered twice')),
    none('ends that are not exactly one', violations.count('terminal events', 'ended twice')),
    none('out of order', violations.count('order')),
    none('calls without their answer', violations.count('unanswered call', 'wrong result', 'wrong response')),
    none('file trees that differ from the plan', violations.count('wrong tree')),
    none('errors of others', violations.count('error of another')),
    none('prompts of targets that ended wrongly', violations.count('wrong end', 'refused')),
    told('threads lost', recoveries.lost),
  ];
  for (const kind of kinds) {
    const count = faults.get(kind) ?? 0;
    figures.push(options.faults < RARE ? told(`fault: ${kind}`, count) : atLeast(`fault: ${kind}`, 1, count));
  }
  const figure = (name: string): number =>
    history.flatMap((line) => (line.type === 'figure' && line.name === name ? [line.value] : []))[0] ?? NaN;
  figures.push(none('kinds of handles left', figure('handles left')));
  if (!options.timed) return figures;
  const calm = durations(operations, 'calm');
  const storm = durations(operations, 'storm');
  const base = quantile(calm, 0.99);
  return [
    ...figures,
    told('others without faults: prompts, p50', `${calm.length}, ${Math.round(quantile(calm, 0.5))} ms`),
    told('others beside faults: prompts, p50', `${storm.length}, ${Math.round(quantile(storm, 0.5))} ms`),
    told('others without faults: p99', `${Math.round(base)} ms`),
    atMost('others beside faults: p99', 1.25 * base + 50, quantile(storm, 0.99), 'ms'),
    atMost('recovery of a lost thread: p50', 300, quantile(recoveries.times, 0.5), 'ms'),
    atMost('recovery of a lost thread: p99', 1_500, quantile(recoveries.times, 0.99), 'ms'),
    atMost('main thread late: p99', 50, figure('loop delay p99'), 'ms'),
    atMost('resident memory over that of the first calm', 64, figure('resident memory over calm'), 'MiB'),
  ];
}

/** Of prompts of sessions that are no targets, in milliseconds. */
function durations(operations: HistoryCheck['operations'], mood: 'calm' | 'storm'): number[] {
  return operations.flatMap(({ invoke, ends: [end] }) =>
    invoke.other && invoke.mood === mood && !invoke.again && end ? [end.t - invoke.t] : [],
  );
}

/**
 * From noticing that a thread is lost to the step's next outcome, which is an upper bound: the step's own work is in it.
 * A step that runs out of memory a second time takes what that takes, and is left out.
 */
function recoveryTimes(history: readonly HistoryLine[]): { readonly lost: number; readonly times: number[] } {
  const open = new Map<string, Extract<HistoryLine, { type: 'lost' }>>();
  const times: number[] = [];
  let lost = 0;
  for (const line of history) {
    if (line.type === 'again') {
      const since = open.get(line.session);
      if (since && since.reason !== 'memory') times.push(line.t - since.t);
      open.delete(line.session);
    } else if (line.type === 'lost') {
      lost += 1;
      open.set(line.session, line);
    }
  }
  return { lost, times };
}
