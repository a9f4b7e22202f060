import { describe, expect, it } from 'vitest';
import { Parking, type ParkingLimits } from '../../src/pool/parking.ts';
import { ManualClock } from '../manual-clock.ts';

function parking(limits: Partial<ParkingLimits>): { it: Parking; clock: ManualClock; parked: string[] } {
  const clock = new ManualClock();
  const parked: string[] = [];
  const all = { parkAfterMs: 1_000, maxIdleSessions: 10, maxIdleBytes: 1_000, ...limits };
  return { it: new Parking(all, clock, (sessionId) => parked.push(sessionId)), clock, parked };
}

describe('idle sessions', () => {
  it('are parked by time, each at its own', () => {
    const { it: sessions, clock, parked } = parking({});
    sessions.rest('a', 1);
    clock.advance(600);
    sessions.rest('b', 1);
    clock.advance(399);
    expect(parked).toEqual([]);
    clock.advance(2);
    expect(parked).toEqual(['a']);
    clock.advance(600);
    expect(parked).toEqual(['a', 'b']);
    expect([sessions.count, sessions.byteLength]).toEqual([0, 0]);
  });

  it('are not parked while they work, and their time begins anew', () => {
    const { it: sessions, clock, parked } = parking({});
    sessions.rest('a', 1);
    clock.advance(900);
    sessions.wake('a');
    clock.advance(5_000);
    sessions.rest('a', 1);
    clock.advance(999);
    expect(parked).toEqual([]);
    clock.advance(2);
    expect(parked).toEqual(['a']);
  });

  it('are parked by count and by bytes, least recently used first, and one may be as big as it is', () => {
    const { it: sessions, parked } = parking({ maxIdleSessions: 3 });
    for (const sessionId of ['a', 'b', 'c']) sessions.rest(sessionId, 100);
    sessions.rest('a', 100);
    sessions.rest('d', 100);
    expect(parked).toEqual(['b']);
    sessions.rest('e', 5_000);
    expect(parked).toEqual(['b', 'c', 'a', 'd']);
    expect([sessions.count, sessions.byteLength]).toEqual([1, 5_000]);
  });

  it('are all forgotten when the pool closes', () => {
    const { it: sessions, clock, parked } = parking({});
    sessions.rest('a', 1);
    sessions.close();
    clock.advance(10_000);
    expect(parked).toEqual([]);
  });
});
