import type { ThreadLossReason } from '../errors.ts';
import type { StepOutcome, StepTask } from '../protocol/messages.ts';

/**
 * The seam to the session threads. A slot is a place for one thread; it outlives the threads that fill it. Plain
 * data in, plain data out, so that threads of another process can stand behind it too.
 */
export interface StepRunner {
  /**
   * Runs a task on the thread of `slot`, starting one where there is none. At most one task a slot at a time.
   * Never rejects.
   */
  run(slot: number, task: StepTask): Promise<StepRun>;
  /** Whether the slot's thread has run before: then it can pick up a step at once. */
  isWarm(slot: number): boolean;
  /** Ends the thread of `slot`; its run answers with a loss for that reason. */
  kill(slot: number, reason: 'deadline' | 'cancelled'): void;
  /** Threads that exist now. */
  readonly threadCount: number;
  /** Ends all threads. Running tasks answer with a loss. */
  close(): Promise<void>;
}

export type StepRun =
  | { readonly ok: true; readonly outcome: StepOutcome }
  | { readonly ok: false; readonly reason: ThreadLossReason; readonly message: string };
