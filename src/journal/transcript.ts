import { describeContent } from '../model/content.ts';
import type { Message } from '../model/message.ts';
import type { BudgetOptions, ReachedBudget } from '../protocol/budget.ts';
import type { CompactionKind, JournalEntry, PromptError, StopReason } from './entries.ts';
import { SessionRecord } from './session-record.ts';

/** What happened in a session, as people tell it. Times are epoch milliseconds. */
export type TranscriptItem =
  | { readonly type: 'message'; readonly message: Message }
  | {
      readonly type: 'prompt-ended';
      readonly promptId: string;
      readonly stopReason: StopReason;
      readonly error: PromptError | null;
      readonly at: number;
    }
  /** It was accepted and has not ended. `isBegun`: its text is among the messages. */
  | {
      readonly type: 'prompt-open';
      readonly promptId: string;
      readonly text: string;
      readonly isBegun: boolean;
    }
  /** The conversation before this is that of another session, up to the end of that prompt; null: its start. */
  | {
      readonly type: 'forked';
      readonly from: { readonly sessionId: string; readonly promptId: string | null };
      readonly at: number;
    }
  /** What came after the end of this prompt, or with null after the session's start, was taken back. */
  | { readonly type: 'undone'; readonly to: string | null; readonly at: number }
  | { readonly type: 'budget-reached'; readonly reached: ReachedBudget; readonly at: number }
  /** The prompt that a budget had stopped goes on. */
  | { readonly type: 'resumed'; readonly at: number }
  /** Null: without a limit from here on. */
  | { readonly type: 'budget-set'; readonly budget: BudgetOptions | null; readonly at: number }
  /** From here on less of what is before it was sent to the model; `replacement` stands for what is left out of it. */
  | {
      readonly type: 'compacted';
      readonly how: CompactionKind;
      readonly beforeTokens: number;
      readonly afterTokens: number;
      readonly replacement: readonly Message[];
      readonly at: number;
    }
  | { readonly type: 'quarantined'; readonly reason: string; readonly at: number }
  | { readonly type: 'released'; readonly at: number }
  | { readonly type: 'closed'; readonly at: number };

/**
 * A session's journal as a transcript, in order; prompts that have not ended are last. Results of a turn that is still
 * open are not in it yet. What was undone stays in it: it tells what happened, not where the session is.
 * @param entries  the whole journal; the first is `opened`
 */
export function transcriptOf(entries: readonly JournalEntry[]): TranscriptItem[] {
  const items: TranscriptItem[] = [];
  const record = SessionRecord.fold(entries.slice(0, 1));
  const { messages } = record.conversation;
  let shown = 0;
  for (const entry of entries.slice(1)) {
    record.apply(entry);
    // After an undo the conversation is one that was told already.
    const isUndo = entry.type === 'restored' && entry.from.sessionId === record.spec.sessionId;
    if (!isUndo) for (const message of messages.slice(shown)) items.push({ type: 'message', message });
    shown = messages.length;
    switch (entry.type) {
      case 'prompt-ended': {
        const { promptId, stopReason, error, at } = entry;
        items.push({ type: 'prompt-ended', promptId, stopReason, error, at });
        break;
      }
      case 'restored': {
        const { from, at } = entry;
        items.push(isUndo ? { type: 'undone', to: from.promptId, at } : { type: 'forked', from, at });
        break;
      }
      case 'budget-reached': {
        const { type, at, ...reached } = entry;
        items.push({ type, reached, at });
        break;
      }
      case 'budget-set':
        items.push({ type: 'budget-set', budget: entry.budget, at: entry.at });
        break;
      case 'compacted': {
        const { how, beforeTokens, at } = entry;
        const { afterTokens, replacement } = entry.compaction;
        items.push({ type: 'compacted', how, beforeTokens, afterTokens, replacement, at });
        break;
      }
      case 'quarantined':
        items.push({ type: 'quarantined', reason: entry.reason, at: entry.at });
        break;
      case 'resumed':
      case 'released':
      case 'closed':
        items.push({ type: entry.type, at: entry.at });
        break;
      case 'opened':
      case 'prompt-accepted':
      case 'step-began':
      case 'step-ended':
      case 'step-lost':
      case 'taken-up':
      case 'call-settled':
      case 'model-responded':
      case 'attempts-failed':
      case 'effect-began':
      case 'effect-ended':
        break;
    }
  }
  const { active, queue } = record;
  for (const prompt of active ? [active, ...queue] : queue) {
    const { promptId } = prompt;
    const text = describeContent(prompt.content ?? prompt.text);
    const isBegun = active?.promptId === promptId && active.phase.at !== 'prompt';
    items.push({ type: 'prompt-open', promptId, text, isBegun });
  }
  return items;
}
