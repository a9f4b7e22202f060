import type { ModelErrorKind, ThreadLossReason } from '../errors.ts';
import type { CompactionKind } from '../journal/entries.ts';
import type { WaitReason } from '../gate/admission.ts';
import type { Usage } from '../model/model.ts';
import type { ReachedBudget } from '../protocol/budget.ts';
import type { PromptResult } from './prompt-result.ts';

/**
 * What happens in a prompt, in order. `seq` grows by one within a session. Exactly one `prompt-ended` a prompt, and
 * it is the last. Text is shown as it arrives; everything else is told after it is journalled, so a tool that had to
 * be run again on another thread is told once.
 */
export type SessionEvent = {
  readonly sessionId: string;
  readonly promptId: string;
  readonly seq: number;
} & SessionEventBody;

export type SessionEventBody =
  /** The prompt has left the mailbox. */
  | { readonly type: 'prompt-started' }
  /** A piece of the model's text. `turn` counts the prompt's model responses from 1. */
  | { readonly type: 'text'; readonly turn: number; readonly text: string }
  | { readonly type: 'reasoning'; readonly turn: number; readonly text: string }
  /** The request waits at the gate, as it begins to: for `reason`, and about `expectedMs`, if that can be known. */
  | {
      readonly type: 'gate-waiting';
      readonly turn: number;
      /** `provider:name`. */
      readonly model: string;
      readonly reason: WaitReason;
      readonly expectedMs: number | null;
    }
  /** The request that waited goes to the model now. */
  | {
      readonly type: 'gate-admitted';
      readonly turn: number;
      readonly model: string;
      readonly waitedMs: number;
    }
  /** The request that waited is not sent: the prompt was cancelled, it waited for too long, or another model is asked. */
  | {
      readonly type: 'gate-left';
      readonly turn: number;
      readonly model: string;
      readonly kind: ModelErrorKind;
      readonly waitedMs: number;
    }
  /** The model call failed and will be made again after `delayMs`, or later if the gate makes it wait. */
  | {
      readonly type: 'model-retried';
      readonly turn: number;
      readonly model: string;
      readonly attempt: number;
      readonly kind: ModelErrorKind;
      readonly message: string;
      readonly delayMs: number;
      /** Text of this attempt was told: it is void. */
      readonly discarded: boolean;
    }
  /** A model has been given up for this turn, and the next one is asked. */
  | {
      readonly type: 'model-fell-back';
      readonly turn: number;
      readonly from: string;
      readonly to: string;
      readonly kind: ModelErrorKind;
      readonly message: string;
      /** Text of the last attempt was told: it is void. */
      readonly discarded: boolean;
    }
  /** A tool call goes to the session's thread (or to the caller's function). */
  | {
      readonly type: 'tool-started';
      readonly turn: number;
      readonly callId: string;
      readonly name: string;
      /** JSON text as the model wrote it. */
      readonly arguments: string;
    }
  | {
      readonly type: 'tool-ended';
      readonly turn: number;
      readonly callId: string;
      readonly name: string;
      readonly content: string;
      readonly isError: boolean;
    }
  /** The session's thread died; the step is run again from the same state. */
  | { readonly type: 'step-retried'; readonly reason: ThreadLossReason; readonly message: string }
  /** The model's provider does not take the schema; the same is asked again in words, and so it is from now on in this pool. */
  | {
      readonly type: 'schema-refused';
      readonly turn: number;
      readonly model: string;
      readonly message: string;
    }
  /** The answer is not the value that was asked for; the model is told this, and asked once more. */
  | { readonly type: 'output-refused'; readonly turn: number; readonly message: string }
  /**
   * The next model request would go over a budget. With `action` `pause` the prompt waits until that is raised, with `end`
   * it ends now.
   */
  | ({ readonly type: 'budget' } & ReachedBudget)
  /** The prompt that waited at a budget goes on. */
  | { readonly type: 'resumed' }
  /** From here on less of the conversation is sent to the model, since it would not fit or did not. Tokens are estimates. */
  | {
      readonly type: 'compacted';
      readonly turn: number;
      readonly how: CompactionKind;
      readonly beforeTokens: number;
      readonly afterTokens: number;
    }
  /** A call gave the same result again, `count` times by now; the model is told so with the result. */
  | {
      readonly type: 'loop-warned';
      readonly turn: number;
      readonly callId: string;
      readonly name: string;
      readonly arguments: string;
      readonly count: number;
    }
  /** The response and all the calls it asked for are done. */
  | { readonly type: 'turn-ended'; readonly turn: number; readonly text: string; readonly usage: Usage }
  | { readonly type: 'prompt-ended'; readonly result: PromptResult };
