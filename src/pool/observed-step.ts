import type { Clock } from '../clock.ts';
import type { StepInput } from '../protocol/messages.ts';
import type { Observer } from './observer.ts';
import type { StepResult } from './step-scheduler.ts';

interface ObservedStepParts {
  readonly observer: Observer;
  readonly clock: Clock;
  readonly sessionId: string;
  readonly promptId: string | null;
  readonly stepId: number;
  readonly input: StepInput;
}

/** Tells of one step: how long it waited for a thread, when its calls ran, how it ended. */
export class ObservedStep {
  readonly #parts: ObservedStepParts;
  readonly #queuedMs: number;
  #began: { readonly ms: number; readonly epochMs: number } | undefined;

  constructor(parts: ObservedStepParts) {
    this.#parts = parts;
    this.#queuedMs = parts.clock.now();
  }

  /** It has a thread. */
  began(): void {
    const { observer, clock, sessionId, promptId, stepId, input } = this.#parts;
    this.#began = { ms: clock.now(), epochMs: clock.epochMs() };
    const waitedMs = this.#began.ms - this.#queuedMs;
    observer.tell({ type: 'step-began', sessionId, promptId, stepId, input: input.type, waitedMs });
  }

  /** @param isKept  false when what it came to does not count */
  ended(step: StepResult, isKept: boolean): void {
    const { observer, clock, sessionId, promptId, stepId } = this.#parts;
    if (step.type === 'done' && isKept) this.#tellCalls(step);
    const endedMs = clock.now();
    observer.tell({
      type: 'step-ended',
      sessionId,
      promptId,
      stepId,
      outcome: isKept ? step.type : 'stopped',
      reason: step.type === 'lost' ? step.reason : null,
      waitedMs: (this.#began?.ms ?? endedMs) - this.#queuedMs,
      ranMs: this.#began ? endedMs - this.#began.ms : null,
    });
  }

  #tellCalls({ outcome }: Extract<StepResult, { type: 'done' }>): void {
    const { observer, sessionId, promptId, input } = this.#parts;
    if (promptId === null || input.type !== 'turn') return;
    const callOf = new Map(input.calls.map((call) => [call.id, call]));
    const timingOf = new Map(outcome.timings?.map((timing) => [timing.callId, timing]));
    for (const { callId, name, content, isError } of outcome.results) {
      const timing = timingOf.get(callId);
      const call = callOf.get(callId);
      if (!timing || !call) continue;
      const startEpochMs = this.#within(timing.startEpochMs);
      observer.tell({
        type: 'call-ended',
        sessionId,
        promptId,
        callId,
        name,
        arguments: call.arguments,
        content,
        isError,
        place: 'thread',
        settledAs: null,
        startEpochMs,
        endEpochMs: Math.max(startEpochMs, this.#within(timing.endEpochMs)),
      });
    }
  }

  /** A thread may be wrong about the time, or lie: a call ran within its step. */
  #within(epochMs: number): number {
    const { clock } = this.#parts;
    // Wall clocks are read in whole milliseconds, rounded down.
    return Math.min(Math.max(epochMs, this.#began?.epochMs ?? 0), clock.epochMs() + 1);
  }
}
