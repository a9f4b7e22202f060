import type { ActivePrompt, Turn } from '../journal/active-prompt.ts';
import type { ToolResult } from '../tools/tool.ts';
import type { PromptTicket } from './prompt-ticket.ts';

/** The calls that the latest response asked for go to work. */
export function tellStarted(ticket: PromptTicket, active: ActivePrompt): void {
  ticket.startedTurn = active.turns;
  for (const { id, name, arguments: args } of active.turn?.calls ?? []) {
    ticket.tell({ type: 'tool-started', turn: active.turns, callId: id, name, arguments: args });
  }
}

/** Calls that were never said to have started have no end either. */
export function tellResult(ticket: PromptTicket, active: ActivePrompt, result: ToolResult): void {
  if (ticket.startedTurn !== active.turns) return;
  const { callId, name, content, isError } = result;
  ticket.tell({ type: 'tool-ended', turn: active.turns, callId, name, content, isError });
}

/** Of the turn that has just ended. */
export function tellRepeated(ticket: PromptTicket, active: ActivePrompt, warnAfter: number): void {
  for (const repetition of active.repeated) {
    if (repetition.count >= warnAfter)
      ticket.tell({ type: 'loop-warned', turn: active.turns, ...repetition });
  }
}

export function tellTurnEnded(ticket: PromptTicket, active: ActivePrompt, turn: Turn): void {
  ticket.tell({ type: 'turn-ended', turn: active.turns, text: turn.text, usage: turn.usage });
}
