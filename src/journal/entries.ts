import type { Compaction } from '../context/compaction.ts';
import type { ModelErrorKind, ThreadLossReason } from '../errors.ts';
import type { ModelResponse, OutputSchema, Priority, Usage } from '../model/model.ts';
import type { BudgetOptions, ReachedBudget } from '../protocol/budget.ts';
import type { Opening, SessionSpec, StepNext } from '../protocol/messages.ts';
import type { ToolResult } from '../tools/tool.ts';
import type { FileChange } from '../workspace/workspace.ts';
import type { ContentPart, Message } from '../model/message.ts';
import type { FailedAttempt } from './failed-attempts.ts';

/**
 * Why a prompt ended. `interrupted`: its process died, and the pool that found it was asked to report and not to finish.
 * `invalid-output`: the answer was not the value that was asked for, also when the model had been told so. `context-full`: the
 * conversation does not fit in the model's window, and no more of it can be left out. `loop`: the model made the same calls
 * with the same results again and again. `budget`: going on would have gone over a budget that ends prompts.
 */
export type StopReason =
  | 'end'
  | 'max-turns'
  | 'cancelled'
  | 'timeout'
  | 'crashed'
  | 'model-error'
  | 'invalid-output'
  | 'interrupted'
  | 'budget'
  | 'context-full'
  | 'loop';

/**
 * How a conversation was made to fit: `trimmed` — long results of old calls are left out; `summarised` — old turns are
 * replaced by the model's own summary; `listed` — by a list of what was done, since the model gave no summary.
 */
export type CompactionKind = 'trimmed' | 'summarised' | 'listed';

/** What ended a prompt with `model-error`, `invalid-output`, `context-full`, `loop` or `crashed`. */
export interface PromptError {
  readonly code: string;
  readonly message: string;
  /** Of a model error: what went wrong with the call, as one word. */
  readonly kind?: ModelErrorKind;
  /** Of a model error: the HTTP status; null where there was none. */
  readonly status?: number | null;
  /** Of a model error: whether the same prompt could succeed later. */
  readonly retryable?: boolean;
  /** Of `budget_reached` and `price_unknown`: the limit that was reached. */
  readonly budget?: ReachedBudget;
}

/**
 * The record of a session, append-only and in order. A session's state is only ever a fold of it, and nothing is
 * acknowledged to anybody before its entry is written. Times are epoch milliseconds, for people; order is the
 * entries' own.
 */
export type JournalEntry =
  | { readonly type: 'opened'; readonly spec: SessionSpec; readonly at: number }
  | {
      readonly type: 'prompt-accepted';
      readonly promptId: string;
      readonly text: string;
      /** The texts and the images, in order; absent where there are no images. */
      readonly content?: readonly ContentPart[];
      /** The form that the answer is to have; absent for text. */
      readonly schema?: OutputSchema;
      /** Given by the caller: a second prompt with the same key is this one. */
      readonly idempotencyKey?: string;
      /** Absent for the session's. */
      readonly priority?: Priority;
      readonly at: number;
    }
  /** A step goes to a thread; `input` says with what, by kind: the rest follows from the entries before. */
  | { readonly type: 'step-began'; readonly stepId: number; readonly input: 'open' | 'prompt' | 'turn' }
  | {
      readonly type: 'step-ended';
      readonly stepId: number;
      readonly opening: Opening | null;
      readonly results: readonly ToolResult[];
      readonly changes: readonly FileChange[];
      /** Paths of `changes` that secrets were taken out of: the thread still has them as they were. */
      readonly redacted?: readonly string[];
      readonly next: StepNext;
      /** It ran nothing and was in no thread: no `step-began` is before it, and threads know nothing of it. */
      readonly threadless?: true;
    }
  /** The thread, or its process, died in the step; `suspects` are the calls that were running. */
  | {
      readonly type: 'step-lost';
      readonly stepId: number;
      readonly reason: ThreadLossReason;
      readonly suspects: readonly string[];
      readonly message: string;
    }
  /** A call was answered in place of its tool: it timed out, killed its thread twice, or was not run. */
  | { readonly type: 'call-settled'; readonly result: ToolResult }
  | {
      readonly type: 'model-responded';
      /** Its usage says what it has cost, as far as that was known when it came. */
      readonly response: ModelResponse;
      /** `provider:name` of the fallback that gave it; absent where the session's own model did. */
      readonly model?: string;
      /** What came to nothing before. */
      readonly failedAttempts?: readonly FailedAttempt[];
      readonly at?: number;
    }
  /** Requests of a turn that has no response yet, and that is left as it is: its prompt waits, or its pool ends. */
  | {
      readonly type: 'attempts-failed';
      readonly failedAttempts: readonly FailedAttempt[];
      readonly at: number;
    }
  /** What is sent of the conversation from now on; the conversation itself is kept whole. */
  | {
      readonly type: 'compacted';
      readonly how: CompactionKind;
      readonly compaction: Compaction;
      /** Tokens of what was sent before, as they were estimated. */
      readonly beforeTokens: number;
      /** Of the summary; null where the model was not asked. */
      readonly usage: Usage | null;
      readonly at: number;
    }
  /** The intent of an outside effect: from here on it may have happened. */
  | { readonly type: 'effect-began'; readonly callId: string }
  | {
      readonly type: 'effect-ended';
      readonly result: ToolResult;
      readonly changes: readonly FileChange[];
    }
  | {
      readonly type: 'prompt-ended';
      readonly promptId: string;
      readonly stopReason: StopReason;
      readonly error: PromptError | null;
      /** Of the turn that had no response. */
      readonly failedAttempts?: readonly FailedAttempt[];
      readonly at: number;
    }
  /**
   * The conversation and the files are those of an earlier point: of this session (an undo), or of the one that it was
   * forked from; then it comes right after `opened`. Whole in itself: what it was taken from may be gone.
   */
  | {
      readonly type: 'restored';
      /** The point: right after a prompt had ended, or, with null, the session's start. */
      readonly from: { readonly sessionId: string; readonly promptId: string | null };
      /** How many of the session's messages stay, from the first on; `messages` come after them. */
      readonly keptMessages: number;
      readonly messages: readonly Message[];
      /** What was sent of the conversation there; absent where all was. */
      readonly compaction?: Compaction;
      /** All that is changed over the base images, in order of last change. */
      readonly overlay: readonly FileChange[];
      /** What a fork's requests begin with, as its parent's did; null in an undo, and where there was no request yet. */
      readonly opening: Opening | null;
      /** Stands for the step that left these files: no thread has a volume of that number. */
      readonly stepId: number;
      readonly at: number;
    }
  /** The next model request would go over a limit: the prompt waits, or, by `action`, ends. */
  | ({ readonly type: 'budget-reached'; readonly at: number } & ReachedBudget)
  /** The prompt that waited goes on. */
  | { readonly type: 'resumed'; readonly at: number }
  /** The session's own budget from here on; null for no limit. */
  | { readonly type: 'budget-set'; readonly budget: BudgetOptions | null; readonly at: number }
  /** The process ended in the middle of the active prompt, in no step; another one goes on with it. */
  | { readonly type: 'taken-up'; readonly at: number }
  /** Its threads died again and again: it takes no prompts until it is released. */
  | { readonly type: 'quarantined'; readonly reason: string; readonly at: number }
  | { readonly type: 'released'; readonly at: number }
  | { readonly type: 'closed'; readonly at: number };
