import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '../clock.ts';
import { distributionOf } from './histogram.ts';
import type { BenchResources, TimelineSample } from './result.ts';

const EVERY_MS = 1000;
const LOOP_RESOLUTION_MS = 10;
/** A step of the wall clock that no drift explains. */
const JUMP_MS = 1000;
/** A sample that is so late says that the process stood still. */
const STILL_MS = 5000;

/** How the run is doing: prompts that have ended and their tokens are counted since it began. */
export type Reading = Pick<
  TimelineSample,
  | 'running'
  | 'waitingGate'
  | 'waitingThread'
  | 'waitingModel'
  | 'threads'
  | 'sessions'
  | 'ended'
  | 'outputTokens'
>;

/** What was wrong with the time, in milliseconds. */
export interface TimeTrouble {
  /** By which the wall clock was set, one by one; forward above 0. */
  readonly jumps: readonly number[];
  /** For which nothing ran. */
  readonly standstills: readonly number[];
}

/** Looks once a second at how the run and this process are doing. */
export class Meter implements Disposable {
  readonly #clock: Clock;
  readonly #read: () => Reading;
  readonly #onSample: (sample: TimelineSample) => void;
  /** Of the whole run, and of the second since the last sample. */
  readonly #loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  readonly #loopOfSecond = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  readonly #jumps: number[] = [];
  readonly #standstills: number[] = [];
  readonly #startMs: number;
  readonly #startCpu = process.cpuUsage();
  #cpu = this.#startCpu;
  #lastMs: number;
  #last: Reading;
  #wallOffsetMs: number;
  #maxRssBytes = 0;
  #maxThreads = 0;
  #maxSessions = 0;
  #cancel: () => void;

  /** Begins to measure. @param startMs  by the clock: what the samples' times count from */
  constructor(parts: {
    readonly clock: Clock;
    readonly startMs: number;
    readonly read: () => Reading;
    readonly onSample: (sample: TimelineSample) => void;
  }) {
    this.#clock = parts.clock;
    this.#startMs = parts.startMs;
    this.#read = parts.read;
    this.#onSample = parts.onSample;
    this.#lastMs = this.#clock.now();
    this.#wallOffsetMs = this.#clock.epochMs() - this.#lastMs;
    this.#last = this.#read();
    this.#loop.enable();
    this.#loopOfSecond.enable();
    this.#cancel = this.#soon();
  }

  get trouble(): TimeTrouble {
    return { jumps: this.#jumps, standstills: this.#standstills };
  }

  /** Takes the last sample, and stops. */
  end(): BenchResources {
    this.#sample();
    this[Symbol.dispose]();
    const { user, system } = process.cpuUsage(this.#startCpu);
    return {
      cpuMs: (user + system) / 1000,
      maxRssBytes: this.#maxRssBytes,
      eventLoopDelayMs: this.#loop.count === 0 ? null : distributionOf(this.#loop, delayMs),
      maxThreads: this.#maxThreads,
      maxSessions: this.#maxSessions,
    };
  }

  [Symbol.dispose](): void {
    this.#cancel();
    this.#loop.disable();
    this.#loopOfSecond.disable();
  }

  #soon(): () => void {
    return this.#clock.after(EVERY_MS, () => {
      this.#sample();
      this.#cancel = this.#soon();
    });
  }

  #sample(): void {
    const nowMs = this.#clock.now();
    const passedMs = nowMs - this.#lastMs;
    const reading = this.#read();
    const cpu = process.cpuUsage();
    const cpuMs = (cpu.user - this.#cpu.user + cpu.system - this.#cpu.system) / 1000;
    const rssBytes = process.memoryUsage.rss();
    const eventLoopDelayMs = delayMs(this.#loopOfSecond.percentile(99));
    this.#loopOfSecond.reset();
    this.#maxRssBytes = Math.max(this.#maxRssBytes, rssBytes);
    this.#maxThreads = Math.max(this.#maxThreads, reading.threads);
    this.#maxSessions = Math.max(this.#maxSessions, reading.sessions);
    this.#lookAtTime(nowMs, passedMs);
    const { ended, outputTokens, ...rest } = reading;
    const sample = {
      ...rest,
      atMs: nowMs - this.#startMs,
      ended: ended - this.#last.ended,
      outputTokens: outputTokens - this.#last.outputTokens,
      rssBytes,
      cpu: passedMs > 0 ? cpuMs / passedMs : 0,
      eventLoopDelayMs,
    };
    this.#last = reading;
    this.#lastMs = nowMs;
    this.#cpu = cpu;
    this.#onSample(sample);
  }

  #lookAtTime(nowMs: number, passedMs: number): void {
    const wallOffsetMs = this.#clock.epochMs() - nowMs;
    const jumpMs = wallOffsetMs - this.#wallOffsetMs;
    this.#wallOffsetMs = wallOffsetMs;
    if (Math.abs(jumpMs) >= JUMP_MS) this.#jumps.push(jumpMs);
    if (passedMs - EVERY_MS >= STILL_MS) this.#standstills.push(passedMs - EVERY_MS);
  }
}

/** @param ns  from one tick to the next, which is what Node tells */
function delayMs(ns: number): number {
  return Math.max(0, ns / 1e6 - LOOP_RESOLUTION_MS);
}
