import {
  BudgetTooLowError,
  CallbackError,
  PromptParkedError,
  SessionBusyError,
  SessionClosedError,
  SessionQuarantinedError,
  StepFailedError,
} from '../errors.ts';
import type { ActivePrompt } from '../journal/active-prompt.ts';
import type { JournalEntry } from '../journal/entries.ts';
import type { SessionRecord } from '../journal/session-record.ts';
import { NO_USAGE } from '../model/model.ts';
import type { BudgetNode } from '../gate/budget.ts';
import type { BudgetOptions } from '../protocol/budget.ts';
import type { BaseImage } from '../workspace/base-image.ts';
import { WorkspaceView } from '../workspace/workspace-view.ts';
import type { HostTools } from './host-tools.ts';
import { Mailbox, type Accepted, type PromptDelivery } from './mailbox.ts';
import { PastPoints, restoredEntry } from './past-points.ts';
import { PromptResult } from './prompt-result.ts';
import { PromptRun, type Ending } from './prompt-run.ts';
import type { Interruption, PromptTicket } from './prompt-ticket.ts';
import type { SessionContext } from './session-context.ts';
import type { ModelNames } from './provider-book.ts';
import type { Snapshot, SnapshotRef } from './snapshot.ts';
import type { SessionStateName } from './session-state.ts';
import { QUARANTINE_AFTER, settledResult } from './supervisor.ts';
import { tellResult } from './turn-events.ts';

/** Of all sessions of a pool. */
export interface SessionDriverOptions {
  readonly maxQueuedPrompts: number;
  /** Makes sure that a session's models can be called. @throws `unknown_provider`, `missing_key` */
  readonly admit: (models: ModelNames) => void;
  /** Called when a session has work, and when it has none any more: only then may its driver be dropped. */
  readonly onBusy: (sessionId: string) => void;
  readonly onRest: (sessionId: string) => void;
}

/** The life of one session: one prompt after another, as the mailbox has them, and its end. */
export class SessionDriver {
  readonly #session: SessionContext;
  readonly #options: SessionDriverOptions;
  readonly #mailbox: Mailbox;
  readonly #points: PastPoints;
  #closing: Promise<void> | undefined;
  /** The prompts' loop while it runs. */
  #loop: Promise<void> | undefined;
  /** The prompt that a process left in the middle; it is taken up, not begun. */
  #cutOff: string | undefined;
  /** The undo that is being journalled. */
  #undoing: Promise<void> | undefined;
  /** Ends of waiting prompts that could not be journalled. */
  #unkept: Map<string, Ending> | undefined;
  /** What has not ended is left to whoever opens the store next. */
  #isParked = false;

  constructor(session: SessionContext, options: SessionDriverOptions) {
    this.#session = session;
    this.#options = options;
    this.#mailbox = new Mailbox(session, options.maxQueuedPrompts);
    this.#points = new PastPoints(session);
  }

  get record(): SessionRecord {
    return this.#session.record;
  }

  get images(): readonly BaseImage[] {
    return this.#session.images;
  }

  get hostTools(): HostTools {
    return this.#session.hostTools;
  }

  get budget(): BudgetNode {
    return this.#session.budget;
  }

  /** The files as they are now. */
  workspace(): WorkspaceView {
    const { record, images, sessionId } = this;
    return new WorkspaceView({ sessionId, images, overlay: new Map(record.overlay) });
  }

  get state(): SessionStateName {
    return this.#session.state;
  }

  get sessionId(): string {
    return this.record.spec.sessionId;
  }

  /** Loads the session's tool modules and learns what they offer. @throws {StepFailedError} when that fails */
  async open(signal: AbortSignal): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const step = await this.#session.runStep({ type: 'open' }, { signal, serial: attempt > 1 });
      if (step.type === 'done') break;
      const failure =
        step.type === 'failed'
          ? step.error
          : { code: 'tool_module_failed', message: step.type === 'lost' ? step.message : 'stopped' };
      if (step.type !== 'lost' || attempt === 2) {
        throw new StepFailedError({ sessionId: this.sessionId, ...failure });
      }
    }
    this.#session.moveTo('idle');
  }

  /**
   * Takes a prompt into the mailbox; see {@link Mailbox.accept}.
   * @throws {SessionClosedError} @throws {MailboxFullError} @throws {SessionQuarantinedError} @throws {IdempotencyError}
   */
  async accept(prompt: PromptDelivery): Promise<Accepted> {
    // What an earlier prompt came to is told whatever the session's state.
    if (prompt.idempotencyKey === undefined || !this.#mailbox.knows(prompt.idempotencyKey)) {
      this.#assertTakesPrompts();
      this.#options.admit(this.record.spec);
    }
    this.#options.onBusy(this.sessionId);
    try {
      return await this.#mailbox.accept(prompt);
    } finally {
      this.#goOn();
    }
  }

  /** How a prompt ended, or will end. @throws {NotFoundError} `unknown_prompt` */
  result(promptId: string): Promise<PromptResult> {
    return this.#mailbox.ticketOf(promptId).result;
  }

  /** The session as it was at a point; see {@link PastPoints.snapshot}. */
  snapshot(at?: SnapshotRef): Snapshot {
    return this.#points.snapshot(at);
  }

  /**
   * Makes the session what it was at a point; see {@link PastPoints.undoTarget}.
   * @throws {SessionBusyError} @throws {SessionClosedError} @throws {SessionQuarantinedError}
   */
  async undo(to?: SnapshotRef): Promise<Snapshot> {
    this.#assertTakesPrompts();
    const { sessionId } = this;
    if (this.#undoing) throw new SessionBusyError({ sessionId, what: 'an undo in progress' });
    // Those that are only just being journalled count, too.
    if (!this.#mailbox.isEmpty || this.record.active) {
      throw new SessionBusyError({ sessionId, what: 'prompts that have not ended' });
    }
    const target = this.#points.undoTarget(to);
    if (target.promptId === this.record.point) return target;
    this.#options.onBusy(this.sessionId);
    this.#undoing = this.#restore(target);
    try {
      await this.#undoing;
    } finally {
      this.#undoing = undefined;
      this.#goOn();
    }
    return target;
  }

  /** A prompt that comes meanwhile is journalled after it, and begins with what it left. */
  #restore(target: Snapshot): Promise<void> {
    const { clock, nextStepId } = this.#session.ports;
    const own = { opening: null, stepId: nextStepId(), at: clock.epochMs() };
    return this.#session.write(restoredEntry(target, this.record, own));
  }

  /** Goes on with the prompts that an earlier process left. */
  resume(): void {
    this.#options.onBusy(this.sessionId);
    this.#cutOff = this.record.active?.promptId;
    this.#adoptPrompts();
    this.#goOn();
  }

  /** Ends the prompts that an earlier process left, with `interrupted`. */
  async reportInterrupted(): Promise<void> {
    this.#options.onBusy(this.sessionId);
    this.#adoptPrompts();
    const message = 'the process ended before this prompt did, and it was not gone on with';
    const ending: Ending = { stopReason: 'interrupted', error: { code: 'interrupted', message } };
    try {
      for (let active = this.record.active; active; active = this.record.active) {
        await this.#endPrompt(this.#mailbox.ticketOf(active.promptId), active, ending);
      }
    } catch (error) {
      this.#fail(error);
      throw error;
    }
    this.#goOn();
  }

  /** Ends the quarantine. @throws {SessionClosedError} */
  async release(): Promise<void> {
    if (this.record.quarantine === null) return;
    if (this.#closing || this.record.closed) throw new SessionClosedError({ sessionId: this.sessionId });
    this.#options.onBusy(this.sessionId);
    try {
      await this.#session.write({ type: 'released', at: this.#session.ports.clock.epochMs() });
      this.#session.moveTo('idle');
    } finally {
      this.#goOn();
    }
  }

  /**
   * Gives the session another budget of its own, and has a prompt that waits at one go on.
   * @param budget  null for no limit; undefined to leave it as it is
   * @throws {SessionClosedError} @throws {BudgetTooLowError} when the prompt would have to wait all the same
   */
  async goOn(budget: BudgetOptions | null | undefined): Promise<void> {
    const { record, sessionId } = this;
    const isOver = this.#closing || record.closed || this.state === 'failed';
    if (isOver) throw new SessionClosedError({ sessionId });
    const { budgets, clock } = this.#session.ports;
    const limits = budget === undefined ? record.budget : budget;
    const reached = record.pausedAt && this.budget.reached(clock.now(), limits);
    if (reached) throw new BudgetTooLowError({ sessionId, reached });
    if (budget === undefined) return;
    this.#options.onBusy(this.sessionId);
    try {
      await this.#session.write({ type: 'budget-set', budget, at: clock.epochMs() });
      budgets.setSessionLimits(this.budget, budget);
    } finally {
      this.#goOn();
    }
  }

  /** Ends one prompt early. A queued one is answered at once; the active one as soon as it can be stopped. */
  async interrupt(ticket: PromptTicket, reason: Interruption): Promise<void> {
    // Its callers have been told already that nothing comes of it here: it is in the store as it was left.
    if (ticket.hasEnded) return;
    ticket.interrupt(reason);
    // The first reason that was given.
    const { interruption } = ticket;
    if (interruption === undefined || interruption === 'parked') return;
    if (this.record.queue.some((prompt) => prompt.promptId === ticket.promptId)) {
      await this.#endPrompt(ticket, null, { stopReason: interruption, error: null });
    }
  }

  /** Ends the active prompt, and with `queued` those that wait too; resolves when they have ended. */
  async cancel(options: { readonly queued: boolean }): Promise<void> {
    const active = this.record.active?.promptId;
    const tickets = this.#mailbox.tickets.filter((ticket) => options.queued || ticket.promptId === active);
    // The waiting ones first, so that none of them begins when the active one ends.
    tickets.sort((a, b) => Number(a.promptId === active) - Number(b.promptId === active));
    await Promise.all(tickets.map((ticket) => this.interrupt(ticket, 'cancelled')));
    await Promise.allSettled(tickets.map((ticket) => ticket.result));
  }

  /** Takes no more prompts, lets the accepted ones end, cancels what has not ended at the deadline. Idempotent. */
  close(deadlineMs: number): Promise<void> {
    return this.#drain(deadlineMs, () => this.cancel({ queued: true }), true);
  }

  /** The same, but leaves the session open in the store, and what has not ended at the deadline as it is there. */
  park(deadlineMs: number): Promise<void> {
    const leave = async (): Promise<void> => {
      this.#isParked = true;
      for (const ticket of this.#mailbox.tickets) await this.interrupt(ticket, 'parked');
    };
    return this.#drain(deadlineMs, leave, false);
  }

  async #drain(deadlineMs: number, cutShort: () => Promise<void>, isEnd: boolean): Promise<void> {
    this.#options.onBusy(this.sessionId);
    // What cannot be ended has failed, and its prompt tells.
    const end = (): void => void cutShort().catch(() => undefined);
    // Each caller's deadline counts: the shortest one wins. What waits for a budget does not end by itself.
    const stopTimer =
      deadlineMs > 0 && !this.record.pausedAt ? this.#session.ports.clock.after(deadlineMs, end) : end();
    try {
      await (this.#closing ??= this.#close(isEnd));
    } catch (error) {
      // It could not be written: the session is as it was, and may be closed another time.
      this.#closing = undefined;
      throw error;
    } finally {
      stopTimer?.();
    }
  }

  async #close(isEnd: boolean): Promise<void> {
    // Also those that are only just being journalled.
    while (!this.#mailbox.isEmpty) {
      await Promise.allSettled(this.#mailbox.tickets.map((ticket) => ticket.result));
    }
    await this.#mailbox.settled();
    await this.#undoing?.catch(() => undefined);
    await this.#loop;
    if (this.state === 'failed' || this.state === 'closed') return;
    // Parked after all, by the end of the pool: then its prompts go on when the store is opened again.
    const isOver = isEnd && !this.record.active;
    if (isOver) await this.#session.write({ type: 'closed', at: this.#session.ports.clock.epochMs() });
    this.#session.ports.steps.forget(this.sessionId);
    this.#session.moveTo('closed');
  }

  /** A ticket for each prompt that the record has and nobody waits for. */
  #adoptPrompts(): void {
    const { active, queue } = this.record;
    for (const prompt of active ? [active, ...queue] : queue) this.#mailbox.adopt(prompt);
  }

  #assertTakesPrompts(): void {
    if (this.#closing || this.state === 'closed' || this.state === 'failed') {
      throw new SessionClosedError({ sessionId: this.sessionId });
    }
    const { quarantine } = this.record;
    if (quarantine !== null) {
      throw new SessionQuarantinedError({ sessionId: this.sessionId, reason: quarantine });
    }
  }

  /** Runs the prompts there are; says when there are none. */
  #goOn(): void {
    if (this.#loop || this.state === 'failed' || this.state === 'closed') return;
    if (this.#isParked) this.#leavePrompts();
    else if (this.record.active) this.#loop = this.#runPrompts();
    else if (this.#mailbox.isEmpty && !this.#closing && !this.#undoing) this.#options.onRest(this.sessionId);
  }

  async #runPrompts(): Promise<void> {
    try {
      for (let { active } = this.record; active && !this.#isParked; { active } = this.record) {
        await this.#runPrompt(active);
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#loop = undefined;
      this.#goOn();
    }
  }

  /** The journal cannot be written (or skein is at fault): nothing more may be promised for this session. */
  #fail(error: unknown): void {
    if (this.state !== 'closed') this.#session.moveTo('failed');
    this.#mailbox.rejectAll(() => error);
  }

  #leavePrompts(): void {
    this.#mailbox.rejectAll((promptId) => new PromptParkedError({ promptId }));
    if (this.state !== 'halted') this.#session.moveTo('idle');
  }

  async #runPrompt(active: ActivePrompt): Promise<void> {
    const ticket = this.#mailbox.get(active.promptId);
    if (!ticket) {
      // It was to end while it waited, and that could not be journalled then.
      const ending = this.#unkept?.get(active.promptId) ?? { stopReason: 'cancelled', error: null };
      return this.#endPrompt(this.#mailbox.adopt(active), active, ending);
    }
    const ending = await this.#endingOf(active, ticket);
    if (ending !== 'parked') await this.#endPrompt(ticket, active, ending);
  }

  #endingOf(active: ActivePrompt, ticket: PromptTicket): Promise<Ending | 'parked'> {
    const { quarantine } = this.record;
    if (quarantine !== null) {
      // It was accepted before the session was halted.
      const message = `the session is in quarantine (${quarantine})`;
      return Promise.resolve({ stopReason: 'crashed', error: { code: 'session_quarantined', message } });
    }
    const cutOff = this.#cutOff === active.promptId;
    this.#cutOff = undefined;
    return new PromptRun(this.#session, active, ticket).run(cutOff);
  }

  /** Once for each prompt, however many ask for it. */
  #endPrompt(ticket: PromptTicket, active: ActivePrompt | null, ending: Ending): Promise<void> {
    return (ticket.ending ??= this.#journalEnd(ticket, active, ending));
  }

  async #journalEnd(ticket: PromptTicket, active: ActivePrompt | null, ending: Ending): Promise<void> {
    const { promptId } = ticket;
    const { stopReason, error, failedAttempts = [] } = ending;
    const { record } = this;
    const at = this.#session.ports.clock.epochMs();
    const unanswered = active ? record.unansweredCalls : [];
    const notRun = unanswered.map((call) =>
      settledResult(call, record.hasBegun(call.id) ? 'outcome_unknown' : 'not_run', stopReason),
    );
    try {
      await this.#session.write(
        ...notRun.map((result) => ({ type: 'call-settled', result }) as const),
        {
          type: 'prompt-ended',
          promptId,
          stopReason,
          error,
          ...(failedAttempts.length > 0 ? { failedAttempts } : {}),
          at,
        },
        ...this.#quarantineAfter(ending, at),
      );
    } catch (failure) {
      (this.#unkept ??= new Map<string, Ending>()).set(promptId, ending);
      ticket.reject(failure);
      throw failure;
    } finally {
      this.#mailbox.delete(promptId);
    }
    this.#unkept?.delete(promptId);
    if (active) for (const result of notRun) tellResult(ticket, active, result);
    const result = new PromptResult({
      promptId,
      reply: active?.reply ?? '',
      output: active?.output ?? null,
      stopReason,
      error,
      finishReason: active?.finishReason ?? null,
      usage: active?.usage ?? NO_USAGE,
      failedAttempts: active?.failedAttempts ?? [],
      turns: active?.turns ?? 0,
      durationMs: Math.round(this.#session.ports.clock.now() - ticket.acceptedAt),
      workspace: this.workspace(),
    });
    // Before the caller is answered: who asks for the status then must not see the past.
    if (!record.active) this.#session.moveTo('idle');
    if (!record.active && record.quarantine !== null) this.#session.moveTo('halted');
    const failed = ticket.callbackError;
    ticket.tell({ type: 'prompt-ended', result });
    if (failed) {
      ticket.reject(
        new CallbackError({ sessionId: this.sessionId, callback: 'onText', cause: failed.thrown }),
      );
    } else {
      ticket.resolve(result);
    }
  }

  /** One crash too many in a row, and the session takes no more prompts. */
  #quarantineAfter({ stopReason, error }: Ending, at: number): readonly JournalEntry[] {
    const { crashes, quarantine } = this.record;
    if (stopReason !== 'crashed' || quarantine !== null || crashes + 1 < QUARANTINE_AFTER) return [];
    const reason = `${crashes + 1} prompts in a row ended in crashes; last: ${error?.message ?? 'unknown'}`;
    return [{ type: 'quarantined', reason, at }];
  }
}
