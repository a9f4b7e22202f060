import { CallbackError, MailboxFullError, SessionClosedError, StepFailedError } from '../errors.ts';
import type { StopReason } from '../journal/entries.ts';
import type { ActivePrompt, SessionRecord } from '../journal/session-record.ts';
import { NO_USAGE } from '../model/model.ts';
import { PromptResult } from './prompt-result.ts';
import { PromptRun, type Ending } from './prompt-run.ts';
import { PromptTicket, type PromptListener } from './prompt-ticket.ts';
import type { SessionContext } from './session-context.ts';
import type { SessionStateName } from './session-state.ts';
import { settledResult } from './supervisor.ts';
import { tellResult } from './turn-events.ts';

/** The life of one session: its mailbox, one prompt after another, its end. */
export class SessionDriver {
  readonly #session: SessionContext;
  readonly #maxQueuedPrompts: number;
  /** One for each accepted prompt that has not ended. */
  readonly #tickets = new Map<string, PromptTicket>();
  #nextPrompt = 1;
  #closing: Promise<void> | undefined;
  /** The prompts' loop while it runs. */
  #loop: Promise<void> | undefined;

  constructor(session: SessionContext, options: { readonly maxQueuedPrompts: number }) {
    this.#session = session;
    this.#maxQueuedPrompts = options.maxQueuedPrompts;
  }

  get record(): SessionRecord {
    return this.#session.record;
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
      const step = await this.#session.runStep({ type: 'open' }, signal, attempt > 1);
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
   * Takes a prompt into the mailbox. It is journalled before the ticket is returned.
   * @throws {SessionClosedError} @throws {MailboxFullError}
   */
  async accept(text: string, listener: PromptListener | undefined): Promise<PromptTicket> {
    this.#assertOpen();
    const maxQueuedPrompts = this.#maxQueuedPrompts;
    // Tickets, not the record's queue: a prompt that is just being journalled takes a place too.
    if (this.#tickets.size > maxQueuedPrompts) {
      throw new MailboxFullError({ sessionId: this.sessionId, maxPrompts: maxQueuedPrompts });
    }
    const promptId = `${this.sessionId}/${this.#nextPrompt++}`;
    const ticket = new PromptTicket(promptId, this.#session.ports.clock.now(), listener);
    this.#tickets.set(promptId, ticket);
    // It may be rejected before the caller has it.
    ticket.result.catch(() => undefined);
    try {
      await this.#session.write({
        type: 'prompt-accepted',
        promptId,
        text,
        at: this.#session.ports.clock.epochMs(),
      });
    } catch (error) {
      this.#tickets.delete(promptId);
      ticket.reject(error);
      throw error;
    }
    this.#loop ??= this.#runPrompts();
    return ticket;
  }

  /** Ends one prompt early. A queued one is answered at once; the active one as soon as it can be stopped. */
  async interrupt(ticket: PromptTicket, stopReason: StopReason): Promise<void> {
    ticket.interrupt(stopReason);
    if (this.record.queue.some((prompt) => prompt.promptId === ticket.promptId)) {
      await this.#endPrompt(ticket, null, { stopReason, error: null });
    }
  }

  /** Ends the active prompt, and with `queued` those that wait too; resolves when they have ended. */
  async cancel(options: { readonly queued: boolean }): Promise<void> {
    const active = this.record.active?.promptId;
    const tickets = [...this.#tickets.values()].filter(
      (ticket) => options.queued || ticket.promptId === active,
    );
    // The waiting ones first, so that none of them begins when the active one ends.
    tickets.sort((a, b) => Number(a.promptId === active) - Number(b.promptId === active));
    await Promise.all(tickets.map((ticket) => this.interrupt(ticket, 'cancelled')));
    await Promise.allSettled(tickets.map((ticket) => ticket.result));
  }

  /** Takes no more prompts, lets the accepted ones end, cancels what has not ended at the deadline. Idempotent. */
  async close(deadlineMs: number): Promise<void> {
    // Each caller's deadline counts: the shortest one wins.
    const stopTimer = this.#session.ports.clock.after(deadlineMs, () => {
      // What cannot be cancelled has failed, and its prompt tells.
      this.cancel({ queued: true }).catch(() => undefined);
    });
    try {
      await (this.#closing ??= this.#close());
    } finally {
      stopTimer();
    }
  }

  async #close(): Promise<void> {
    // Also those that are only just being journalled.
    while (this.#tickets.size > 0) {
      await Promise.allSettled([...this.#tickets.values()].map((ticket) => ticket.result));
    }
    await this.#loop;
    if (this.state === 'failed') return;
    await this.#session.write({ type: 'closed', at: this.#session.ports.clock.epochMs() });
    this.#session.ports.steps.forget(this.sessionId);
    this.#session.moveTo('closed');
  }

  #assertOpen(): void {
    if (this.#closing || this.state === 'closed' || this.state === 'failed') {
      throw new SessionClosedError({ sessionId: this.sessionId });
    }
  }

  async #runPrompts(): Promise<void> {
    try {
      for (let active = this.record.active; active; active = this.record.active) {
        await this.#runPrompt(active);
      }
    } catch (error) {
      // The journal cannot be written (or skein is at fault): nothing more may be promised for this session.
      this.#session.moveTo('failed');
      for (const ticket of this.#tickets.values()) ticket.reject(error);
      this.#tickets.clear();
    } finally {
      this.#loop = undefined;
    }
  }

  async #runPrompt(active: ActivePrompt): Promise<void> {
    const ticket = this.#tickets.get(active.promptId);
    if (!ticket) {
      // It was ended while it waited, and that could not be journalled. Nobody waits for it any more.
      const { promptId } = active;
      const at = this.#session.ports.clock.epochMs();
      await this.#session.write({ type: 'prompt-ended', promptId, stopReason: 'cancelled', error: null, at });
      return;
    }
    const ending = await new PromptRun(this.#session, active, ticket).run();
    await this.#endPrompt(ticket, active, ending);
  }

  /** Once for each prompt, however many ask for it. */
  #endPrompt(ticket: PromptTicket, active: ActivePrompt | null, ending: Ending): Promise<void> {
    return (ticket.ending ??= this.#journalEnd(ticket, active, ending));
  }

  async #journalEnd(ticket: PromptTicket, active: ActivePrompt | null, ending: Ending): Promise<void> {
    const { promptId } = ticket;
    const { stopReason, error } = ending;
    const { record } = this;
    const unanswered = active ? record.unansweredCalls : [];
    const notRun = unanswered.map((call) =>
      settledResult(call, record.hasBegun(call.id) ? 'outcome_unknown' : 'not_run', stopReason),
    );
    try {
      await this.#session.write(...notRun.map((result) => ({ type: 'call-settled', result }) as const), {
        type: 'prompt-ended',
        promptId,
        stopReason,
        error,
        at: this.#session.ports.clock.epochMs(),
      });
    } catch (failure) {
      ticket.reject(failure);
      throw failure;
    } finally {
      this.#tickets.delete(promptId);
    }
    if (active) for (const result of notRun) tellResult(ticket, active, result);
    const result = new PromptResult({
      promptId,
      reply: active?.reply ?? '',
      stopReason,
      error,
      finishReason: active?.finishReason ?? null,
      usage: active?.usage ?? NO_USAGE,
      turns: active?.turns ?? 0,
      durationMs: Math.round(this.#session.ports.clock.now() - ticket.acceptedAt),
      images: this.#session.images,
      overlay: new Map(record.overlay),
    });
    // Before the caller is answered: who asks for the status then must not see the past.
    if (!record.active) this.#session.moveTo('idle');
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
}
