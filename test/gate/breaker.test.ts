import { describe, expect, it } from 'vitest';
import { Breaker, BREAKER_MOVES, type BreakerState } from '../../src/gate/breaker.ts';

/** One that has worked, and now fails `count` times in a row at moment 0. */
function failing(count: number): Breaker {
  const breaker = new Breaker();
  breaker.worked(1);
  for (let order = 2; order < 2 + count; order += 1) breaker.failed(order, 1 + count, 0);
  return breaker;
}

/** Each way in which it can move, as what is done to it in which state. */
const MOVES: readonly (readonly [BreakerState, string, (breaker: Breaker) => void, number, BreakerState])[] =
  [
    ['closed', 'the fifth failure in a row', (breaker) => breaker.failed(9, 9, 0), 0, 'open'],
    ['open', 'a second', () => undefined, 1_000, 'half-open'],
    ['half-open', 'an answer', (breaker) => breaker.answers(99), 1_000, 'closed'],
    ['half-open', 'another failure', (breaker) => breaker.failed(99, 99, 1_000), 1_000, 'open'],
  ];

function breakerIn(state: BreakerState): Breaker {
  const breaker = failing(state === 'closed' ? 4 : 5);
  expect(breaker.state(state === 'half-open' ? 1_000 : 0)).toBe(state);
  return breaker;
}

describe('a breaker', () => {
  it.each(MOVES)('goes from %s, by %s, to the next state', (from, _by, act, now, to) => {
    const breaker = breakerIn(from);
    act(breaker);
    expect(breaker.state(now)).toBe(to);
  });

  it('has no other moves', () => {
    const pairs = Object.entries(BREAKER_MOVES).flatMap(([from, tos]) => tos.map((to) => `${from} ${to}`));
    expect(pairs.toSorted()).toEqual(MOVES.map(([from, , , , to]) => `${from} ${to}`).toSorted());
  });

  it('stays closed while failures are fewer than five in a row', () => {
    const breaker = failing(4);
    breaker.worked(10);
    for (let order = 11; order < 15; order += 1) breaker.failed(order, order, 0);
    expect(breaker.state(0)).toBe('closed');
  });

  it('never opens for a provider that has never worked', () => {
    const breaker = new Breaker();
    for (let order = 1; order < 50; order += 1) breaker.failed(order, order, 0);
    expect(breaker.state(0)).toBe('closed');
  });

  it('opens twice as long each time, up to half a minute', () => {
    const breaker = failing(5);
    const lengths: number[] = [];
    let now = 0;
    for (let order = 100; order < 108; order += 1) {
      const ms = breaker.remainingMs(now);
      lengths.push(ms);
      now += ms;
      expect(breaker.state(now)).toBe('half-open');
      breaker.failed(order, order, now);
    }
    expect(lengths).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('opens again at the first failure after an answer that came to nothing, and begins anew after one that was whole', () => {
    const breaker = failing(5);
    expect(breaker.state(1_000)).toBe('half-open');
    breaker.answers(50);
    breaker.failed(51, 51, 1_000);
    expect(breaker.remainingMs(1_000)).toBe(2_000);
    expect(breaker.state(3_000)).toBe('half-open');
    breaker.answers(60);
    breaker.worked(60);
    for (let order = 61; order < 66; order += 1) breaker.failed(order, 65, 3_000);
    expect(breaker.remainingMs(3_000)).toBe(1_000);
  });

  it('is not moved by what was sent before it opened', () => {
    const breaker = failing(5);
    for (let order = 2; order < 7; order += 1) breaker.failed(order, 6, 500);
    breaker.answers(6);
    breaker.worked(6);
    expect(breaker.remainingMs(500)).toBe(500);
    expect(breaker.state(1_000)).toBe('half-open');
  });
});
