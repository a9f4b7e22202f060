import { isDeepStrictEqual } from 'node:util';
import { LoopWatch, type Repetition } from '../context/loops.ts';
import type { ContentPart } from '../model/message.ts';
import { NO_USAGE, type FinishReason, type OutputSchema, type Priority, type Usage } from '../model/model.ts';
import { addUsage } from '../model/usage.ts';
import type { PromptError, StopReason } from './entries.ts';
import { addFailedAttempt, usageOfAttempts, type FailedAttempt } from './failed-attempts.ts';
import type { ToolCall, ToolResult } from '../tools/tool.ts';

/** What is asked. */
export interface PromptBody {
  readonly text: string;
  /** The texts and the images, in order; absent where there are no images. */
  readonly content?: readonly ContentPart[];
  /** The form that the answer is to have; absent for text. */
  readonly schema?: OutputSchema;
}

/** A prompt that was accepted and has not begun. */
export interface QueuedPrompt extends PromptBody {
  readonly promptId: string;
  /** Undefined for the session's. */
  readonly priority?: Priority | undefined;
  /** Epoch milliseconds. */
  readonly acceptedAt: number;
}

/** Whether two prompts ask the same; a schema in whatever order its keys are. */
export function isSameBody(a: PromptBody, b: PromptBody): boolean {
  return a.text === b.text && isDeepStrictEqual(a.content, b.content) && isSameSchema(a.schema, b.schema);
}

function isSameSchema(a: OutputSchema | undefined, b: OutputSchema | undefined): boolean {
  if (!a || !b) return a === b;
  return (
    a.name === b.name && (a.json === b.json || isDeepStrictEqual(JSON.parse(a.json), JSON.parse(b.json)))
  );
}

/** What the active prompt needs next. */
export type PromptPhase =
  | { readonly at: 'prompt' }
  | { readonly at: 'model' }
  | { readonly at: 'turn' }
  | { readonly at: 'outside'; readonly callIds: readonly string[] }
  | { readonly at: 'over'; readonly stopReason: StopReason; readonly error: PromptError | null };

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
  /** Requests to models that came to nothing. */
  readonly failedAttempts: FailedAttempt[];
  /** Text of the latest response. */
  reply: string;
  finishReason: FinishReason | null;
  /** The value that was asked for, as JSON; null while there is none. */
  output: string | null;
  /** The model was told that its answer is not that value. */
  isRepaired: boolean;
  /** The step that began and has not come to an end; null between steps. */
  openStepId: number | null;
  /** Processes that ended in one of its steps, since anything was achieved. */
  processLosses: number;
  /** Threads lost since anything was achieved; back to 0 on progress, never by the clock. */
  losses: number;
  /** Where its text is among the session's messages; null before it is. */
  textAt: number | null;
  readonly loops: LoopWatch;
  /** The calls of the turn before, as far as they had given the same result before. */
  repeated: readonly Repetition[];
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
    failedAttempts: [],
    reply: '',
    finishReason: null,
    output: null,
    isRepaired: false,
    openStepId: null,
    processLosses: 0,
    losses: 0,
    textAt: null,
    loops: new LoopWatch(),
    repeated: [],
  };
}

/** What came to nothing is told with the prompt's result, and counted where it was paid for. @returns its usage */
export function addFailedAttempts(active: ActivePrompt, attempts: readonly FailedAttempt[] = []): Usage {
  for (const attempt of attempts) addFailedAttempt(active.failedAttempts, attempt);
  const usage = usageOfAttempts(attempts);
  active.usage = addUsage(active.usage, usage);
  return usage;
}
