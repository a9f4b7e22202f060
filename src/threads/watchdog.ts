import type { StepPage } from '../protocol/step-page.ts';
import type { Clock } from '../clock.ts';

/** A step to keep an eye on. */
export interface Watched {
  readonly page: StepPage;
  /** Longest time that the step may spend outside its calls at a stretch. */
  readonly stepTimeoutMs: number;
  /** Longest time until the thread comes round to the step. */
  readonly pickUpMs: number;
  /** Called once, when the step or one of its calls is past its deadline. */
  readonly onLate: () => void;
}

interface Watch extends Watched {
  /** When the step was last seen to get on: begun, or in a call. */
  activeAt: number;
  /** Heartbeats of its thread that were seen, and when their number last changed. */
  beats: number;
  beatAt: number;
  /** When each running call was first seen running. */
  readonly callsSince: Map<number, number>;
}

/** How often running steps are looked at; also the error of a deadline. */
const TICK_MS = 20;
/** A tick this late means that this process stood still, not that the steps did nothing. */
const STALL_MS = 10 * TICK_MS;

/** Some heartbeats missed. */
const BLOCKED_MS = 500;

/**
 * Ends steps that are past their deadline. One timer for all of them, reading shared memory, because there are never
 * more running steps than threads and a timer each would cost every short step something.
 */
export class Watchdog {
  readonly #clock: Clock;
  readonly #watches = new Set<Watch>();
  #stopTimer: (() => void) | undefined;
  #lastTick = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Steps whose thread's event loop has stood still for a while: they compute, or hang. Which of the two only their
   * deadline can tell.
   */
  get blockedCount(): number {
    const since = this.#clock.now() - BLOCKED_MS;
    let count = 0;
    for (const watch of this.#watches) if (watch.page.pickedUp && watch.beatAt < since) count += 1;
    return count;
  }

  /** The returned function ends the watch. */
  watch(watched: Watched): () => void {
    const now = this.#clock.now();
    const { page, stepTimeoutMs, pickUpMs, onLate } = watched;
    const watch: Watch = {
      page,
      stepTimeoutMs,
      pickUpMs,
      onLate,
      activeAt: now,
      beats: 0,
      beatAt: now,
      callsSince: new Map(),
    };
    this.#watches.add(watch);
    if (!this.#stopTimer) {
      this.#lastTick = watch.activeAt;
      this.#arm();
    }
    return () => {
      this.#watches.delete(watch);
    };
  }

  #arm(): void {
    this.#stopTimer = this.#clock.after(TICK_MS, () => {
      this.#tick();
      if (this.#watches.size > 0) this.#arm();
      else this.#stopTimer = undefined;
    });
  }

  #tick(): void {
    const now = this.#clock.now();
    // A suspended process or a blocked main thread made no step late: what it missed does not count.
    const gapMs = now - this.#lastTick;
    const stalledMs = gapMs > STALL_MS ? gapMs - TICK_MS : 0;
    this.#lastTick = now;
    for (const watch of this.#watches) {
      watch.activeAt += stalledMs;
      watch.beatAt += stalledMs;
      if (watch.page.beats !== watch.beats) {
        watch.beats = watch.page.beats;
        watch.beatAt = now;
      }
      if (this.#isLate(watch, now, stalledMs)) {
        this.#watches.delete(watch);
        watch.onLate();
      }
    }
  }

  #isLate(watch: Watch, now: number, stalledMs: number): boolean {
    const limitMs = watch.page.pickedUp ? watch.stepTimeoutMs : Math.min(watch.pickUpMs, watch.stepTimeoutMs);
    if (now - watch.activeAt > limitMs) return true;
    for (let index = 0; index < watch.page.callCount; index += 1) {
      const deadlineMs = watch.page.runningDeadlineMs(index);
      if (deadlineMs === 0) continue;
      watch.activeAt = now;
      const since = watch.callsSince.get(index);
      if (since === undefined) watch.callsSince.set(index, now);
      else if (now - since - stalledMs > deadlineMs) return true;
      else watch.callsSince.set(index, since + stalledMs);
    }
    return false;
  }
}
