import { BudgetReachedError, ModelError } from '../errors.ts';
import type { JournalEntry, PromptError, StopReason } from '../journal/entries.ts';
import type { FailedAttempt } from '../journal/failed-attempts.ts';
import type { ActivePrompt } from '../journal/active-prompt.ts';
import type { Move } from '../journal/session-record.ts';
import type { StepInput } from '../protocol/messages.ts';
import type { ToolCall, ToolResult } from '../tools/tool.ts';
import { priced } from '../gate/prices.ts';
import type { Usage } from '../model/model.ts';
import { ContextKeeper } from './context-keeper.ts';
import { modelRequest, sideRequest } from './model-request.ts';
import { modelTurn, type ModelAnswer, type ModelTurn } from './model-turn.ts';
import { PromptBudget } from './prompt-budget.ts';
import type { PromptTicket } from './prompt-ticket.ts';
import type { SessionContext } from './session-context.ts';
import type { StepResult } from './step-scheduler.ts';
import { pause } from './pause.ts';
import {
  rerunDelayMs,
  settledResult,
  supervise,
  type Loss,
  type SettledAs,
  type Verdict,
} from './supervisor.ts';
import { tellRepeated, tellResult, tellStarted, tellTurnEnded } from './turn-events.ts';

/** How a prompt comes to its end. */
export interface Ending {
  readonly stopReason: StopReason;
  /** What went wrong; null where nothing did. */
  readonly error: PromptError | null;
  /** Of a turn that has no response. */
  readonly failedAttempts?: readonly FailedAttempt[];
}

/** What a model is asked. */
interface Asked extends Pick<ModelTurn, 'requestTo' | 'fitsInto' | 'tooLongFor' | 'showsText'> {
  /** The first model that is asked: the session's own, or one of its fallbacks. */
  readonly from: string;
  /** How many of the session's turns the response is: none when it is asked for a summary. */
  readonly turns: number;
}

/**
 * One prompt from the mailbox to its end: asks the record what comes next, has it done, journals what came of it, and
 * asks again. Keeps nothing that the record could tell, so a prompt can be taken up wherever its journal ends.
 */
export class PromptRun {
  readonly #session: SessionContext;
  readonly #active: ActivePrompt;
  readonly #ticket: PromptTicket;
  readonly #budget: PromptBudget;
  /** Requests of the turn that has no response yet. */
  #failedAttempts: FailedAttempt[] = [];

  constructor(session: SessionContext, active: ActivePrompt, ticket: PromptTicket) {
    this.#session = session;
    this.#active = active;
    this.#ticket = ticket;
    this.#budget = new PromptBudget(session, ticket);
  }

  /**
   * Goes on from wherever the record is.
   * @param cutOff  its process ended in the middle of it, and the record was found in the store
   * @returns how it ended; `parked` when it is to be left as it is
   * @throws what the journal throws; nothing else
   */
  async run(cutOff: boolean): Promise<Ending | 'parked'> {
    this.#ticket.tell({ type: 'prompt-started' });
    this.#budget.begin();
    try {
      const ending = cutOff && (await this.#takeUp());
      if (ending) return ending;
      for (;;) {
        const { interruption } = this.#ticket;
        if (interruption === 'parked') {
          await this.#keepFailedAttempts();
          return interruption;
        }
        const ending = interruption
          ? { stopReason: interruption, error: null }
          : await this.#advance(this.#session.record.nextMove());
        if (ending) return { ...ending, failedAttempts: this.#failedAttempts };
      }
    } finally {
      this.#budget.end();
      this.#session.ports.steps.letGo(this.#session.record.spec.sessionId);
    }
  }

  /** Does one move and journals what came of it; tells the ending when the prompt is over. */
  #advance(move: Move): Promise<Ending | undefined> {
    switch (move.do) {
      case 'step':
        return this.#step(move.input);
      case 'model':
        return this.#model();
      case 'effects':
        return this.#effects(move.calls);
      case 'end':
        return Promise.resolve({ stopReason: move.stopReason, error: move.error });
      case 'rest':
        throw new TypeError('a session with an active prompt cannot rest');
    }
  }

  /**
   * The process ended in the middle of this prompt, in a step or not. That counts: a prompt that ends its process each
   * time is not taken up for ever. Effects without a result may have happened.
   */
  async #takeUp(): Promise<Ending | undefined> {
    // It waited, and nothing of it was in progress.
    if (this.#session.record.pausedAt) return undefined;
    const message = 'it was cut off in the middle';
    const { openStepId: stepId } = this.#active;
    const entries: JournalEntry[] = [
      stepId === null
        ? { type: 'taken-up', at: this.#session.ports.clock.epochMs() }
        : { type: 'step-lost', stepId, reason: 'process', suspects: [], message },
    ];
    const results: ToolResult[] = [];
    for (const call of this.#session.record.unknownOutcomes) {
      results.push(settledResult(call, 'outcome_unknown', message));
    }
    for (const result of results) entries.push({ type: 'call-settled', result });
    await this.#session.write(...entries);
    this.#observeSettled(results, 'outcome_unknown', this.#session.ports.clock.epochMs());
    const verdict = this.#supervise({ reason: 'process', suspects: [], touched: [] });
    return verdict.do === 'give-up' ? this.#givenUp(message) : undefined;
  }

  async #step(input: StepInput): Promise<Ending | undefined> {
    const { turn } = this.#active;
    const step = await this.#session.runStep(input, {
      signal: this.#ticket.signal,
      serial: this.#losses > 0,
      // Its calls were asked to stop, and what they then answer is not what they would have answered.
      isKept: () => this.#ticket.interruption !== 'parked',
    });
    switch (step.type) {
      case 'stopped':
        return undefined;
      case 'failed':
        return { stopReason: 'crashed', error: step.error };
      case 'lost':
        return this.#afterLoss(step);
      case 'done':
        for (const result of step.outcome.results) tellResult(this.#ticket, this.#active, result);
        if (turn && (this.#active.turn !== turn || this.#session.record.isAnswered)) {
          tellTurnEnded(this.#ticket, this.#active, turn);
          const { loops } = this.#session.record.spec;
          if (loops) tellRepeated(this.#ticket, this.#active, loops.warnAfter);
        }
        if (step.outcome.next.wait === 'repair') {
          const { message } = step.outcome.next;
          this.#ticket.tell({ type: 'output-refused', turn: this.#active.turns, message });
        }
        return undefined;
    }
  }

  async #afterLoss(loss: Extract<StepResult, { type: 'lost' }>): Promise<Ending | undefined> {
    if (this.#ticket.interruption) return undefined;
    const verdict = this.#supervise(loss);
    if (verdict.do === 'give-up') return this.#givenUp(loss.message);
    this.#ticket.tell({ type: 'step-retried', reason: loss.reason, message: loss.message });
    if (verdict.do === 'settle') {
      const calls = this.#active.turn?.calls.filter((call) => verdict.callIds.includes(call.id)) ?? [];
      const results = calls.map((call) => settledResult(call, verdict.as, loss.message));
      await this.#session.write(...results.map((result) => ({ type: 'call-settled', result }) as const));
      this.#observeSettled(results, verdict.as, this.#session.stepBeganAt);
      for (const result of results) tellResult(this.#ticket, this.#active, result);
    }
    const { clock, steps } = this.#session.ports;
    const delayMs = rerunDelayMs(this.#losses);
    // Others may have the thread meanwhile.
    if (delayMs > 0) steps.letGo(this.#session.record.spec.sessionId);
    await pause(clock, delayMs, this.#ticket.signal);
    return undefined;
  }

  /** Answered in place of their tools. */
  #observeSettled(results: readonly ToolResult[], settledAs: SettledAs, startEpochMs: number): void {
    const { observer, clock } = this.#session.ports;
    if (!observer.isHeard) return;
    const endEpochMs = clock.epochMs();
    for (const { callId, name, content, isError } of results) {
      const call = this.#active.turn?.calls.find(({ id }) => id === callId);
      observer.tell({
        type: 'call-ended',
        ...this.#ids,
        callId,
        name,
        arguments: call?.arguments ?? '',
        content,
        isError,
        place: 'nowhere',
        settledAs,
        startEpochMs,
        endEpochMs,
      });
    }
  }

  get #ids(): { readonly sessionId: string; readonly promptId: string } {
    return { sessionId: this.#session.record.spec.sessionId, promptId: this.#active.promptId };
  }

  get #losses(): number {
    return this.#active.losses + this.#active.processLosses;
  }

  #supervise(loss: Loss): Verdict {
    return supervise(loss, {
      deaths: this.#active.turn?.deaths ?? new Map(),
      begun: this.#active.turn?.begun ?? new Set(),
      losses: this.#active.losses,
      processLosses: this.#active.processLosses,
    });
  }

  #givenUp(last: string): Ending {
    const message = `the session's thread was lost ${this.#losses} times without progress; last: ${last}`;
    return { stopReason: 'crashed', error: { code: 'thread_lost', message } };
  }

  async #model(): Promise<Ending | undefined> {
    // A prompt that is to wait for its budget must not wait for the model first.
    const reached = this.#budget.reached();
    if (reached) return this.#budget.stopAt(reached);
    await this.#budget.goOn();
    this.#session.moveTo('waiting-model');
    const { observer } = this.#session.ports;
    if (observer.isHeard) observer.tell({ type: 'turn-began', ...this.#ids, turn: this.#active.turns + 1 });
    try {
      const full = await this.#respondWithin();
      if (full) return { stopReason: 'context-full', error: full };
    } catch (error) {
      if (error instanceof BudgetReachedError) {
        await this.#keepFailedAttempts();
        return this.#budget.stopAt(error.reached);
      }
      if (!(error instanceof ModelError)) throw error;
      if (this.#ticket.interruption) return undefined;
      const { kind, status, message, retryable } = error;
      return {
        stopReason: 'model-error',
        error: { code: 'model_error', message, kind, status: status ?? null, retryable },
      };
    }
    const runs = !this.#session.record.isAtTurnLimit && !this.#ticket.interruption;
    if (runs) tellStarted(this.#ticket, this.#active);
    return undefined;
  }

  /**
   * A response of the model, or of a fallback, to as much as fits in its window; a request that a provider refused all the
   * same is made to it once more, with less.
   * @returns why nothing can be sent @throws {ModelError}
   */
  async #respondWithin(): Promise<PromptError | undefined> {
    let { model } = this.#session.record.spec;
    let overflow: ModelError | null = null;
    const refusedBy = new Set<string>();
    for (;;) {
      const full = await this.#contextFor(model).makeRoom(overflow);
      if (full) return full;
      try {
        return await this.#respond(model, (other) => (model = other));
      } catch (error) {
        if (!(error instanceof ModelError) || error.kind !== 'context-length') throw error;
        if (refusedBy.has(model)) return this.#contextFor(model).full(error);
        refusedBy.add(model);
        overflow = error;
      }
    }
  }

  /** What one of the session's models is sent. */
  #contextFor(model: string): ContextKeeper {
    const { record, ports } = this.#session;
    return new ContextKeeper(this.#session, this.#active, {
      model,
      // What it says is for the session to read, not for who listens to it.
      ask: async (messages) => {
        const { response } = await this.#ask({
          from: model,
          requestTo: (other) => sideRequest(record, other, ports, messages),
          // It is about as long as was asked for, whoever is asked.
          fitsInto: () => Promise.resolve(true),
          tooLongFor: () => undefined,
          turns: 0,
          showsText: false,
        });
        return response;
      },
      tell: (event) => this.#ticket.tell(event),
    });
  }

  /** @param from  the first model that is asked */
  async #respond(from: string, tooLongFor: ModelTurn['tooLongFor']): Promise<undefined> {
    const { record, ports } = this.#session;
    const { response, model } = await this.#ask({
      from,
      requestTo: (other) => modelRequest(record, other, ports),
      fitsInto: async (other) => (await this.#contextFor(other).makeRoom(null)) === undefined,
      tooLongFor,
      turns: 1,
      showsText: this.#ticket.wantsText,
    });
    ports.context.learnUsage(model, record.sentWeight, response.usage);
    // Also when the prompt is to end now: the response was paid for.
    await this.#session.write({
      type: 'model-responded',
      response,
      ...(model === record.spec.model ? {} : { model }),
      ...(this.#failedAttempts.length > 0 ? { failedAttempts: this.#failedAttempts } : {}),
      at: ports.clock.epochMs(),
    });
    this.#failedAttempts = [];
  }

  /** The turn is left without a response; what has been spent on it is not forgotten. */
  async #keepFailedAttempts(): Promise<void> {
    if (this.#failedAttempts.length === 0) return;
    const failedAttempts = this.#failedAttempts;
    await this.#session.write({
      type: 'attempts-failed',
      failedAttempts,
      at: this.#session.ports.clock.epochMs(),
    });
    this.#failedAttempts = [];
  }

  async #ask(asked: Asked): Promise<ModelAnswer> {
    const { record, ports } = this.#session;
    const { sessionId, model: first, fallback, priority = 'interactive' } = record.spec;
    const candidates = fallback ? [first, ...fallback] : [first];
    const { response, model } = await modelTurn({
      calls: ports,
      sessionId,
      candidates: candidates.slice(candidates.indexOf(asked.from)),
      requestTo: asked.requestTo,
      schemaRefused: (of) => ports.providers.schemaRefused(of),
      fitsInto: asked.fitsInto,
      tooLongFor: asked.tooLongFor,
      priority: this.#active.priority ?? priority,
      origin: { sessionId, promptId: this.#active.promptId, turn: record.turns },
      turn: this.#active.turns + 1,
      assertAffordable: () => this.#budget.assertAffordable(),
      signal: this.#ticket.signal,
      tell: (event) => this.#ticket.tell(event),
      showsText: asked.showsText,
      failedAttempts: this.#failedAttempts,
      charge: (used, of) => this.#charge(used, of, 0),
    });
    // Before it is kept: others ask meanwhile.
    return { model, response: { ...response, usage: this.#charge(response.usage, model, asked.turns) } };
  }

  /** Counts against the budgets what a model has used. @returns the same, with what it cost */
  #charge(used: Usage, model: string, turns: number): Usage {
    const usage = priced(used, model, this.#session.ports.prices);
    this.#session.budget.spend({ usage, turns });
    return usage;
  }

  /** Outside effects: intent journalled, then run, then the result journalled. Tool modules' own run in the next step. */
  async #effects(calls: readonly ToolCall[]): Promise<Ending | undefined> {
    this.#session.moveTo('suspended');
    await this.#session.write(...calls.map((call) => ({ type: 'effect-began', callId: call.id }) as const));
    const { images, hostTools } = this.#session;
    const { observer } = this.#session.ports;
    const { spec, overlay } = this.#session.record;
    const runs = await Promise.allSettled(
      calls
        .filter((call) => this.#session.record.isHostTool(call.name))
        .map(async (call) => {
          const { result, changes, isCut } = await observer.hostCall(this.#ids, call, (traceparent) =>
            hostTools.run(call, {
              sessionId: spec.sessionId,
              images,
              overlay,
              quota: spec.quota,
              readers: this.#session.record.readers,
              signal: this.#ticket.signal,
              traceparent,
            }),
          );
          // Its outcome is unknown; whoever goes on with the prompt says so, or runs it again where it may be.
          if (isCut && this.#ticket.interruption === 'parked') return;
          await this.#session.write({ type: 'effect-ended', result, changes });
          tellResult(this.#ticket, this.#active, result);
        }),
    );
    for (const run of runs) if (run.status === 'rejected') throw run.reason;
    return undefined;
  }
}
