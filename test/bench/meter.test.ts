import { describe, expect, it } from 'vitest';
import { Meter, type Reading, type TimeTrouble } from '../../src/bench/meter.ts';
import type { BenchResources, TimelineSample } from '../../src/bench/result.ts';
import { ManualClock } from '../manual-clock.ts';

/** Its wall clock can be set. */
class SetClock extends ManualClock {
  setByMs = 0;

  override epochMs(): number {
    return this.now() + this.setByMs;
  }
}

const NOTHING: Reading = {
  running: 0,
  waitingGate: 0,
  waitingThread: 0,
  waitingModel: 0,
  threads: 0,
  sessions: 0,
  ended: 0,
  outputTokens: 0,
};

/** What a meter says of a run. */
function metered(run: (clock: SetClock, tell: (reading: Partial<Reading>) => void) => void): {
  readonly samples: readonly TimelineSample[];
  readonly resources: BenchResources;
  readonly trouble: TimeTrouble;
} {
  const clock = new SetClock();
  let reading = NOTHING;
  const samples: TimelineSample[] = [];
  const meter = new Meter({
    clock,
    startMs: clock.now(),
    read: () => reading,
    onSample: (sample) => samples.push(sample),
  });
  run(clock, (part) => {
    reading = { ...reading, ...part };
  });
  return { samples, resources: meter.end(), trouble: meter.trouble };
}

describe('the timeline of a benchmark', () => {
  it('has a sample a second, and one at the end', () => {
    const { samples } = metered((clock) => clock.advance(2500));
    expect(samples.map(({ atMs }) => atMs)).toEqual([1000, 2000, 2500]);
  });

  it('tells what has ended since the sample before', () => {
    const { samples, resources } = metered((clock, tell) => {
      tell({ ended: 3, outputTokens: 30, threads: 2, sessions: 9 });
      clock.advance(1000);
      tell({ ended: 10, outputTokens: 45, threads: 4, sessions: 5 });
      clock.advance(1000);
    });
    expect(samples.map(({ ended, outputTokens }) => [ended, outputTokens])).toEqual([
      [3, 30],
      [7, 15],
      [0, 0],
    ]);
    expect(resources).toMatchObject({ maxThreads: 4, maxSessions: 9 });
    expect(resources.maxRssBytes).toBeGreaterThan(0);
  });
});

describe('the time of a benchmark', () => {
  it('is in order where both clocks go on together', () => {
    const { trouble } = metered((clock) => clock.advance(10_000));
    expect(trouble).toEqual({ jumps: [], standstills: [] });
  });

  it('is not disturbed by a wall clock that is corrected a little', () => {
    const { trouble } = metered((clock) => {
      clock.setByMs = 40;
      clock.advance(1000);
    });
    expect(trouble.jumps).toEqual([]);
  });

  it.each([
    ['forward', 3_600_000],
    ['back', -60_000],
  ])('shows a wall clock that was set %s', (_, setByMs) => {
    const { trouble } = metered((clock) => {
      clock.advance(1500);
      clock.setByMs = setByMs;
      clock.advance(2000);
    });
    expect(trouble).toEqual({ jumps: [setByMs], standstills: [] });
  });

  it('shows that nothing ran for a while', () => {
    const { trouble } = metered((clock) => {
      clock.advance(1000);
      clock.jump(31_000);
      clock.advance(1000);
    });
    expect(trouble).toEqual({ jumps: [], standstills: [30_000] });
  });
});
