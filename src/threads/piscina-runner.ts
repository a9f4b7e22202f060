import type { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { ThreadLossReason } from '../errors.ts';
import type { StepTask, ThreadSetup, ThreadTask } from '../protocol/messages.ts';
import { readStepOutcome } from '../protocol/read-step-outcome.ts';
import { StepPage } from '../protocol/step-page.ts';
import type { Clock } from '../clock.ts';
import type { StepRun, StepRunner, ThreadHealth } from './step-runner.ts';
import type { ThreadListener } from './thread-event.ts';
import { Watchdog } from './watchdog.ts';

export interface PiscinaRunnerOptions extends ThreadSetup {
  /** The bundled entry of a session thread. */
  readonly workerFile: string;
  readonly minThreads: number;
  readonly maxThreads: number;
  /** Idle threads above the minimum are ended after this. */
  readonly idleTimeoutMs: number;
  /** Old-generation heap of one thread. */
  readonly maxHeapMb: number;
  /** A thread that was ended still runs: see {@link ThreadHealth.stuck}. */
  readonly onStuck?: () => void;
  readonly onThread?: ThreadListener | undefined;
}

/** A thread that has run before and does not come round to a step for so long is busy with what a session left behind. */
const PICK_UP_MS = 2_000;
/** A thread that was ended and runs on for so long is in native code, which nothing interrupts. */
const STUCK_MS = 2_000;

type KillReason = 'deadline' | 'cancelled' | 'start-failed';

interface Slot {
  /** Thread id of the worker that fills the slot, once a task has been there. */
  threadId: number | undefined;
  /** The step in progress. */
  step: RunningStep | undefined;
}

interface RunningStep {
  readonly page: StepPage;
  /** Ends the task, and its thread. */
  readonly abort: AbortController;
  killedFor: KillReason | undefined;
  stopTimer: (() => void) | undefined;
}

/**
 * Session threads of this process. Piscina starts, watches and replaces them; which thread takes a task was decided
 * by the coordinator and travels as the task's slot, since a load balancer sees nothing else of a task.
 */
export class PiscinaRunner implements StepRunner {
  readonly #pool: Piscina<ThreadTask, unknown>;
  readonly #clock: Clock;
  readonly #watchdog: Watchdog;
  readonly #slots: Slot[];
  readonly #onStuck: (() => void) | undefined;
  readonly #stuck = new Set<Worker>();
  #closed = false;

  constructor(options: PiscinaRunnerOptions, clock: Clock) {
    this.#clock = clock;
    this.#onStuck = options.onStuck;
    this.#watchdog = new Watchdog(clock);
    this.#slots = Array.from({ length: options.maxThreads }, () => ({
      threadId: undefined,
      step: undefined,
    }));
    this.#pool = new Piscina({
      filename: options.workerFile,
      minThreads: options.minThreads,
      maxThreads: options.maxThreads,
      idleTimeout: options.idleTimeoutMs,
      concurrentTasksPerWorker: 1,
      // The default freezes an idle worker's event loop between tasks.
      atomics: 'disabled',
      env: {},
      workerData: threadSetup(options),
      resourceLimits: { maxOldGenerationSizeMb: options.maxHeapMb },
      recordTiming: false,
      loadBalancer: (task, workers) => this.#choose(slotOf(task), workers),
    });
    // A thread may die of a late error while idle; without a listener that would end the process. Its sessions
    // are found missing when they are next wanted.
    this.#pool.on('error', () => undefined);
    this.#pool.on('workerCreate', ({ id: threadId }: { id: number }) =>
      options.onThread?.({ type: 'thread-started', threadId }),
    );
    this.#pool.on('workerDestroy', ({ id }: { id: number }) => {
      options.onThread?.({ type: 'thread-ended', threadId: id });
      this.#watchEnd(id);
      setImmediate(() => this.#failStarts());
    });
  }

  get health(): ThreadHealth {
    const { length: running } = this.#pool.threads;
    return { running, blocked: this.#watchdog.blockedCount, stuck: this.#stuck.size };
  }

  async run(slotIndex: number, task: StepTask): Promise<StepRun> {
    const page = StepPage.forCalls(task.input.type === 'turn' ? task.input.calls.length : 0);
    if (this.#closed) return lost(page, 'start-failed', 'the pool is closed');
    const slot = this.#slot(slotIndex);
    const step: RunningStep = {
      page,
      abort: new AbortController(),
      killedFor: undefined,
      stopTimer: undefined,
    };
    slot.step = step;
    const unwatch = this.#watchdog.watch({
      page,
      stepTimeoutMs: task.stepTimeoutMs,
      pickUpMs: this.#isWarm(slot) ? PICK_UP_MS : Infinity,
      onLate: () => kill(step, 'deadline'),
    });
    try {
      const routed = { ...task, page: page.buffer, [Piscina.queueOptionsSymbol]: { slotIndex } };
      const message = await this.#pool.run(routed, { signal: step.abort.signal });
      const outcome = readStepOutcome(message);
      if (outcome) return { ok: true, outcome };
      return lost(page, 'error', 'the thread answered with something that is no outcome');
    } catch (error) {
      slot.threadId = undefined;
      const { reason, message } = describeLoss(error, step.killedFor);
      return lost(page, reason, message);
    } finally {
      unwatch();
      step.stopTimer?.();
      slot.step = undefined;
    }
  }

  stop(slotIndex: number, graceMs: number): void {
    const { step } = this.#slot(slotIndex);
    if (!step || step.stopTimer) return;
    step.page.stop();
    if (graceMs === 0) return kill(step, 'cancelled');
    step.stopTimer = this.#clock.after(graceMs, () => kill(step, 'cancelled'));
  }

  async close(): Promise<void> {
    // Piscina itself would start threads again.
    this.#closed = true;
    let stopTimer: (() => void) | undefined;
    const givenUp = new Promise<void>((resolve) => {
      stopTimer = this.#clock.after(STUCK_MS, resolve);
    });
    // Piscina waits for every thread's exit, however long native code takes.
    await Promise.race([this.#pool.destroy(), givenUp]);
    stopTimer?.();
  }

  /** Its thread has run before and is still there: then it can pick up a step at once. */
  #isWarm({ threadId }: Slot): boolean {
    // An idle thread may have been ended meanwhile.
    return threadId !== undefined && this.#pool.threads.some((thread) => thread.threadId === threadId);
  }

  /**
   * A thread that dies while it starts has no task yet, and piscina starts no other in its place: a task that waits for
   * it would wait for ever.
   */
  #failStarts(): void {
    const taken = new Set(this.#slots.map((slot) => slot.threadId));
    let coming = this.#pool.threads.filter((thread) => !taken.has(thread.threadId)).length;
    for (const slot of this.#slots) {
      if (!slot.step || slot.threadId !== undefined) continue;
      if (coming > 0) coming -= 1;
      else kill(slot.step, 'start-failed');
    }
  }

  /** Piscina has asked the thread to end and forgets it; `terminate()` itself never says that it does not get through. */
  #watchEnd(threadId: number): void {
    const thread = this.#pool.threads.find((other) => other.threadId === threadId);
    if (!thread || threadId < 0) return;
    const report = (): void => {
      this.#stuck.add(thread);
      this.#onStuck?.();
    };
    const stopTimer = this.#clock.after(STUCK_MS, report, { keepAlive: false });
    thread.once('exit', () => {
      stopTimer();
      this.#stuck.delete(thread);
    });
  }

  /** The worker of the slot; for an empty slot one that fills no other; null makes piscina start one. */
  #choose<Thread extends { readonly id: number }>(slotIndex: number, workers: Thread[]): Thread | null {
    const slot = this.#slot(slotIndex);
    const own = workers.find((worker) => worker.id === slot.threadId);
    if (own) return own;
    const taken = new Set(this.#slots.map((other) => other.threadId));
    const free = workers.find((worker) => worker.id > 0 && !taken.has(worker.id));
    slot.threadId = free?.id;
    return free ?? null;
  }

  #slot(slotIndex: number): Slot {
    const slot = this.#slots[slotIndex];
    if (!slot) throw new RangeError(`no slot ${slotIndex}`);
    return slot;
  }
}

function threadSetup({ residency, progressFd }: PiscinaRunnerOptions): ThreadSetup {
  return { residency, ...(progressFd === undefined ? {} : { progressFd }) };
}

function kill(step: RunningStep, reason: KillReason): void {
  step.killedFor ??= reason;
  step.abort.abort();
}

function lost(page: StepPage, reason: ThreadLossReason, message: string): StepRun {
  return { ok: false, reason, message, running: page.running(), touched: page.touched() };
}

function slotOf(task: object): number {
  const options = (task as { [Piscina.queueOptionsSymbol]?: { slotIndex: number } | null })[
    Piscina.queueOptionsSymbol
  ];
  return options?.slotIndex ?? -1;
}

function describeLoss(
  error: unknown,
  killedFor: KillReason | undefined,
): { reason: ThreadLossReason; message: string } {
  const { code, message }: NodeJS.ErrnoException = error instanceof Error ? error : new Error(String(error));
  if (killedFor === 'start-failed')
    return { reason: killedFor, message: 'a new thread could not be started' };
  if (killedFor) return { reason: killedFor, message: `the thread was ended (${killedFor})` };
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') return { reason: 'memory', message: 'the thread ran out of heap' };
  if (message.startsWith('worker exited with code: ')) return { reason: 'exit', message };
  return { reason: 'error', message };
}
