import type { StepTask } from '../protocol/messages.ts';
import type { StepRun, ThreadHealth } from '../protocol/shard-messages.ts';

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

export const NO_THREADS: ThreadHealth = { running: 0, blocked: 0, stuck: 0 };

export type { StepRun, ThreadHealth };
