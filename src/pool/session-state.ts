/**
 * - `idle`: nothing to do
 * - `queued`: has work and waits for a thread
 * - `running`: in a step, on a thread
 * - `waiting-model`: the model is answering (or the next attempt is waited for); no thread is held
 * - `suspended`: waits for an outside tool, or for a budget to be raised; no thread is held
 * - `halted`: in quarantine, because its threads died again and again: it takes no prompts until it is released
 * - `closed`: ended by its owner; final
 * - `failed`: its journal could not be written, so it cannot go on; final
 */
export type SessionStateName =
  'idle' | 'queued' | 'running' | 'waiting-model' | 'suspended' | 'halted' | 'closed' | 'failed';

export const SESSION_MOVES: Readonly<Record<SessionStateName, readonly SessionStateName[]>> = {
  idle: ['queued', 'waiting-model', 'suspended', 'halted', 'closed', 'failed'],
  // Past a thread when what was queued ended there, and the next prompt's first step needs none.
  queued: ['running', 'waiting-model', 'suspended', 'idle', 'failed'],
  running: ['queued', 'waiting-model', 'suspended', 'idle', 'failed'],
  'waiting-model': ['queued', 'suspended', 'idle', 'failed'],
  suspended: ['queued', 'waiting-model', 'idle', 'failed'],
  halted: ['idle', 'closed', 'failed'],
  closed: [],
  failed: [],
};

/** @throws {TypeError} for a move that is not in the table: a fault of skein, never of its caller */
export function moveSession(from: SessionStateName, to: SessionStateName): SessionStateName {
  if (from === to) return to;
  if (!SESSION_MOVES[from].includes(to)) throw new TypeError(`a session cannot move from ${from} to ${to}`);
  return to;
}
