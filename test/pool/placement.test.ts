import { describe, expect, it } from 'vitest';
import { Placement } from '../../src/pool/placement.ts';
import { ManualClock } from '../manual-clock.ts';

const never = new AbortController().signal;

function placement(options: { maxThreads?: number; dedicated?: boolean; sharedThreads?: number } = {}): {
  clock: ManualClock;
  placement: Placement;
} {
  const clock = new ManualClock();
  return {
    clock,
    placement: new Placement({ maxThreads: 2, dedicated: false, patienceMs: 5, ...options }, clock),
  };
}

/** Takes a slot and says so; undefined while it waits. */
function taking(from: Placement, sessionId: string, signal = never): { slot: number | undefined } {
  const taken: { slot: number | undefined } = { slot: undefined };
  void from.take(sessionId, signal).then((slot) => (taken.slot = slot));
  return taken;
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a step whose home is free', () => {
  it('goes home', async () => {
    const { placement: places } = placement();
    const first = await places.take('a', never);
    places.release(first!);
    const other = await places.take('b', never);
    places.release(other!);
    expect(other).not.toBe(first);
    expect(await places.take('a', never)).toBe(first);
    expect(await places.take('b', never)).toBe(other);
  });
});

describe('a step whose home is busy', () => {
  it('goes to an empty slot when there is one', async () => {
    const { placement: places } = placement({ maxThreads: 3 });
    expect(await places.take('a', never)).toBe(0);
    expect(await places.take('a', never)).toBe(1);
  });

  it('waits for it, and gets it when it is released in time', async () => {
    const { clock, placement: places } = placement();
    await places.take('a', never);
    await places.take('b', never);
    places.release(1);
    const again = taking(places, 'a');
    clock.advance(4);
    await settle();
    expect(again.slot).toBeUndefined();
    places.release(0);
    await settle();
    expect(again.slot).toBe(0);
  });

  it('takes any free slot when its patience is over', async () => {
    const { clock, placement: places } = placement();
    await places.take('a', never);
    await places.take('b', never);
    places.release(1);
    const again = taking(places, 'a');
    clock.advance(5);
    await settle();
    expect(again.slot).toBe(1);
    expect(places.homeOf('a')).toBe(1);
  });

  it('leaves the queue when it is aborted', async () => {
    const { placement: places } = placement({ maxThreads: 1 });
    await places.take('a', never);
    const abort = new AbortController();
    const waiting = places.take('a', abort.signal);
    expect(places.waitingCount).toBe(1);
    abort.abort();
    expect(await waiting).toBeUndefined();
    expect(places.waitingCount).toBe(0);
  });
});

describe('more sessions than slots', () => {
  it('are served in order of arrival', async () => {
    const { placement: places } = placement({ maxThreads: 1 });
    await places.take('a', never);
    const second = taking(places, 'b');
    const third = taking(places, 'c');
    places.release(0);
    await settle();
    expect([second.slot, third.slot]).toEqual([0, undefined]);
    places.release(0);
    await settle();
    expect(third.slot).toBe(0);
  });

  it('share the slot that has the fewest', async () => {
    const { placement: places } = placement();
    for (const sessionId of ['a', 'b', 'c']) places.release((await places.take(sessionId, never))!);
    expect(places.homeOf('c')).toBe(0);
    expect(await places.take('d', never)).toBe(1);
  });
});

describe('slots beyond those that are shared', () => {
  it('have one session each; further ones share the others', async () => {
    const { placement: places } = placement({ maxThreads: 3, sharedThreads: 1 });
    for (const sessionId of ['a', 'b', 'c', 'd', 'e']) places.release((await places.take(sessionId, never))!);
    expect(['a', 'b', 'c', 'd', 'e'].map((sessionId) => places.homeOf(sessionId))).toEqual([0, 1, 2, 0, 0]);
  });

  it('are left alone by steps that wait for one which ends soon, however long the queue', async () => {
    const { clock, placement: places } = placement({ maxThreads: 2, sharedThreads: 1 });
    for (const sessionId of ['a', 'b', 'c']) places.release((await places.take(sessionId, never))!);
    await places.take('a', never);
    const waiting = [taking(places, 'c'), taking(places, 'a'), taking(places, 'c')];
    for (const step of waiting) {
      clock.advance(1);
      places.release(0);
      await settle();
      expect(step.slot).toBe(0);
    }
  });

  it('are taken when that one lasts', async () => {
    const { clock, placement: places } = placement({ maxThreads: 2, sharedThreads: 1 });
    for (const sessionId of ['a', 'b', 'c']) places.release((await places.take(sessionId, never))!);
    await places.take('a', never);
    const waiting = taking(places, 'c');
    const fresh = taking(places, 'd');
    clock.advance(1);
    await settle();
    expect([waiting.slot, fresh.slot]).toEqual([undefined, undefined]);
    clock.advance(1);
    await settle();
    expect([waiting.slot, fresh.slot]).toEqual([undefined, 1]);
    places.release(1);
    clock.advance(3);
    await settle();
    expect(waiting.slot).toBe(1);
  });
});

describe('dedicated slots', () => {
  it('are kept for their session until it is closed', async () => {
    const { clock, placement: places } = placement({ maxThreads: 1, dedicated: true });
    places.release((await places.take('a', never))!);
    const other = taking(places, 'b');
    clock.advance(1_000);
    await settle();
    expect(other.slot).toBeUndefined();
    places.release((await places.take('a', never))!);
    places.forget('a');
    await settle();
    expect(other.slot).toBe(0);
  });
});
