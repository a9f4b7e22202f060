import type { ThreadLossReason } from '../errors.ts';
import type { StepDone, StepInput, StepTask } from '../protocol/messages.ts';
import type { SerializedError } from '../protocol/serialized-error.ts';
import type { SessionRecord } from '../journal/session-record.ts';
import type { Placement } from './placement.ts';
import type { StepRun, StepRunner } from '../threads/step-runner.ts';

export interface StepRequest {
  readonly record: SessionRecord;
  readonly stepId: number;
  readonly input: StepInput;
  readonly serial: boolean;
  /** See {@link StepTask}. */
  readonly traceparent?: string | undefined;
  readonly timed?: boolean;
  /** Aborted when the prompt is to end: a waiting step leaves the queue, a running one is asked to stop, then ended. */
  readonly signal: AbortSignal;
  /** The step has a thread to itself; waited for before it runs. What it throws is thrown by `run`. */
  readonly onThread: () => Promise<void>;
}

export type StepResult =
  | { readonly type: 'done'; readonly outcome: StepDone }
  | { readonly type: 'failed'; readonly error: SerializedError }
  | {
      readonly type: 'lost';
      readonly reason: ThreadLossReason;
      readonly message: string;
      /** Ids of the calls that were running. */
      readonly suspects: readonly string[];
      /** Ids of the calls that had begun. */
      readonly touched: readonly string[];
    }
  /** Aborted before it had a thread. */
  | { readonly type: 'stopped' };

export interface StepSchedulerOptions {
  readonly stepTimeoutMs: number;
  /** How long a running step may take to heed an abort before its thread is ended. */
  readonly cancelGraceMs: number;
}

/** Takes steps to threads: a place, the state if the thread lacks it, the outcome. */
export class StepScheduler {
  readonly #options: StepSchedulerOptions;
  readonly #placement: Placement;
  readonly #runner: StepRunner;
  /** By slot: sessions whose files its thread need not keep any longer. */
  readonly #leaving = new Map<number, string[]>();
  /** Where each session's volume was left, as far as the coordinator knows. */
  readonly #resident = new Map<string, number>();
  /** Slots kept for the re-run of a session whose thread died there: see {@link run}. */
  readonly #held = new Map<string, number>();
  missCount = 0;

  constructor(parts: { options: StepSchedulerOptions; placement: Placement; runner: StepRunner }) {
    this.#options = parts.options;
    this.#placement = parts.placement;
    this.#runner = parts.runner;
  }

  /**
   * Rejects only with what `onThread` throws. After a loss the slot is kept for the session, whose next step is then the first on a new thread:
   * what other sessions left running in the old one cannot be blamed on it twice. {@link letGo} ends that.
   */
  async run(request: StepRequest): Promise<StepResult> {
    const { sessionId } = request.record.spec;
    const slot = this.#held.get(sessionId) ?? (await this.#placement.take(sessionId, request.signal));
    if (slot === undefined) return { type: 'stopped' };
    this.#held.delete(sessionId);
    let result: StepResult | undefined;
    try {
      await request.onThread();
      result = await this.#runOn(slot, request);
      return result;
    } finally {
      if (result?.type === 'lost' && result.reason !== 'cancelled') this.#held.set(sessionId, slot);
      else this.#placement.release(slot);
    }
  }

  /** There will be no re-run for now. */
  letGo(sessionId: string): void {
    const slot = this.#held.get(sessionId);
    if (slot === undefined) return;
    this.#held.delete(sessionId);
    this.#placement.release(slot);
  }

  async #runOn(slot: number, request: StepRequest): Promise<StepResult> {
    const { sessionId } = request.record.spec;
    const calls = request.input.type === 'turn' ? request.input.calls : [];
    const { signal } = request;
    if (signal.aborted) return { type: 'stopped' };
    const stopListening = this.#stopOnAbort(signal, slot);
    let run: StepRun;
    try {
      run = await this.#runner.run(slot, this.#task(request, slot, this.#resident.get(sessionId) !== slot));
      if (run.ok && run.outcome.type === 'miss') {
        this.missCount += 1;
        if (signal.aborted) return { type: 'stopped' };
        run = await this.#runner.run(slot, this.#task(request, slot, true));
      }
    } finally {
      stopListening();
    }
    if (!run.ok) {
      this.#resident.delete(sessionId);
      const ids = (indices: readonly number[]): string[] =>
        indices.flatMap((index) => calls[index]?.id ?? []);
      return {
        type: 'lost',
        reason: run.reason,
        message: run.message,
        suspects: ids(run.running),
        touched: ids(run.touched),
      };
    }
    switch (run.outcome.type) {
      case 'done':
        this.#resident.set(sessionId, slot);
        return { type: 'done', outcome: run.outcome };
      case 'failed':
        this.#resident.delete(sessionId);
        return { type: 'failed', error: run.outcome.error };
      case 'miss':
        return {
          type: 'failed',
          error: { code: 'step_failed', message: 'the thread did not accept the session state' },
        };
    }
  }

  /** The session is closed or parked: its thread may drop what it has of it. */
  forget(sessionId: string): void {
    this.letGo(sessionId);
    const slot = this.#resident.get(sessionId);
    if (slot !== undefined) {
      const leaving = this.#leaving.get(slot);
      if (leaving) leaving.push(sessionId);
      else this.#leaving.set(slot, [sessionId]);
    }
    this.#resident.delete(sessionId);
    this.#placement.forget(sessionId);
  }

  /** The session has nothing to do for a while: the same, unless its home is its own for as long as it is in memory. */
  settle(sessionId: string): void {
    if (!this.#placement.isDedicated) this.forget(sessionId);
  }

  #stopOnAbort(signal: AbortSignal, slot: number): () => void {
    const stop = (): void => this.#runner.stop(slot, this.#options.cancelGraceMs);
    signal.addEventListener('abort', stop, { once: true });
    return () => signal.removeEventListener('abort', stop);
  }

  #task(request: StepRequest, slot: number, withState: boolean): StepTask {
    const { record } = request;
    const drop = this.#leaving.get(slot) ?? [];
    this.#leaving.delete(slot);
    return {
      sessionId: record.spec.sessionId,
      stepId: request.stepId,
      volumeOf: record.volumeOf,
      changes: withState ? [] : record.hostChanges,
      input: request.input,
      drop,
      state: withState
        ? {
            spec: record.spec,
            overlay: [...record.overlay].map(([path, bytes]) => ({ path, bytes })),
          }
        : null,
      serial: request.serial,
      budgetMs: this.#options.stepTimeoutMs / 3,
      stepTimeoutMs: this.#options.stepTimeoutMs,
      ...(request.traceparent === undefined ? {} : { traceparent: request.traceparent }),
      ...(request.timed ? { timed: true } : {}),
    };
  }
}
