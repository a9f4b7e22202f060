import type { PoolEvent } from '../../../src/pool/pool-event.ts';
import type { JournalWatch } from './journal-watch.ts';

interface EventWatchParts {
  /** What is kept of a session. */
  readonly watchOf: (sessionId: string) => JournalWatch | undefined;
  readonly fail: (problem: string) => void;
  readonly reach: (state: string) => void;
}

/** What must always hold in what the pool of one process tells: nothing before it is kept, and whatever begins ends once. */
export class EventWatch {
  readonly #parts: EventWatchParts;
  readonly #prompts = new Map<string, { started: boolean }>();
  /** By session: the step, or the model call, that is under way. */
  readonly #steps = new Map<string, number>();
  readonly #modelCalls = new Map<string, number>();
  /** What a prompt waits for: the gate, or a model. */
  readonly #waitsFor = new Map<string | null, 'the gate' | 'a model'>();
  #seq = 0;

  constructor(parts: EventWatchParts) {
    this.#parts = parts;
  }

  hear(event: PoolEvent): void {
    if (event.seq !== (this.#seq += 1)) this.#fail(event, `has the number ${event.seq}, not ${this.#seq}`);
    if (!('promptId' in event)) return;
    this.#hearWork(event);
    if (event.promptId !== null) this.#hearPrompt(event, event.promptId);
  }

  #hearPrompt(event: Extract<PoolEvent, { readonly promptId: unknown }>, promptId: string): void {
    const kept = this.#parts.watchOf(event.sessionId)?.prompts.get(promptId);
    const known = this.#prompts.get(promptId);
    if (event.type === 'prompt-accepted') {
      if (known) this.#fail(event, `${promptId} is told to be accepted twice`);
      if (!kept) this.#fail(event, `${promptId} is told before it is kept`);
      this.#prompts.set(promptId, { started: false });
      return;
    }
    if (!known) return this.#fail(event, `${promptId} was not accepted, or has ended`);
    switch (event.type) {
      case 'prompt-started':
        if (known.started) this.#fail(event, `${promptId} starts twice`);
        known.started = true;
        return;
      case 'prompt-ended':
        this.#leavesNothing(event, promptId);
        if (kept?.ended !== event.result.stopReason) {
          this.#fail(
            event,
            `${promptId} is told to end with ${event.result.stopReason}, kept is ${kept?.ended}`,
          );
        }
        this.#prompts.delete(promptId);
        return;
      case 'prompt-left':
        this.#leavesNothing(event, promptId);
        this.#parts.reach(`events: prompt-left ${event.reason}`);
        this.#prompts.delete(promptId);
        return;
      default:
        return;
    }
  }

  #hearWork(event: Extract<PoolEvent, { readonly promptId: unknown }>): void {
    switch (event.type) {
      case 'step-began':
        return this.#begin(this.#steps, event, event.stepId);
      case 'step-ended':
        // One that never had a thread has not begun.
        if (event.ranMs !== null) this.#end(this.#steps, event, event.stepId);
        return;
      case 'gate-waiting':
        this.#waitsFor.set(event.promptId, 'the gate');
        return;
      case 'gate-admitted':
      case 'gate-left':
        if (this.#waitsFor.get(event.promptId) !== 'the gate') this.#fail(event, 'nothing waited');
        this.#waitsFor.delete(event.promptId);
        this.#parts.reach(`events: ${event.type}`);
        return;
      case 'model-call-began':
        if (this.#waitsFor.has(event.promptId)) this.#fail(event, 'it is still said to wait at the gate');
        this.#waitsFor.set(event.promptId, 'a model');
        return this.#begin(this.#modelCalls, event, event.modelCallId);
      case 'model-call-ended':
        this.#waitsFor.delete(event.promptId);
        return this.#end(this.#modelCalls, event, event.modelCallId);
      default:
        return;
    }
  }

  /** What began for a prompt has ended by its end. */
  #leavesNothing(event: PoolEvent, promptId: string): void {
    const waitsFor = this.#waitsFor.get(promptId);
    if (waitsFor) this.#fail(event, `${promptId} is said to wait for ${waitsFor}`);
  }

  #begin(underWay: Map<string, number>, event: PoolEvent & { readonly sessionId: string }, id: number): void {
    const other = underWay.get(event.sessionId);
    if (other !== undefined) this.#fail(event, `${id} begins while ${other} is under way`);
    underWay.set(event.sessionId, id);
  }

  #end(underWay: Map<string, number>, event: PoolEvent & { readonly sessionId: string }, id: number): void {
    if (underWay.get(event.sessionId) !== id) this.#fail(event, `${id} ends and was not under way`);
    underWay.delete(event.sessionId);
  }

  #fail(event: PoolEvent, problem: string): void {
    this.#parts.fail(`event ${event.type}: ${problem}`);
  }
}
