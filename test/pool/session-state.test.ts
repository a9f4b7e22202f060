import { describe, expect, it } from 'vitest';
import { moveSession, SESSION_MOVES, type SessionStateName } from '../../src/pool/session-state.ts';

/** Said again, so that a move that is added or lost by mistake is seen. */
const LEGAL = `
  idle → queued, idle → waiting-model, idle → suspended, idle → halted, idle → closed, idle → failed,
  queued → running, queued → waiting-model, queued → suspended, queued → idle, queued → failed,
  running → queued, running → waiting-model, running → suspended, running → idle, running → failed,
  waiting-model → queued, waiting-model → suspended, waiting-model → idle, waiting-model → failed,
  suspended → queued, suspended → waiting-model, suspended → idle, suspended → failed,
  halted → idle, halted → closed, halted → failed
`
  .split(',')
  .map((move) => move.trim());

const STATES = Object.keys(SESSION_MOVES) as SessionStateName[];
const PAIRS = STATES.flatMap((from) => STATES.map((to) => [from, to] as const));

describe('the table of moves', () => {
  it.each(PAIRS)('%s → %s is allowed exactly when it is legal', (from, to) => {
    if (from === to || LEGAL.includes(`${from} → ${to}`)) expect(moveSession(from, to)).toBe(to);
    else expect(() => moveSession(from, to)).toThrow(`cannot move from ${from} to ${to}`);
  });

  it.each(['closed', 'failed'] as const)('%s is final', (state) => {
    expect(SESSION_MOVES[state]).toEqual([]);
  });
});
