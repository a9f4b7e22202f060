import { Piscina } from 'piscina';
import type { ThreadLossReason } from '../errors.ts';
import type { ResidencyLimits, StepTask } from '../protocol/messages.ts';
import { readStepOutcome } from '../protocol/schemas.ts';
import type { StepRun, StepRunner } from './step-runner.ts';
import { workerFile } from './worker-file.ts';

export interface PiscinaRunnerOptions {
  readonly minThreads: number;
  readonly maxThreads: number;
  /** Idle threads above the minimum are ended after this. */
  readonly idleTimeoutMs: number;
  readonly residency: ResidencyLimits;
  /** Old-generation heap of one thread. */
  readonly maxHeapMb: number;
}

type KillReason = 'deadline' | 'cancelled' | 'start-failed';

interface Slot {
  /** Thread id of the worker that fills the slot, once a task has been there. */
  threadId: number | undefined;
  /** Ends the task in progress, and its thread. */
  abort: AbortController | undefined;
  killedFor: KillReason | undefined;
}

/**
 * Session threads of this process. Piscina starts, watches and replaces them; which thread takes a task was decided
 * by the coordinator and travels as the task's slot, since a load balancer sees nothing else of a task.
 */
export class PiscinaRunner implements StepRunner {
  readonly #pool: Piscina<StepTask, unknown>;
  readonly #slots: Slot[];
  #closed = false;

  constructor(options: PiscinaRunnerOptions) {
    this.#slots = Array.from({ length: options.maxThreads }, () => ({
      threadId: undefined,
      abort: undefined,
      killedFor: undefined,
    }));
    this.#pool = new Piscina({
      filename: workerFile('session'),
      minThreads: options.minThreads,
      maxThreads: options.maxThreads,
      idleTimeout: options.idleTimeoutMs,
      concurrentTasksPerWorker: 1,
      // The default freezes an idle worker's event loop between tasks.
      atomics: 'disabled',
      env: {},
      workerData: options.residency,
      resourceLimits: { maxOldGenerationSizeMb: options.maxHeapMb },
      recordTiming: false,
      loadBalancer: (task, workers) => this.#choose(slotOf(task), workers),
    });
    // A thread may die of a late error while idle; without a listener that would end the process. Its sessions
    // are found missing when they are next wanted.
    this.#pool.on('error', () => undefined);
    this.#pool.on('workerDestroy', () => setImmediate(() => this.#failStarts()));
  }

  get threadCount(): number {
    return this.#pool.threads.length;
  }

  isWarm(slotIndex: number): boolean {
    const { threadId } = this.#slot(slotIndex);
    // An idle thread may have been ended meanwhile.
    return threadId !== undefined && this.#pool.threads.some((thread) => thread.threadId === threadId);
  }

  async run(slotIndex: number, task: StepTask): Promise<StepRun> {
    if (this.#closed) return { ok: false, reason: 'start-failed', message: 'the pool is closed' };
    const slot = this.#slot(slotIndex);
    const abort = new AbortController();
    slot.abort = abort;
    slot.killedFor = undefined;
    try {
      const routed = { ...task, [Piscina.queueOptionsSymbol]: { slotIndex } };
      const message = await this.#pool.run(routed, { signal: abort.signal });
      const outcome = readStepOutcome(message);
      if (outcome) return { ok: true, outcome };
      return { ok: false, reason: 'error', message: 'the thread answered with something that is no outcome' };
    } catch (error) {
      slot.threadId = undefined;
      return { ok: false, ...describeLoss(error, slot.killedFor) };
    } finally {
      slot.abort = undefined;
    }
  }

  kill(slotIndex: number, reason: KillReason): void {
    const slot = this.#slot(slotIndex);
    slot.killedFor ??= reason;
    slot.abort?.abort();
  }

  async close(): Promise<void> {
    // Piscina itself would start threads again.
    this.#closed = true;
    await this.#pool.destroy();
  }

  /**
   * A thread that dies while it starts has no task yet, and piscina starts no other in its place: a task that waits for
   * it would wait for ever.
   */
  #failStarts(): void {
    const taken = new Set(this.#slots.map((slot) => slot.threadId));
    let coming = this.#pool.threads.filter((thread) => !taken.has(thread.threadId)).length;
    for (const [index, slot] of this.#slots.entries()) {
      if (!slot.abort || slot.threadId !== undefined) continue;
      if (coming > 0) coming -= 1;
      else this.kill(index, 'start-failed');
    }
  }

  /** The worker of the slot; for an empty slot one that fills no other; null makes piscina start one. */
  #choose<Worker extends { readonly id: number }>(slotIndex: number, workers: Worker[]): Worker | null {
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
