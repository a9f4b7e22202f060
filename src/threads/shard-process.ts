import { randomBytes } from 'node:crypto';
import type { StepTask } from '../protocol/messages.ts';
import type { ThreadListener } from './thread-event.ts';
import {
  readFromShard,
  toShardTask,
  type FromShard,
  type ShardThreads,
  type ToShard,
} from '../protocol/shard-messages.ts';
import { PROGRESS_FD, ProgressReader } from '../protocol/shard-progress.ts';
import { KEY_BYTES, ShardWire } from '../protocol/shard-wire.ts';
import type { Clock } from '../clock.ts';
import { describeDeath, StderrTail } from './shard-death.ts';
import type { Flight } from './shard-flight.ts';
import { ShardImages } from './shard-images.ts';
import { launchShard, type LaunchedShard } from './shard-launch.ts';
import { ShardPulse } from './shard-pulse.ts';
import { NO_THREADS, type StepRun, type ThreadHealth } from './step-runner.ts';

export interface ShardOptions {
  readonly threads: Omit<ShardThreads, 'progressFd'>;
  /** Above this a shard gets no new steps; above one and a half times this it is killed. */
  readonly maxRssMb: number;
  /** Bytes of base images kept in a shard. */
  readonly maxImageBytes: number;
  /** Hears of the processes, not of the threads in them. */
  readonly onThread?: ThreadListener | undefined;
}

/** How a step ended in a shard. */
export interface ShardRun {
  readonly run: StepRun;
  /** The process died while this step ran, and it may have been why. */
  readonly suspect: boolean;
}

interface Trip {
  readonly runId: number;
  readonly slot: number;
  readonly stepId: number;
  readonly resolve: (end: ShardRun) => void;
  sent: boolean;
  releaseImages: (() => void) | undefined;
}

const START_MS = 10_000;
/** What other steps in a shard with a stuck thread get to come to their end. */
const STUCK_GRACE_MS = 300;
/** Output that does not end with its process, which nothing should cause. */
const DRAIN_MS = 1_000;

/**
 * One shard process, from its start to its end. Steps go in, and come back when they end or when the process does. It is
 * `usable` until it dies or is told to retire; a retired one ends its steps and then itself.
 */
export class ShardProcess {
  /** Whether it came to life; settles early when it dies first. */
  readonly ready: Promise<boolean>;
  /** The process is gone and all its steps are answered. */
  readonly ended: Promise<void>;
  readonly readable: ReadonlySet<string>;
  readonly images: ShardImages;
  health: ThreadHealth = NO_THREADS;

  readonly #clock: Clock;
  readonly #options: ShardOptions;
  readonly #launched: LaunchedShard;
  readonly #wire: ShardWire;
  readonly #trips = new Map<number, Trip>();
  readonly #progress = new ProgressReader();
  readonly #stderr = new StderrTail();
  readonly #pulse: ShardPulse;
  #state: 'starting' | 'ready' | 'retired' | 'killed' | 'ended' = 'starting';
  #wasReady = false;
  /** Why it was killed, and whether its steps may be to blame. */
  #killed: { readonly why: string; readonly blame: boolean } | undefined;
  #why = 'it has not ended';
  #settleReady: (ready: boolean) => void = () => undefined;
  #settleEnded: () => void = () => undefined;
  #stopTimer: (() => void) | undefined;
  #lastRunId = 0;
  /** When a retired shard is killed at the latest. */
  #endsAt = Infinity;

  constructor(options: ShardOptions, readable: ReadonlySet<string>, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.readable = readable;
    this.ready = new Promise((resolve) => (this.#settleReady = resolve));
    this.ended = new Promise((resolve) => (this.#settleEnded = resolve));
    this.#launched = launchShard(readable);
    const key = randomBytes(KEY_BYTES);
    this.#wire = new ShardWire(
      this.#launched.wire,
      (message) => {
        const known = readFromShard(message);
        if (known) this.#receive(known);
        else this.kill('it said what is no message', true);
      },
      () => this.kill('it said what is no message', true),
      key,
    );
    this.images = new ShardImages(options.maxImageBytes, (message) => this.#send(message));
    this.#pulse = new ShardPulse(clock, () => this.kill('it stopped answering', true));
    this.#listen();
    this.#stopTimer = clock.after(START_MS, () => this.kill('it took too long to start', false));
    void this.#send({ type: 'setup', threads: { ...options.threads, progressFd: PROGRESS_FD }, key });
  }

  get usable(): boolean {
    return this.#state === 'ready';
  }

  get pid(): number | undefined {
    return this.#launched.child.pid;
  }

  /** Tool calls that are running in it, as far as it has said. */
  get runningCalls(): number {
    return [...this.#trips.values()].reduce(
      (sum, { stepId }) => sum + this.#progress.running(stepId).length,
      0,
    );
  }

  /** Died by itself or of what it was doing, after it had come to life. */
  get crashed(): boolean {
    return this.#state === 'ended' && this.#wasReady && (this.#killed?.blame ?? true);
  }

  /** How it came to its end. */
  get why(): string {
    return this.#why;
  }

  /** Runs a step; only while {@link usable}. Never rejects. */
  run(slot: number, task: StepTask, flight: Flight): Promise<ShardRun> {
    return new Promise((resolve) => {
      const runId = (this.#lastRunId += 1);
      const trip: Trip = { runId, slot, stepId: task.stepId, resolve, sent: false, releaseImages: undefined };
      this.#trips.set(runId, trip);
      // From here on: what the step needs is sent first, and a shard that is not there takes none of it.
      this.#pulse.start();
      this.#holdOpen();
      flight.onStop((graceMs) => this.#stop(trip, graceMs));
      void this.#dispatch(trip, task);
    });
  }

  /** Takes no further steps, and ends when those it has are over, or after the grace, which blames none of them. */
  retire(why: string, graceMs = Infinity): void {
    if (this.#state !== 'ready' && this.#state !== 'retired') return;
    this.#state = 'retired';
    if (this.#trips.size === 0) return this.kill(why, false);
    // The shortest grace counts, whatever it is retired for later.
    const endsAt = this.#clock.now() + graceMs;
    if (endsAt >= this.#endsAt) return;
    this.#endsAt = endsAt;
    this.#stopTimer?.();
    this.#stopTimer = this.#clock.after(graceMs, () => this.kill(why, false));
  }

  /** @param blame  whether one of the steps in it may be the reason */
  kill(why: string, blame: boolean): void {
    if (this.#state === 'killed' || this.#state === 'ended') return;
    this.#state = 'killed';
    this.#killed = { why, blame };
    this.#launched.child.kill('SIGKILL');
    this.#holdOpen();
  }

  #listen(): void {
    const { child, stderr, progress } = this.#launched;
    stderr.on('data', (chunk: Buffer) => this.#stderr.take(chunk));
    progress.on('data', (chunk: Buffer) => this.#progress.take(chunk));
    for (const stream of [stderr, progress]) stream.on('error', () => undefined);
    // What it wrote last is still in the pipes when it is gone: `close` comes after that.
    child.on('close', (code, signal) => this.#end(code, signal));
    child.on('exit', (code, signal) => {
      this.#stopTimer?.();
      if (this.#state !== 'ended')
        this.#stopTimer = this.#clock.after(DRAIN_MS, () => this.#end(code, signal));
    });
  }

  #receive(message: FromShard): void {
    this.#pulse.beat();
    switch (message.type) {
      case 'ready':
        if (this.#state !== 'starting') return;
        this.#state = 'ready';
        this.#wasReady = true;
        this.#stopTimer?.();
        this.#settleReady(true);
        return this.#holdOpen();
      case 'beat': {
        this.health = message.health;
        const rssMb = message.rssBytes / 1024 / 1024;
        const { maxRssMb } = this.#options;
        if (rssMb > 1.5 * maxRssMb) this.kill(`it used ${Math.round(rssMb)} MiB of memory`, true);
        else if (rssMb > maxRssMb) this.retire('it used too much memory');
        return;
      }
      case 'stuck':
        return this.retire('a thread in it could not be ended', STUCK_GRACE_MS);
      case 'ended': {
        const trip = this.#trips.get(message.runId);
        if (trip) this.#settle(trip, { run: message.run, suspect: false });
      }
    }
  }

  async #dispatch(trip: Trip, task: StepTask): Promise<void> {
    if (task.state && task.state.spec.images.length > 0) {
      const release = await this.images.use(task.state.spec.images);
      // Stopped, or lost with the process.
      if (!this.#trips.has(trip.runId)) return release();
      trip.releaseImages = release;
    }
    trip.sent = true;
    this.#progress.open(trip.stepId, task.input.type === 'turn' ? task.input.calls.length : 0);
    try {
      await this.#wire.send({ type: 'run', runId: trip.runId, slot: trip.slot, task: toShardTask(task) });
    } catch (error) {
      const message = `the step could not be sent: ${error instanceof Error ? error.message : String(error)}`;
      if (this.#trips.has(trip.runId)) this.#settle(trip, { run: lost('error', message), suspect: false });
    }
  }

  #stop(trip: Trip, graceMs: number): void {
    if (!this.#trips.has(trip.runId)) return;
    if (trip.sent) void this.#send({ type: 'stop', slot: trip.slot, graceMs });
    else this.#settle(trip, { run: lost('cancelled', 'the step was cancelled'), suspect: false });
  }

  #settle(trip: Trip, end: ShardRun): void {
    this.#trips.delete(trip.runId);
    this.#progress.close(trip.stepId);
    trip.releaseImages?.();
    trip.resolve(end);
    if (this.#trips.size > 0) return;
    this.#pulse.stop();
    if (this.#state === 'retired') this.kill('it was replaced', false);
    this.#holdOpen();
  }

  /** The process is gone: what it was doing is answered, and who may be blamed for it. */
  #end(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.health = NO_THREADS;
    this.#stopTimer?.();
    this.#pulse.stop();
    this.#why = this.#killed?.why ?? describeDeath(code, signal, this.#stderr.fatalError);
    this.#settleReady(false);
    const blame = this.#killed?.blame ?? true;
    const suspects = [...this.#trips.values()].filter(
      (trip) => blame && this.#progress.pickedUp(trip.stepId),
    );
    for (const trip of this.#trips.values()) this.#settle(trip, this.#lossOf(trip, suspects));
    this.#holdOpen();
    this.#settleEnded();
  }

  #lossOf(trip: Trip, suspects: readonly Trip[]): ShardRun {
    if (!this.#wasReady) return { run: lost('start-failed', this.#startFailure()), suspect: false };
    const suspect = suspects.includes(trip);
    const run: StepRun = {
      ...lost('process', `the process of the session's thread is gone: ${this.#why}`),
      // With several steps in it nobody can be blamed yet: alone in a process, the next death tells.
      running: suspect && suspects.length === 1 ? this.#progress.running(trip.stepId) : [],
      touched: this.#progress.touched(trip.stepId),
    };
    return { run, suspect };
  }

  #startFailure(): string {
    return `a new process could not be started: ${this.#why}`;
  }

  #send(message: ToShard): Promise<void> {
    return this.#wire.send(message);
  }

  /** While somebody waits for it, the process keeps Node alive; idle, it does not. */
  #holdOpen(): void {
    const { child, stderr, progress, wire } = this.#launched;
    const held =
      this.#state !== 'ended' &&
      (this.#trips.size > 0 || this.#state === 'starting' || this.#state === 'killed');
    for (const handle of [child, stderr, progress, wire]) {
      if (held) handle.ref();
      else handle.unref();
    }
  }
}

function lost(
  reason: 'process' | 'start-failed' | 'cancelled' | 'error',
  message: string,
): StepRun & { ok: false } {
  return { ok: false, reason, message, running: [], touched: [] };
}
