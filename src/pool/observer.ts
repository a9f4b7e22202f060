import type { Message } from '../model/message.ts';
import type { ToolCall, ToolResult } from '../tools/tool.ts';
import type { PoolEventBody } from './pool-event.ts';
import type { PromptTicket } from './prompt-ticket.ts';

/** A prompt that was just taken in. */
export interface FollowedPrompt {
  readonly sessionId: string;
  readonly ticket: PromptTicket;
  readonly model: string;
  readonly ahead: number;
  readonly resumed: boolean;
}

/**
 * Sees what happens in a pool, and has no part in it: nothing here throws or makes anybody wait. Who has something to tell
 * asks {@link isHeard} first, so that nothing is made for nobody.
 */
export interface Observer {
  /** Somebody listens to the pool's events, or traces. */
  readonly isHeard: boolean;
  /** @param conversation  with `model-call-began`: what the model is asked */
  tell(event: PoolEventBody, conversation?: readonly Message[]): void;
  /**
   * Hears all that the prompt's own listeners hear. Called in the caller's context, which the prompt's trace goes on from.
   * @returns to be called when the prompt is journalled; before that nothing is told of it
   */
  follow(prompt: FollowedPrompt): () => void;
  /** W3C trace context of what the prompt is doing now; undefined when nobody traces it. */
  traceparentOf(promptId: string): string | undefined;
  /** The same of a model call that has begun. */
  traceparentOfCall(modelCallId: number): string | undefined;
  /** The pool's sessions by state are asked for from now on. @returns ends that */
  countSessions(counts: () => Readonly<Record<string, number>>): () => void;
  /** Runs a function of the caller for a call, with the call's span as the active one; tells of its end. */
  hostCall<Outcome extends { readonly result: ToolResult }>(
    prompt: { readonly sessionId: string; readonly promptId: string },
    call: ToolCall,
    run: (traceparent: string | undefined) => Promise<Outcome>,
  ): Promise<Outcome>;
}

/** For nobody. */
export const NO_OBSERVER: Observer = {
  isHeard: false,
  tell: () => undefined,
  follow: () => () => undefined,
  traceparentOf: () => undefined,
  traceparentOfCall: () => undefined,
  countSessions: () => () => undefined,
  hostCall: (_prompt, _call, run) => run(undefined),
};
