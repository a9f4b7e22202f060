import { NO_USAGE, type FinishReason, type Usage } from '../model/model.ts';
import type { StopReason } from './entries.ts';
import type { ToolCall, ToolResult } from '../tools/tool.ts';

/** A prompt that was accepted and has not begun. */
export interface QueuedPrompt {
  readonly promptId: string;
  readonly text: string;
  /** Epoch milliseconds. */
  readonly acceptedAt: number;
}

/** What the active prompt needs next. */
export type PromptPhase =
  | { readonly at: 'prompt' }
  | { readonly at: 'model' }
  | { readonly at: 'turn' }
  | { readonly at: 'outside'; readonly callIds: readonly string[] }
  | { readonly at: 'over'; readonly stopReason: StopReason };

/** One model response that asked for tools, and how far its calls have come. */
export interface Turn {
  readonly text: string;
  readonly usage: Usage;
  readonly calls: readonly ToolCall[];
  readonly results: Map<string, ToolResult>;
  /** Outside effects whose intent is journalled. */
  readonly begun: Set<string>;
  /** How many threads died while the call was running. */
  readonly deaths: Map<string, number>;
}

export interface ActivePrompt extends QueuedPrompt {
  phase: PromptPhase;
  turn: Turn | null;
  /** Turns in which tools ran to their end. */
  roundsDone: number;
  /** Model responses. */
  turns: number;
  usage: Usage;
  /** Text of the latest response. */
  reply: string;
  finishReason: FinishReason | null;
  /** The step that began and has not come to an end; null between steps. */
  openStepId: number | null;
  /** Processes that ended in one of its steps, since anything was achieved. */
  processLosses: number;
  /** Threads lost since anything was achieved; back to 0 on progress, never by the clock. */
  losses: number;
}

/** A prompt as it leaves the mailbox. */
export function beginPrompt(queued: QueuedPrompt): ActivePrompt {
  return {
    ...queued,
    phase: { at: 'prompt' },
    turn: null,
    roundsDone: 0,
    turns: 0,
    usage: NO_USAGE,
    reply: '',
    finishReason: null,
    openStepId: null,
    processLosses: 0,
    losses: 0,
  };
}
