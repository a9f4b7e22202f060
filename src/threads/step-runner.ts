import type { StepTask } from '../protocol/messages.ts';
import type { StepEnd } from '../protocol/shard-messages.ts';

/**
 * The seam to the session threads. A slot is a place for one thread; it outlives the threads that fill it. Plain data
 * in, plain data out, so that the threads may be in this process or in another. Whoever is behind it keeps the
 * deadlines: a thread that spins sends no messages, and its step's page can only be read where the thread is.
 */
export interface StepRunner {
  /**
   * Runs a task on the thread of `slot`, starting one where there is none, and ends the thread when the step or one of
   * its calls is past its deadline. At most one task a slot at a time. Never rejects.
   */
  run(slot: number, task: StepTask): Promise<StepRun>;
  /** Asks the step in `slot` to stop, and ends its thread when it has not after `graceMs`: a loss, reason `cancelled`. */
  stop(slot: number, graceMs: number): void;
  readonly health: ThreadHealth;
  /** Ends all threads. Running tasks answer with a loss. */
  close(): Promise<void>;
}

/** How a step ended, or how its thread was lost. */
/** How session threads are doing, in numbers of threads. */
export interface ThreadHealth {
  /** That exist now. */
  readonly running: number;
  /** In a step, and their event loop has stood still for half a second or more: they compute, or hang. */
  readonly blocked: number;
  /** Given up and replaced, and still there: native code holds them. A shard process ends with its own. */
  readonly stuck: number;
}

export const NO_THREADS: ThreadHealth = { running: 0, blocked: 0, stuck: 0 };

export type StepRun = StepEnd;
