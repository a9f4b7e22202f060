import { describe, expect, it } from 'vitest';
import { Watchdog } from '../../src/threads/watchdog.ts';
import { StepPage } from '../../src/protocol/step-page.ts';
import { ManualClock } from '../manual-clock.ts';

function watched(stepTimeoutMs: number): {
  clock: ManualClock;
  page: StepPage;
  late: () => number;
  end: () => void;
} {
  const clock = new ManualClock();
  const page = StepPage.forCalls(2);
  let lateCount = 0;
  page.pickUp();
  const end = new Watchdog(clock).watch({
    page,
    stepTimeoutMs,
    pickUpMs: 50,
    onLate: () => (lateCount += 1),
  });
  return { clock, page, late: () => lateCount, end };
}

describe('a step past its deadline', () => {
  it('is late once', () => {
    const { clock, late } = watched(100);
    clock.advance(100);
    expect(late()).toBe(0);
    clock.advance(100);
    expect(late()).toBe(1);
    clock.advance(1_000);
    expect(late()).toBe(1);
  });

  it('is not late when it ended before', () => {
    const { clock, late, end } = watched(100);
    clock.advance(90);
    end();
    clock.advance(1_000);
    expect(late()).toBe(0);
  });
});

describe('a call past its deadline', () => {
  it('makes the step late', () => {
    const { clock, page, late } = watched(10_000);
    page.begin(1, 200);
    clock.advance(200);
    expect(late()).toBe(0);
    clock.advance(60);
    expect(late()).toBe(1);
  });

  it('does not count for the call after it', () => {
    const { clock, page, late } = watched(10_000);
    page.begin(0, 200);
    clock.advance(190);
    page.end(0);
    page.begin(1, 200);
    clock.advance(190);
    expect(late()).toBe(0);
  });
});

describe('a step in a call', () => {
  it('has the call’s deadline, not its own', () => {
    const { clock, page, late } = watched(100);
    page.begin(0, 1_000);
    clock.advance(900);
    expect(late()).toBe(0);
    page.end(0);
    clock.advance(90);
    expect(late()).toBe(0);
    clock.advance(60);
    expect(late()).toBe(1);
  });
});

describe('a step that its thread does not come round to', () => {
  it('is late soon', () => {
    const clock = new ManualClock();
    let lateCount = 0;
    const watchdog = new Watchdog(clock);
    watchdog.watch({
      page: StepPage.forCalls(0),
      stepTimeoutMs: 10_000,
      pickUpMs: 50,
      onLate: () => (lateCount += 1),
    });
    clock.advance(40);
    expect(lateCount).toBe(0);
    clock.advance(60);
    expect(lateCount).toBe(1);
  });
});

describe('a thread whose heart stands still', () => {
  it('is told from one that waits', () => {
    const clock = new ManualClock();
    const watchdog = new Watchdog(clock);
    const [spins, waits] = [StepPage.forCalls(1), StepPage.forCalls(1)];
    for (const page of [spins, waits]) {
      page.pickUp();
      page.begin(0, 10_000);
      watchdog.watch({ page, stepTimeoutMs: 10_000, pickUpMs: 50, onLate: () => undefined });
    }
    for (let n = 0; n < 10; n += 1) {
      expect(watchdog.blockedCount).toBe(n > 5 ? 1 : 0);
      clock.advance(100);
      waits.beat();
    }
    clock.jump(30_000);
    expect(watchdog.blockedCount).toBe(1);
  });
});

describe('a process that was suspended', () => {
  it('makes no step late', () => {
    const { clock, page, late } = watched(1_000);
    page.begin(0, 500);
    clock.advance(40);
    clock.jump(30_000);
    clock.advance(300);
    expect(late()).toBe(0);
    clock.advance(1_000);
    expect(late()).toBe(1);
  });
});
