import type { ModelErrorKind, ThreadLossReason } from '../errors.ts';
import type { ModelResponse, Usage } from '../model/model.ts';
import type { ThreadEvent } from '../threads/thread-event.ts';
import type { SessionEventBody } from './events.ts';
import type { SessionStateName } from './session-state.ts';
import type { SettledAs } from './supervisor.ts';

/**
 * Something that happened in a pool. `seq` grows by one from event to event of the pool; `at` is epoch milliseconds, for
 * people. What a session's own readers are told is in it under the same names, and with the same promise: but for text, an
 * event of a session is told after its journal entry. Events of work (steps, model calls, waits) are told as it is done, so
 * that work which is lost and done again is told twice.
 */
export type PoolEvent = { readonly seq: number; readonly at: number } & PoolEventBody;

export type PoolEventBody =
  | ThreadEvent
  | SessionLifeEvent
  | (OfPrompt & SessionEventBody)
  | (OfPrompt & PromptLifeEvent)
  | (OfWork & StepEvent)
  | (OfWork & ModelCallEvent);

interface OfPrompt {
  readonly sessionId: string;
  readonly promptId: string;
}

/** Work that mostly belongs to a prompt: null where a session is only being started, say. */
interface OfWork {
  readonly sessionId: string;
  readonly promptId: string | null;
}

export type SessionLifeEvent = { readonly sessionId: string } & (
  | {
      readonly type: 'session-opened';
      /** `provider:name`. */
      readonly model: string;
      /** The session that this one is a fork of; null for one that was started. */
      readonly forkOf: string | null;
    }
  /** It is in another state. See {@link SessionStateName} for what each means. */
  | { readonly type: 'session-moved'; readonly state: SessionStateName }
  /** It has left memory; its journal is kept. */
  | { readonly type: 'session-parked' }
  /** It is in memory again, or for the first time in this process. */
  | { readonly type: 'session-unparked' }
  | { readonly type: 'session-closed' }
);

/** Besides what a session's own readers are told: those begin to hear when the prompt leaves the mailbox. */
export type PromptLifeEvent =
  /** It is in the mailbox. */
  | {
      readonly type: 'prompt-accepted';
      /** `provider:name`. */
      readonly model: string;
      /** Prompts of the session before it that have not ended. */
      readonly ahead: number;
      /** An earlier process accepted it; this one found it in the store. */
      readonly resumed: boolean;
    }
  /** It has no end here: the pool was closed, and it goes on when the store is opened again, or its journal failed. */
  | { readonly type: 'prompt-left'; readonly reason: 'parked' | 'failed' }
  /** The model is about to be asked. `turn` counts the prompt's model responses from 1. */
  | { readonly type: 'turn-began'; readonly turn: number }
  /** A tool call has its result. Work, too: its journal entry follows. */
  | {
      readonly type: 'call-ended';
      readonly callId: string;
      readonly name: string;
      /** JSON text as the model wrote it. */
      readonly arguments: string;
      readonly content: string;
      readonly isError: boolean;
      /** Where it ran: in a session thread, as a function of the caller, or nowhere: see `settledAs`. */
      readonly place: 'thread' | 'host' | 'nowhere';
      /** Why it was answered in place of its tool; the times are then those of the step that was lost with it. Else null. */
      readonly settledAs: SettledAs | null;
      /** Epoch milliseconds with fractions, by the clock of where it ran. */
      readonly startEpochMs: number;
      readonly endEpochMs: number;
    };

export type StepEvent = { readonly stepId: number } &
  /** It has a thread, after it had waited for one. */
  (
    | { readonly type: 'step-began'; readonly input: 'open' | 'prompt' | 'turn'; readonly waitedMs: number }
    | {
        readonly type: 'step-ended';
        /** `stopped`: it was cancelled before it had run, or what it came to does not count any more. */
        readonly outcome: 'done' | 'failed' | 'lost' | 'stopped';
        /** Of one that was lost; else null. */
        readonly reason: ThreadLossReason | null;
        readonly waitedMs: number;
        /** From its beginning; null when it never had a thread. */
        readonly ranMs: number | null;
      }
  );

export type ModelCallEvent = { readonly modelCallId: number } & (
  | {
      readonly type: 'model-call-began';
      readonly provider: string;
      /** The provider's own name for it. */
      readonly model: string;
      /** From 1, of this turn's. */
      readonly attempt: number;
      readonly options: Readonly<Record<string, unknown>>;
    }
  | {
      readonly type: 'model-call-ended';
      readonly durationMs: number;
      /** From its beginning to the first piece of the answer; null where none came. */
      readonly firstChunkMs: number | null;
      /** Null when it failed. */
      readonly response: ModelResponse | null;
      /** Null when it succeeded. */
      readonly error: {
        readonly kind: ModelErrorKind;
        readonly message: string;
        readonly status: number | null;
        /** What the provider counted all the same. */
        readonly usage: Usage | null;
      } | null;
    }
);
