import { systemClock, type Clock } from '../../../src/clock.ts';

/** Real time, gone through faster: what waits for minutes is over in seconds. Records keep the real date. */
export function fastClock(speed: number): Clock {
  return {
    now: () => systemClock.now() * speed,
    epochMs: () => systemClock.epochMs(),
    after: (delayMs, callback, options) => systemClock.after(delayMs / speed, callback, options),
  };
}
