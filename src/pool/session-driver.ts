import {
  CallbackError,
  MailboxFullError,
  ModelError,
  SessionClosedError,
  StepFailedError,
} from '../errors.ts';
import type { RetryPolicy } from '../gate/retry.ts';
import type { JournalEntry, StopReason } from '../journal/entries.ts';
import type { Journal } from '../journal/journal.ts';
import type { ActivePrompt, Move, SessionRecord } from '../journal/session-record.ts';
import { NO_USAGE } from '../model/model.ts';
import type { StepInput } from '../protocol/messages.ts';
import { serializeError, type SerializedError } from '../protocol/serialized-error.ts';
import type { ToolCall } from '../tools/tool.ts';
import type { BaseImage } from '../workspace/base-image.ts';
import type { Clock } from './clock.ts';
import type { HostTools } from './host-tools.ts';
import type { ModelCaller } from './model-caller.ts';
import { modelRequest, modelTurn } from './model-turn.ts';
import { PromptResult } from './prompt-result.ts';
import { PromptTicket, type PromptListener } from './prompt-ticket.ts';
import { moveSession, type SessionStateName } from './session-state.ts';
import type { StepResult, StepScheduler } from './step-scheduler.ts';
import { settledResult, supervise } from './supervisor.ts';
import { tellResult, tellStarted, tellTurnEnded } from './turn-events.ts';

/** What a driver decides with and acts through; all of it passed in, none of it knows the driver. */
export interface DriverPorts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly journal: Journal;
  readonly steps: StepScheduler;
  readonly models: ModelCaller;
  readonly retryPolicy: RetryPolicy;
  /** Ids for steps, unique in the pool, from 1. */
  readonly nextStepId: () => number;
}

export interface DriverOptions {
  readonly record: SessionRecord;
  readonly images: readonly BaseImage[];
  readonly hostTools: HostTools;
  readonly maxQueuedPrompts: number;
}

/** How a prompt comes to its end. */
interface Ending {
  readonly stopReason: StopReason;
  readonly error: SerializedError | null;
}

/**
 * Drives one session: asks its record what comes next, has it done, journals what came of it, and asks again. It
 * keeps no state of its own that the record could tell, so a session can be taken up wherever its journal ends.
 */
export class SessionDriver {
  readonly record: SessionRecord;
  readonly #ports: DriverPorts;
  readonly #options: DriverOptions;
  readonly #tickets = new Map<string, PromptTicket>();
  #state: SessionStateName = 'idle';
  #nextPrompt = 1;
  #closing: Promise<void> | undefined;
  /** The prompts' loop while it runs. */
  #loop: Promise<void> | undefined;

  constructor(options: DriverOptions, ports: DriverPorts) {
    this.record = options.record;
    this.#options = options;
    this.#ports = ports;
  }

  get state(): SessionStateName {
    return this.#state;
  }

  get sessionId(): string {
    return this.record.spec.sessionId;
  }

  /** Loads the session's tool modules and learns what they offer. @throws {StepFailedError} when that fails */
  async open(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const step = await this.#runStep({ type: 'open' }, new AbortController().signal, attempt > 1);
      if (step.type === 'done') break;
      const failure =
        step.type === 'failed'
          ? step.error
          : { code: 'tool_module_failed', message: step.type === 'lost' ? step.message : 'stopped' };
      if (step.type !== 'lost' || attempt === 2) {
        throw new StepFailedError({ sessionId: this.sessionId, ...failure });
      }
    }
    this.#moveTo('idle');
  }

  /**
   * Takes a prompt into the mailbox. It is journalled before the ticket is returned.
   * @throws {SessionClosedError} @throws {MailboxFullError}
   */
  async accept(text: string, listener: PromptListener | undefined): Promise<PromptTicket> {
    this.#assertOpen();
    const { maxQueuedPrompts } = this.#options;
    // Tickets, not the record's queue: a prompt that is just being journalled takes a place too.
    if (this.#tickets.size > maxQueuedPrompts) {
      throw new MailboxFullError({ sessionId: this.sessionId, maxPrompts: maxQueuedPrompts });
    }
    const promptId = `${this.sessionId}/${this.#nextPrompt++}`;
    const ticket = new PromptTicket(promptId, this.#ports.clock.now(), listener);
    this.#tickets.set(promptId, ticket);
    try {
      await this.#write({ type: 'prompt-accepted', promptId, text, at: this.#ports.clock.epochMs() });
    } catch (error) {
      this.#tickets.delete(promptId);
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
  close(deadlineMs: number): Promise<void> {
    return (this.#closing ??= this.#close(deadlineMs));
  }

  async #close(deadlineMs: number): Promise<void> {
    const stopTimer = this.#ports.clock.after(deadlineMs, () => void this.cancel({ queued: true }));
    await this.#loop;
    stopTimer();
    if (this.#state === 'failed') return;
    await this.#ports.journal.write(this.record, { type: 'closed', at: this.#ports.clock.epochMs() });
    this.#ports.steps.forget(this.sessionId);
    this.#moveTo('closed');
  }

  #assertOpen(): void {
    if (this.#closing || this.#state === 'closed' || this.#state === 'failed') {
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
      this.#moveTo('failed');
      for (const ticket of this.#tickets.values()) ticket.reject(error);
      this.#tickets.clear();
    } finally {
      this.#loop = undefined;
    }
  }

  async #runPrompt(active: ActivePrompt): Promise<void> {
    const ticket = this.#tickets.get(active.promptId);
    if (!ticket) throw new TypeError(`no ticket for prompt ${active.promptId}`);
    ticket.tell({ type: 'prompt-started' });
    let ending: Ending | undefined;
    while (!ending) {
      ending = ticket.interruption
        ? { stopReason: ticket.interruption, error: null }
        : await this.#advance(this.record.nextMove(), active, ticket);
    }
    await this.#endPrompt(ticket, active, ending);
  }

  /** Does one move and journals what came of it; tells the ending when the prompt is over. */
  #advance(move: Move, active: ActivePrompt, ticket: PromptTicket): Promise<Ending | undefined> {
    switch (move.do) {
      case 'step':
        return this.#step(move.input, active, ticket);
      case 'model':
        return this.#model(active, ticket);
      case 'effects':
        return this.#effects(move.calls, active, ticket);
      case 'end':
        return Promise.resolve({ stopReason: move.stopReason, error: null });
      case 'rest':
        throw new TypeError('a session with an active prompt cannot rest');
    }
  }

  async #step(input: StepInput, active: ActivePrompt, ticket: PromptTicket): Promise<Ending | undefined> {
    const { turn } = active;
    const roundsDone = active.roundsDone;
    const step = await this.#runStep(input, ticket.signal, active.losses > 0);
    switch (step.type) {
      case 'stopped':
        return undefined;
      case 'failed':
        return { stopReason: 'crashed', error: step.error };
      case 'lost':
        return this.#afterLoss(step, active, ticket);
      case 'done':
        for (const result of step.outcome.results) tellResult(ticket, active, result);
        if (turn && (active.roundsDone > roundsDone || this.record.isAnswered)) {
          tellTurnEnded(ticket, active, turn);
        }
        return undefined;
    }
  }

  /** One step: journalled when it begins, and its outcome before anybody hears of it. */
  async #runStep(input: StepInput, signal: AbortSignal, serial: boolean): Promise<StepResult> {
    const stepId = this.#ports.nextStepId();
    await this.#write({ type: 'step-began', stepId, input: input.type });
    this.#moveTo('queued');
    const step = await this.#ports.steps.run({
      record: this.record,
      stepId,
      input,
      serial,
      signal,
      onRunning: () => this.#moveTo('running'),
    });
    if (step.type === 'done') {
      const { opening, results, changes, next } = step.outcome;
      await this.#write({ type: 'step-ended', stepId, opening, results, changes, next });
    } else if (step.type === 'lost') {
      const { reason, suspects, message } = step;
      await this.#write({ type: 'step-lost', stepId, reason, suspects, message });
    }
    return step;
  }

  async #afterLoss(
    loss: Extract<StepResult, { type: 'lost' }>,
    active: ActivePrompt,
    ticket: PromptTicket,
  ): Promise<Ending | undefined> {
    if (ticket.interruption) return undefined;
    const verdict = supervise(loss, {
      deaths: active.turn?.deaths ?? new Map(),
      begun: active.turn?.begun ?? new Set(),
      losses: active.losses,
    });
    if (verdict.do === 'give-up') {
      const message = `the session's thread was lost ${active.losses} times without progress; last: ${loss.message}`;
      return { stopReason: 'crashed', error: { code: 'thread_lost', message } };
    }
    ticket.tell({ type: 'step-retried', reason: loss.reason, message: loss.message });
    if (verdict.do === 'settle') {
      const call = active.turn?.calls.find((candidate) => candidate.id === verdict.callId);
      if (call) {
        const result = settledResult(call, verdict.as, loss.message);
        await this.#write({ type: 'call-settled', result });
        tellResult(ticket, active, result);
      }
    }
    return undefined;
  }

  async #model(active: ActivePrompt, ticket: PromptTicket): Promise<Ending | undefined> {
    this.#moveTo('waiting-model');
    const turn = active.turns + 1;
    const { clock, random, models, retryPolicy } = this.#ports;
    const { provider, request } = modelRequest(this.record);
    try {
      const response = await modelTurn({
        models,
        clock,
        random,
        policy: retryPolicy,
        provider,
        request,
        turn,
        signal: ticket.signal,
        tell: ticket.listener && ((event) => ticket.tell(event)),
      });
      // Also when the prompt is to end now: the response was paid for.
      await this.#write({ type: 'model-responded', response });
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      if (ticket.interruption) return undefined;
      return { stopReason: 'model-error', error: serializeError(error, 'model_error') };
    }
    if (!this.record.isAtTurnLimit && !ticket.interruption) tellStarted(ticket, active);
    return undefined;
  }

  /** Outside effects: intent journalled, then run, then the result journalled. Tool modules' own run in the next step. */
  async #effects(
    calls: readonly ToolCall[],
    active: ActivePrompt,
    ticket: PromptTicket,
  ): Promise<Ending | undefined> {
    this.#moveTo('suspended');
    await this.#write(...calls.map((call) => ({ type: 'effect-began', callId: call.id }) as const));
    const { images, hostTools } = this.#options;
    const { spec, overlay } = this.record;
    await Promise.all(
      calls
        .filter((call) => this.record.isHostTool(call.name))
        .map(async (call) => {
          const { result, changes } = await hostTools.run(call, {
            sessionId: spec.sessionId,
            images,
            overlay,
            quota: spec.quota,
            signal: ticket.signal,
          });
          await this.#write({ type: 'effect-ended', result, changes });
          tellResult(ticket, active, result);
        }),
    );
    return undefined;
  }

  async #endPrompt(ticket: PromptTicket, active: ActivePrompt | null, ending: Ending): Promise<void> {
    const { promptId } = ticket;
    if (!this.#tickets.delete(promptId)) return;
    const { stopReason, error } = ending;
    const { record } = this;
    const unanswered = active ? record.unansweredCalls : [];
    const notRun = unanswered.map((call) => settledResult(call, 'not_run', stopReason));
    try {
      await this.#write(...notRun.map((result) => ({ type: 'call-settled', result }) as const), {
        type: 'prompt-ended',
        promptId,
        stopReason,
        error,
        at: this.#ports.clock.epochMs(),
      });
    } catch (failure) {
      ticket.reject(failure);
      throw failure;
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
      durationMs: Math.round(this.#ports.clock.now() - ticket.acceptedAt),
      images: this.#options.images,
      overlay: new Map(record.overlay),
    });
    // Before the caller is answered: who asks for the status then must not see the past.
    if (!record.active) this.#moveTo('idle');
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

  #write(...entries: readonly JournalEntry[]): Promise<void> {
    return this.#ports.journal.write(this.record, ...entries);
  }

  #moveTo(to: SessionStateName): void {
    this.#state = moveSession(this.#state, to);
  }
}
