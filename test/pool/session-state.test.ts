import { describe, expect, it } from 'vitest';
import { moveSession, SESSION_MOVES, type SessionStateName } from '../../src/pool/session-state.ts';

const STATES = Object.keys(SESSION_MOVES) as SessionStateName[];
const PAIRS = STATES.flatMap((from) => STATES.map((to) => [from, to] as const));

describe('the table of moves', () => {
  it.each(PAIRS)('%s → %s is allowed exactly when it stands there', (from, to) => {
    if (from === to || SESSION_MOVES[from].includes(to)) expect(moveSession(from, to)).toBe(to);
    else expect(() => moveSession(from, to)).toThrow(`cannot move from ${from} to ${to}`);
  });

  it.each(['closed', 'failed'] as const)('%s is final', (state) => {
    expect(SESSION_MOVES[state]).toEqual([]);
  });
});
