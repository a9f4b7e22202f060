import { describe, expect, it } from 'vitest';
import { RestTimer } from '../../src/pool/rest-timer.ts';
import { ManualClock } from '../manual-clock.ts';

function timer(afterMs = 1_000): { it: RestTimer; clock: ManualClock; told: string[] } {
  const clock = new ManualClock();
  const told: string[] = [];
  return { it: new RestTimer(afterMs, clock, (sessionId) => told.push(sessionId)), clock, told };
}

describe('sessions that rest', () => {
  it('are told of once for each rest, each at its own time', () => {
    const { it: sessions, clock, told } = timer();
    sessions.rest('a');
    clock.advance(600);
    sessions.rest('b');
    clock.advance(401);
    expect(told).toEqual(['a']);
    clock.advance(600);
    expect(told).toEqual(['a', 'b']);
    clock.advance(5_000);
    sessions.rest('a');
    clock.advance(1_001);
    expect(told).toEqual(['a', 'b', 'a']);
  });

  it('are not told of while they work', () => {
    const { it: sessions, clock, told } = timer();
    sessions.rest('a');
    clock.advance(900);
    sessions.wake('a');
    clock.advance(5_000);
    expect(told).toEqual([]);
  });

  it('may begin another rest while they are told of', () => {
    const clock = new ManualClock();
    const told: number[] = [];
    const sessions: RestTimer = new RestTimer(1_000, clock, (sessionId) => {
      told.push(clock.now());
      if (told.length < 3) sessions.rest(sessionId);
    });
    sessions.rest('a');
    clock.advance(10_000);
    expect(told).toEqual([1_000, 2_000, 3_000]);
  });

  it('are not told of at all after for ever, nor after the end', () => {
    const never = timer(Infinity);
    never.it.rest('a');
    never.clock.advance(1e9);
    const ended = timer();
    ended.it.rest('a');
    ended.it.close();
    ended.clock.advance(10_000);
    expect([never.told, ended.told]).toEqual([[], []]);
  });
});
