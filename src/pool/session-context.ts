import type { ContextBook } from '../context/context-book.ts';
import { SessionClosedError } from '../errors.ts';
import type { BudgetNode } from '../gate/budget.ts';
import type { BudgetTree } from '../gate/budget-tree.ts';
import type { PriceTable } from '../gate/prices.ts';
import type { Gate } from '../gate/gate.ts';
import type { RetryPolicy } from '../gate/retry.ts';
import type { JournalEntry } from '../journal/entries.ts';
import type { Journal } from '../journal/journal.ts';
import type { SessionRecord } from '../journal/session-record.ts';
import type { ReachedBudget } from '../protocol/budget.ts';
import type { StepDone, StepInput } from '../protocol/messages.ts';
import type { BaseImage } from '../workspace/base-image.ts';
import type { Redactor } from '../redactor.ts';
import type { Clock } from '../clock.ts';
import type { HostTools } from './host-tools.ts';
import type { ModelCaller } from './model-caller.ts';
import type { ModelProviders } from './model-request.ts';
import { ObservedStep } from './observed-step.ts';
import type { Observer } from './observer.ts';
import { redactStep } from './redact-step.ts';
import { moveSession, type SessionStateName } from './session-state.ts';
import type { StepResult, StepScheduler } from './step-scheduler.ts';
import { threadlessStep } from './threadless-step.ts';

/** What sessions are driven with; all of it passed in, none of it knows who drives. */
export interface DriverPorts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly journal: Journal;
  readonly steps: StepScheduler;
  readonly models: ModelCaller;
  readonly providers: ModelProviders;
  /** What every request to a model passes. */
  readonly gate: Gate;
  readonly retryPolicy: RetryPolicy;
  readonly budgets: BudgetTree;
  /** Called when a prompt pauses and nobody would notice. */
  readonly warnOfPause: (sessionId: string, reached: ReachedBudget) => void;
  /** What models cost that do not say so themselves. */
  readonly prices: PriceTable;
  /** What is known of the models' windows and tokens. */
  readonly context: ContextBook;
  /** Takes secrets out of what tools answer, before anything is journalled. */
  readonly redactor: Redactor;
  /** Hears of everything that happens. */
  readonly observer: Observer;
  /** Ids for steps, unique in the pool and among all owners of its store. */
  readonly nextStepId: () => number;
}

export interface StepRunOptions {
  readonly signal: AbortSignal;
  readonly serial: boolean;
  /** Asked when the step has come to its end: whether what it came to counts. Default yes. */
  readonly isKept?: () => boolean;
}

/** One session as its driver sees it: its record and state, and the ways in which they change. */
export class SessionContext {
  readonly record: SessionRecord;
  readonly images: readonly BaseImage[];
  readonly hostTools: HostTools;
  readonly ports: DriverPorts;
  /** When its latest step got a thread, in epoch milliseconds. */
  stepBeganAt = 0;
  /** What it may spend, in the tree of those that its spending counts against. */
  readonly budget: BudgetNode;
  #state: SessionStateName;

  constructor(parts: {
    readonly record: SessionRecord;
    readonly images: readonly BaseImage[];
    readonly hostTools: HostTools;
    readonly ports: DriverPorts;
  }) {
    this.record = parts.record;
    this.images = parts.images;
    this.hostTools = parts.hostTools;
    this.ports = parts.ports;
    const { spec, budget, usage, turns, closed } = this.record;
    const { sessionId, group = null, parent = null } = spec;
    const { budgets } = this.ports;
    this.budget = budgets.session({ sessionId, limits: budget, usage, turns, group, parent });
    // It is only looked at.
    if (closed) budgets.rest(sessionId);
    if (this.record.closed) this.#state = 'closed';
    else this.#state = this.record.quarantine === null ? 'idle' : 'halted';
  }

  get state(): SessionStateName {
    return this.#state;
  }

  moveTo(to: SessionStateName): void {
    const from = this.#state;
    this.#state = moveSession(from, to);
    const { observer } = this.ports;
    if (from === to || !observer.isHeard) return;
    observer.tell({ type: 'session-moved', sessionId: this.record.spec.sessionId, state: to });
  }

  /**
   * When it resolves the entries are kept, and the record shows them.
   * @throws {SessionClosedError} when the session has failed: whoever takes it up again is the one to write
   */
  async write(...entries: readonly JournalEntry[]): Promise<void> {
    if (this.#state === 'failed') throw new SessionClosedError({ sessionId: this.record.spec.sessionId });
    return this.ports.journal.write(this.record, ...entries);
  }

  /** One step: journalled when it begins, and its outcome before anybody hears of it. */
  async runStep(input: StepInput, options: StepRunOptions): Promise<StepResult> {
    const { signal, serial, isKept = () => true } = options;
    const stepId = this.ports.nextStepId();
    const threadless = signal.aborted ? undefined : threadlessStep(this.record, input);
    if (threadless) return this.#endWithoutThread(stepId, threadless);
    let hasBegun = false;
    const observed = this.#observed(stepId, input);
    this.moveTo('queued');
    const promptId = this.record.active?.promptId;
    const run = await this.ports.steps.run({
      record: this.record,
      stepId,
      input,
      serial,
      signal,
      timed: observed !== undefined,
      traceparent: promptId === undefined ? undefined : this.ports.observer.traceparentOf(promptId),
      onThread: async () => {
        // Not before: a step that waits for a thread has no part in it when the process dies.
        await this.write({ type: 'step-began', stepId, input: input.type });
        hasBegun = true;
        this.stepBeganAt = this.ports.clock.epochMs();
        observed?.began();
        this.moveTo('running');
      },
    });
    const step = redactStep(run, this.ports.redactor);
    const counts = step.type !== 'done' || isKept();
    observed?.ended(step, counts);
    if (!counts) {
      const message = 'it was stopped';
      await this.write({ type: 'step-lost', stepId, reason: 'cancelled', suspects: [], message });
      return { type: 'stopped' };
    }
    if (step.type === 'done') {
      const { opening, results, changes, next } = step.outcome;
      const asRun = run.type === 'done' ? run.outcome.changes : [];
      const redacted = changes.filter((change, at) => change !== asRun[at]).map(({ path }) => path);
      await this.write({
        type: 'step-ended',
        stepId,
        opening,
        results,
        changes,
        ...(redacted.length > 0 && { redacted }),
        next,
      });
    } else if (step.type === 'lost') {
      const { reason, suspects, message } = step;
      await this.write({ type: 'step-lost', stepId, reason, suspects, message });
    } else if (step.type === 'stopped' && hasBegun) {
      const message = 'it was stopped before it ran';
      await this.write({ type: 'step-lost', stepId, reason: 'cancelled', suspects: [], message });
    }
    return step;
  }

  async #endWithoutThread(stepId: number, outcome: StepDone): Promise<StepResult> {
    const { type: _, ...came } = outcome;
    await this.write({ type: 'step-ended', stepId, ...came, threadless: true });
    return { type: 'done', outcome };
  }

  /** Undefined while nobody hears. */
  #observed(stepId: number, input: StepInput): ObservedStep | undefined {
    const { record } = this;
    const { observer, clock } = this.ports;
    if (!observer.isHeard) return undefined;
    const promptId = record.active?.promptId ?? null;
    return new ObservedStep({ observer, clock, sessionId: record.spec.sessionId, promptId, stepId, input });
  }
}
