import type { OpenArrival } from './plan.ts';

/**
 * When conversations are due, in milliseconds from the start of the process, ascending. Endless, but for a trace and a ramp
 * that goes down to nothing.
 * @param random  from 0 up to 1, as `Math.random`
 */
export function* arrivalOffsets(arrival: OpenArrival, random: () => number): Generator<number, void, void> {
  switch (arrival.kind) {
    case 'poisson':
      yield* rampOffsets({ from: arrival.perSecond, to: arrival.perSecond, overMs: 1 }, random);
      break;
    case 'ramp':
      yield* rampOffsets(arrival, random);
      break;
    case 'burst':
      for (let atMs = 0; ; atMs += arrival.everyMs) {
        for (let i = 0; i < arrival.size; i++) yield atMs;
      }
    case 'trace':
      yield* arrival.offsetsMs;
      break;
  }
}

/**
 * A Poisson process whose rate changes evenly and then stays: the moments at which the expected number of arrivals has
 * grown by an exponentially distributed amount each, so no candidate is ever thrown away.
 */
function* rampOffsets(
  { from, to, overMs }: { readonly from: number; readonly to: number; readonly overMs: number },
  random: () => number,
): Generator<number, void, void> {
  const overS = overMs / 1000;
  const rampedUp = ((from + to) / 2) * overS;
  let expected = 0;
  for (;;) {
    expected -= Math.log(1 - random());
    if (expected > rampedUp && to === 0) return;
    yield (
      1000 *
      (expected > rampedUp
        ? overS + (expected - rampedUp) / to
        : whenExpected(expected, from, (to - from) / overS))
    );
  }
}

/** Solves rate·t + growth·t²/2 = expected for t, in a form that also holds without growth. */
function whenExpected(expected: number, rate: number, growth: number): number {
  return (2 * expected) / (rate + Math.sqrt(Math.max(0, rate * rate + 2 * growth * expected)));
}
