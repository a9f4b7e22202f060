import { countOf, formatDuration } from '../batch/format.ts';
import type { ReachedBudget } from '../protocol/budget.ts';
import type { Dispatched } from './dispatch.ts';
import type { TimeTrouble } from './meter.ts';
import type { BenchPlan } from './plan.ts';
import type { BenchMark, BenchSimulation, TargetResult } from './result.ts';

/** Starts that are later than this are late. */
const LATE_MS = 50;
/** From this share of late starts on, a run is saturated. */
const LATE_SHARE = 0.05;
/** Below it the 99th percentile is no more than the one or two slowest. */
const ENOUGH_SAMPLES = 100;

/** What is known of a run when it has ended. */
export interface RunFacts {
  readonly plan: BenchPlan;
  readonly targets: readonly TargetFacts[];
  readonly interrupted: boolean;
  readonly reachedBudget: ReachedBudget | null;
  /** Prompts that were running when the run was ended from outside. */
  readonly cutOff: number;
  /** Conversations whose check did not come to run. */
  readonly unchecked: number;
  readonly time: TimeTrouble;
  /** Who answered instead of the targets’ providers; undefined where they were asked. */
  readonly simulated?: BenchSimulation | undefined;
}

export interface TargetFacts {
  readonly result: TargetResult;
  readonly dispatched: Dispatched;
  /** How late each measured conversation began. */
  readonly delaysMs: readonly number[];
  /** No more were begun, since the first ones had all failed; with the last error's text. */
  readonly gaveUp: string | null;
}

/** What a reader must know before trusting the figures. */
export function marksOf(facts: RunFacts): readonly BenchMark[] {
  const { plan, targets, interrupted, reachedBudget, time, simulated } = facts;
  const cut = whatIsMissing(facts);
  return [
    ...(simulated
      ? [
          {
            code: 'simulated' as const,
            message: `No language model was asked: a provider was simulated by the profile ${simulated.name}. Latencies, answers and failures are the profile's, and the cost is an estimate by its prices.`,
          },
        ]
      : []),
    ...(interrupted
      ? [{ code: 'interrupted' as const, message: `The run was interrupted before its end${cut}.` }]
      : []),
    ...(reachedBudget
      ? [
          {
            code: 'budget-reached' as const,
            message: `The budget (${reachedBudget.limit} ${reachedBudget.what}) was reached before the end of the run${cut}.`,
          },
        ]
      : []),
    ...targets.flatMap((target) => marksOfTarget(target, plan)),
    ...checkMarks(plan, targets),
    ...timeMarks(time),
  ];
}

function whatIsMissing({ cutOff, unchecked }: RunFacts): string {
  const parts = [
    ...(cutOff > 0
      ? [`${countOf(cutOff, 'prompt')} that had not ended ${cutOff === 1 ? 'is' : 'are'} not counted`]
      : []),
    ...(unchecked > 0
      ? [`${countOf(unchecked, 'conversation')} ${unchecked === 1 ? 'was' : 'were'} not checked`]
      : []),
  ];
  return parts.length === 0 ? '' : `: ${parts.join(', and ')}`;
}

function marksOfTarget({ result, dispatched, delaysMs, gaveUp }: TargetFacts, plan: BenchPlan): BenchMark[] {
  const { name: target, measures } = result;
  const marks: BenchMark[] = [];
  const failed = Object.values(measures.errors).reduce((a, b) => a + b, 0);
  if (gaveUp !== null || (measures.prompts > 0 && failed === measures.prompts)) {
    const why = Object.keys(measures.errors)[0];
    marks.push({
      code: 'all-failed',
      target,
      message:
        `${target}: no prompt came to its end` +
        (gaveUp === null ? ` (${why}).` : `, and no more were sent after the first ones: ${gaveUp}`),
    });
  } else if (measures.prompts < ENOUGH_SAMPLES) {
    marks.push({
      code: 'few-samples',
      target,
      message: `${target}: of ${countOf(measures.prompts, 'prompt')} the 99th percentile is the slowest one or two; take at least ${ENOUGH_SAMPLES}.`,
    });
  }
  const late = delaysMs.filter((delayMs) => delayMs > LATE_MS).length;
  if (plan.arrival.kind !== 'closed' && late > 0 && late >= LATE_SHARE * delaysMs.length) {
    const worst = delaysMs.reduce((most, delayMs) => Math.max(most, delayMs), 0);
    const why =
      dispatched.heldBack > 0
        ? `${countOf(dispatched.heldBack, 'conversation')} had to wait because maxAtOnce (${plan.arrival.maxAtOnce}) were running`
        : 'this machine could not begin them in time';
    marks.push({
      code: 'saturated',
      target,
      message:
        `${target}: ${late} of ${countOf(delaysMs.length, 'conversation')} began more than ${LATE_MS} ms later than they were due, ` +
        `at worst ${formatDuration(worst)}: ${why}. Latencies include these delays; the rate that was asked for was not reached.`,
    });
  }
  return marks;
}

/** A check that nobody passes at any target is more likely to be wrong than all of them. */
function checkMarks({ scenarios }: BenchPlan, targets: readonly TargetFacts[]): BenchMark[] {
  return scenarios.flatMap(({ name, check }): BenchMark[] => {
    if (!check) return [];
    const found = targets.map(
      ({ result }) => result.scenarios.find((scenario) => scenario.name === name)?.measures.success,
    );
    const checked = found.reduce((sum, success) => sum + (success?.checked ?? 0), 0);
    const passed = found.reduce((sum, success) => sum + (success?.passed ?? 0), 0);
    if (checked === 0 || passed > 0) return [];
    return [
      {
        code: 'check-never-passed',
        message: `Scenario ${name}: none of ${countOf(checked, 'conversation')} passed its check; the check itself may be wrong.`,
      },
    ];
  });
}

function timeMarks({ jumps, standstills }: TimeTrouble): BenchMark[] {
  const code = 'clock-jumped';
  return [
    ...(jumps.length === 0
      ? []
      : [
          {
            code,
            message:
              `The wall clock was set by ${jumps.map((ms) => `${ms > 0 ? '+' : '-'}${formatDuration(Math.abs(ms))}`).join(', ')} during the run, or the machine slept. ` +
              'Times are measured on a clock that this does not change, but what providers say of limits may be.',
          } as const,
        ]),
    ...(standstills.length === 0
      ? []
      : [
          {
            code,
            message:
              `The process stood still for ${standstills.map(formatDuration).join(', ')}: timers were suspended, ` +
              'and what was running then looks slower by as much.',
          } as const,
        ]),
  ];
}
