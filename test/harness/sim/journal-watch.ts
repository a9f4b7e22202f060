import type { JournalEntry, StopReason } from '../../../src/journal/entries.ts';
import type { ToolCall, ToolResult } from '../../../src/tools/tool.ts';
import { SessionModel } from './session-model.ts';

interface WatchedPrompt {
  readonly text: string;
  readonly key: string | undefined;
  ended: StopReason | undefined;
}

interface WatchedTurn {
  readonly calls: ReadonlyMap<string, ToolCall>;
  readonly results: Map<string, ToolResult>;
  /** How often the intent of each effect was written. */
  readonly begun: Map<string, number>;
}

/** Calls by the name of the host tool that may be run again. */
export const IDEMPOTENT_TOOL = 'effect_again';

/**
 * What must always hold in the journal of one session, looked at as its entries are kept. Written apart from the
 * product's own fold: a mistake there must not be made here too.
 */
export class JournalWatch {
  readonly sessionId: string;
  readonly prompts = new Map<string, WatchedPrompt>();
  /** What it is and was, by these entries. */
  readonly model = new SessionModel();
  turn: WatchedTurn | undefined;
  isClosed = false;
  isQuarantined = false;
  #isOpen = false;
  #step: { readonly id: number; readonly life: number } | undefined;
  #lastStepId = 0;
  readonly #fail: (problem: string) => void;
  readonly #watchOf: (sessionId: string) => JournalWatch | undefined;

  constructor(
    sessionId: string,
    fail: (problem: string) => void,
    watchOf: (sessionId: string) => JournalWatch | undefined,
  ) {
    this.sessionId = sessionId;
    this.#watchOf = watchOf;
    this.#fail = (problem) => fail(`journal of ${sessionId}: ${problem}`);
  }

  /** Accepted and not ended, oldest first. */
  get openPrompts(): string[] {
    return [...this.prompts].filter(([, prompt]) => prompt.ended === undefined).map(([id]) => id);
  }

  see(entry: JournalEntry, life: number): void {
    if (this.isClosed) this.#fail(`${entry.type} after closed`);
    if (this.#isOpen === (entry.type === 'opened')) this.#fail(`${entry.type}, open: ${this.#isOpen}`);
    this.model.take(entry);
    switch (entry.type) {
      case 'opened':
        this.#isOpen = true;
        return;
      case 'restored':
        return this.#restored(entry);
      case 'prompt-accepted':
        return this.#accepted(entry);
      case 'step-began':
        return this.#beginStep(entry.stepId, life);
      case 'step-ended':
        if (entry.threadless) {
          this.#beginStep(entry.stepId, life);
          if (entry.results.length + entry.changes.length > 0)
            this.#fail(`step ${entry.stepId} was in no thread and has done something`);
        }
        this.#endStep(entry.stepId);
        for (const result of entry.results) this.#answered(result, 'step-ended');
        return;
      case 'step-lost':
        return this.#endStep(entry.stepId);
      case 'call-settled':
        return this.#answered(entry.result, 'call-settled');
      case 'model-responded':
        if (this.openPrompts.length === 0) this.#fail('a response without a prompt');
        if (this.#unanswered > 0) this.#fail('a response while calls of the turn before have no result');
        this.turn = {
          calls: new Map(entry.response.toolCalls.map((call) => [call.id, call])),
          results: new Map(),
          begun: new Map(),
        };
        return;
      case 'effect-began':
        return this.#effectBegan(entry.callId);
      case 'effect-ended':
        if (!this.turn?.begun.has(entry.result.callId)) this.#fail('an effect ended that did not begin');
        return this.#answered(entry.result, 'effect-ended');
      case 'prompt-ended':
        return this.#ended(entry.promptId, entry.stopReason);
      case 'quarantined':
        this.isQuarantined = true;
        return;
      case 'released':
        this.isQuarantined = false;
        return;
      case 'closed':
        if (this.openPrompts.length > 0) this.#fail('closed with prompts that have not ended');
        this.isClosed = true;
        return;
      default:
        // Nothing follows from the rest here.
        return;
    }
  }

  #restored(entry: Extract<JournalEntry, { type: 'restored' }>): void {
    const { from, stepId } = entry;
    if (this.openPrompts.length > 0) this.#fail('restored with prompts that have not ended');
    if (stepId <= this.#lastStepId) this.#fail(`step id ${stepId} is used again`);
    this.#lastStepId = stepId;
    const point = this.#watchOf(from.sessionId)?.model.points.get(from.promptId);
    const problem = point
      ? this.model.restore(entry, point)
      : `restored to ${from.promptId} of ${from.sessionId}, which is no point`;
    if (problem !== undefined) this.#fail(problem);
  }

  get #unanswered(): number {
    return this.turn ? this.turn.calls.size - this.turn.results.size : 0;
  }

  #accepted(entry: Extract<JournalEntry, { type: 'prompt-accepted' }>): void {
    const { promptId, text, idempotencyKey: key } = entry;
    if (this.prompts.has(promptId)) this.#fail(`prompt ${promptId} was accepted twice`);
    for (const prompt of this.prompts.values()) {
      if (key !== undefined && prompt.key === key) this.#fail(`two prompts with the key ${key}`);
    }
    this.prompts.set(promptId, { text, key, ended: undefined });
  }

  #ended(promptId: string, stopReason: StopReason): void {
    const prompt = this.prompts.get(promptId);
    if (!prompt) return this.#fail(`prompt ${promptId} ended and was never accepted`);
    if (prompt.ended !== undefined) this.#fail(`prompt ${promptId} ended twice`);
    // Only the oldest can be the one at work.
    if (this.openPrompts[0] === promptId) {
      if (this.#unanswered > 0) this.#fail(`prompt ${promptId} ended with calls that have no result`);
      this.turn = undefined;
      this.#step = undefined;
    } else if (stopReason === 'end' || stopReason === 'max-turns') {
      this.#fail(`prompt ${promptId} ended with ${stopReason} before its turn came`);
    }
    prompt.ended = stopReason;
  }

  #beginStep(stepId: number, life: number): void {
    if (this.#step?.life === life) this.#fail(`step ${stepId} began while ${this.#step.id} was under way`);
    if (stepId <= this.#lastStepId) this.#fail(`step id ${stepId} is used again`);
    this.#lastStepId = stepId;
    this.#step = { id: stepId, life };
  }

  #endStep(stepId: number): void {
    if (this.#step?.id !== stepId) this.#fail(`step ${stepId} ended and was not under way`);
    this.#step = undefined;
  }

  #effectBegan(callId: string): void {
    const call = this.turn?.calls.get(callId);
    if (!call) return this.#fail(`effect ${callId} began and was not asked for`);
    if (this.turn?.results.has(callId)) this.#fail(`effect ${callId} began again after its result`);
    const times = (this.turn?.begun.get(callId) ?? 0) + 1;
    if (times > 1 && call.name !== IDEMPOTENT_TOOL)
      this.#fail(`effect ${callId} began again without a result`);
    this.turn?.begun.set(callId, times);
  }

  #answered(result: ToolResult, by: string): void {
    if (!this.turn?.calls.has(result.callId))
      return this.#fail(`a result for ${result.callId}, not asked for`);
    if (this.turn.results.has(result.callId))
      this.#fail(`${result.callId} was answered twice, now by ${by}: its tool ran again`);
    this.turn.results.set(result.callId, result);
  }
}
