import type { ActivePrompt, Turn } from '../journal/session-record.ts';
import type { ToolResult } from '../tools/tool.ts';
import type { PromptTicket } from './prompt-ticket.ts';

/** The calls that the latest response asked for go to work. */
export function tellStarted(ticket: PromptTicket, active: ActivePrompt): void {
  for (const { id, name, arguments: args } of active.turn?.calls ?? []) {
    ticket.tell({ type: 'tool-started', turn: active.turns, callId: id, name, arguments: args });
  }
}

export function tellResult(ticket: PromptTicket, active: ActivePrompt, result: ToolResult): void {
  const { callId, name, content, isError } = result;
  ticket.tell({ type: 'tool-ended', turn: active.turns, callId, name, content, isError });
}

export function tellTurnEnded(ticket: PromptTicket, active: ActivePrompt, turn: Turn): void {
  ticket.tell({ type: 'turn-ended', turn: active.turns, text: turn.text, usage: turn.usage });
}
