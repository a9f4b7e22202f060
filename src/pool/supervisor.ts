import type { ThreadLossReason } from '../errors.ts';
import type { ToolCall, ToolResult } from '../tools/tool.ts';

/** A thread died in a step. */
export interface Loss {
  readonly reason: ThreadLossReason;
  /** Calls that were running when it died. */
  readonly suspects: readonly string[];
  /** Calls that had begun in the step, running or ended. */
  readonly touched: readonly string[];
}

/** What is known of the prompt, with this loss counted in. */
export interface LossHistory {
  /** Threads that died while a call was running. */
  readonly deaths: ReadonlyMap<string, number>;
  /** Outside effects whose intent is journalled. */
  readonly begun: ReadonlySet<string>;
  /** Threads lost since the prompt last got anywhere. */
  readonly losses: number;
  /** Processes lost with one of its steps in them since then; often for no fault of its own. */
  readonly processLosses: number;
}

/** Why a call was answered in place of its tool; stands in the result that the model reads. */
export type SettledAs = 'timed_out' | 'tool_crashed' | 'outcome_unknown' | 'not_run';

export type Verdict =
  /** Run the step again, elsewhere, from the same state. */
  | { readonly do: 'rerun' }
  /** Answer the calls in place of their tools, then run the step again. */
  | {
      readonly do: 'settle';
      readonly callIds: readonly string[];
      readonly as: Exclude<SettledAs, 'not_run'>;
    }
  /** End the prompt with `crashed`; the session stays usable. */
  | { readonly do: 'give-up' };

/** A call that killed this many threads is not run again. */
export const MAX_DEATHS_OF_A_CALL = 2;
/** Losses without a culprit and without progress that end the prompt. Counted, not timed: a slow death loop is one too. */
export const MAX_LOSSES_WITHOUT_CULPRIT = 3;
/**
 * The same for processes. Many sessions have a step in a process when it dies, so it takes more to tell the one that
 * ends it each time from those that were there by chance.
 */
export const MAX_PROCESS_LOSSES = 10;
/** Lost threads, for whatever reason, without progress that end the prompt, whoever is suspected. */
export const MAX_LOSSES = 6;

/** Prompts in a row that ended with `crashed`, without a step that came to its end: the session is quarantined. */
export const QUARANTINE_AFTER = 3;

/** How long to wait before a step is run again: not at all the first time, then longer and longer. */
export function rerunDelayMs(losses: number): number {
  return losses <= 1 ? 0 : Math.min(25 * 2 ** (losses - 2), MAX_RERUN_DELAY_MS);
}

const MAX_RERUN_DELAY_MS = 400;

/** Decides from a thread's exit what becomes of its step. Pure. */
export function supervise(loss: Loss, history: LossHistory): Verdict {
  // Its result died with the thread, whether or not it had ended: the effect may have happened.
  const begun = loss.touched.filter((callId) => history.begun.has(callId));
  if (begun.length > 0) return { do: 'settle', callIds: begun, as: 'outcome_unknown' };
  if (history.losses >= MAX_LOSSES) return { do: 'give-up' };
  const [culprit, ...others] = loss.suspects;
  if (culprit === undefined && loss.reason === 'process') {
    return history.processLosses >= MAX_PROCESS_LOSSES ? { do: 'give-up' } : { do: 'rerun' };
  }
  if (culprit === undefined) {
    return history.losses >= MAX_LOSSES_WITHOUT_CULPRIT ? { do: 'give-up' } : { do: 'rerun' };
  }
  // Several calls ran at once: the re-run takes them one by one and will tell which it was.
  if (others.length > 0) return { do: 'rerun' };
  if (loss.reason === 'deadline') return { do: 'settle', callIds: [culprit], as: 'timed_out' };
  if ((history.deaths.get(culprit) ?? 0) >= MAX_DEATHS_OF_A_CALL) {
    return { do: 'settle', callIds: [culprit], as: 'tool_crashed' };
  }
  return { do: 'rerun' };
}

/** The result of a call whose tool did not give one. */
export function settledResult(call: ToolCall, as: SettledAs, because: string): ToolResult {
  return {
    callId: call.id,
    name: call.name,
    content: `Error: ${as}: ${SETTLED_TEXT[as](because)}`,
    isError: true,
  };
}

const SETTLED_TEXT: Readonly<Record<SettledAs, (because: string) => string>> = {
  timed_out: () => 'this call took longer than it may; nothing it did was kept. Try a smaller piece of work.',
  tool_crashed: (because) =>
    `this call ended its thread ${MAX_DEATHS_OF_A_CALL} times (${because}); nothing it did was kept. Try another way.`,
  outcome_unknown: (because) =>
    `the thread was lost while this call ran (${because}); what it did outside may or may not have happened. Check before you repeat it.`,
  not_run: (because) => `the prompt ended (${because}) before this call was run.`,
};
