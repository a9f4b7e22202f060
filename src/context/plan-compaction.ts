import type { Message } from '../model/message.ts';
import { headOf, project, startOfLastTurns, type Compaction } from './compaction.ts';
import { weightOfMessages } from './estimate.ts';

/** A way of sending less, and what it would weigh; see `weightOf`. */
export interface PlannedCompaction {
  readonly compaction: Omit<Compaction, 'afterTokens'>;
  readonly weight: number;
}

/** A conversation and what of it is sent now. */
export interface Planning {
  readonly messages: readonly Message[];
  readonly compaction: Compaction | null;
  /** Turns at the end that stay as they are. */
  readonly keepTurns: number;
}

/** Leaves out long results of old turns; with `keepTurns` 0 those of the last turn, too. */
export function planTrim({ messages, compaction, keepTurns }: Planning): PlannedCompaction {
  const head = headOf(messages);
  const current = compaction ?? { head, replacement: [], promptAt: null, upTo: head, trimBefore: head };
  const { replacement, promptAt, upTo } = current;
  const start = keepTurns === 0 ? messages.length : startOfLastTurns(messages, keepTurns);
  const trimBefore = Math.max(current.trimBefore, start);
  return weighed(messages, { head, replacement, promptAt, upTo, trimBefore });
}

/**
 * Where old turns could end that are to be summarised: with the wanted number of turns after them, then with fewer. Each
 * is after what was left out before, and never in the middle of a turn. Empty when there is nothing to summarise.
 */
export function cutsFor({ messages, compaction, keepTurns }: Planning): readonly number[] {
  const from = compaction?.upTo ?? headOf(messages);
  // A turn whose results the model has not seen yet stays; after a prompt that is new there is none.
  const least = messages.at(-1)?.role === 'user' ? 0 : 1;
  const counts = new Set([keepTurns, Math.ceil(keepTurns / 2), 1, least].filter((count) => count >= least));
  const cuts = Array.from(counts, (count) => startOfLastTurns(messages, count));
  return [...new Set(cuts)].filter((cut) => cut > from);
}

/**
 * Puts a replacement in the place of everything from the head to a cut. The prompt in progress is sent whatever becomes of
 * the rest: where the cut is after it, it follows the replacement.
 * @param promptAt  index of that prompt's message; null when it is not among the messages
 */
export function planReplacement(
  { messages, compaction }: Planning,
  cut: number,
  summary: Message,
  promptAt: number | null,
): PlannedCompaction {
  const head = headOf(messages);
  return weighed(messages, {
    head,
    replacement: [summary],
    promptAt: promptAt !== null && promptAt >= head && promptAt < cut ? promptAt : null,
    upTo: cut,
    trimBefore: Math.max(compaction?.trimBefore ?? 0, cut),
  });
}

function weighed(
  messages: readonly Message[],
  compaction: PlannedCompaction['compaction'],
): PlannedCompaction {
  return { compaction, weight: weightOfMessages(project(messages, compaction)) };
}
