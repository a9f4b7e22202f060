import type { Clock } from '../clock.ts';
import type { Message } from '../model/message.ts';
import type { SessionCounts } from '../telemetry/session-counts.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { describeThrown } from '../tools/describe-thrown.ts';
import type { ToolCall, ToolResult } from '../tools/tool.ts';
import type { FollowedPrompt, Observer } from './observer.ts';
import type { PoolEvent, PoolEventBody } from './pool-event.ts';

export type PoolListener = (event: PoolEvent) => void;

/** Tells the caller's listener and OpenTelemetry. What either throws is said once, as a process warning. */
export class PoolObserver implements Observer {
  readonly #clock: Clock;
  readonly #listener: PoolListener | undefined;
  readonly #telemetry: Telemetry | undefined;
  #seq = 0;
  #hasWarned = false;

  constructor(parts: {
    readonly clock: Clock;
    readonly listener: PoolListener | undefined;
    /** Undefined where it is switched off. */
    readonly telemetry: Telemetry | undefined;
  }) {
    this.#clock = parts.clock;
    this.#listener = parts.listener;
    this.#telemetry = parts.telemetry;
  }

  get isHeard(): boolean {
    return this.#listener !== undefined || this.#telemetry?.isOn === true;
  }

  tell(body: PoolEventBody, conversation?: readonly Message[]): void {
    const telemetry = this.#telemetry;
    if (telemetry?.isOn) this.#harmless('OpenTelemetry', () => telemetry.hear(body, conversation));
    const listener = this.#listener;
    if (!listener) return;
    const event = { seq: (this.#seq += 1), at: this.#clock.epochMs(), ...body };
    // A listener may be asynchronous, whatever its type says: then its rejection is caught, and nobody waits for it.
    this.#harmless('The pool’s onEvent', () => listener(event) as unknown);
  }

  follow({ sessionId, ticket, model, ahead, resumed }: FollowedPrompt): () => void {
    if (!this.isHeard) return () => undefined;
    const { promptId } = ticket;
    let isTold = false;
    let hasEnded = false;
    const accepted = (): void => {
      if (isTold) return;
      isTold = true;
      this.tell({ type: 'prompt-accepted', sessionId, promptId, model, ahead, resumed });
    };
    const announce = this.#telemetry?.inThisContext(accepted) ?? accepted;
    ticket.addListener(
      (event) => {
        // Its entry and one of the prompt before it may be kept in the same moment.
        announce();
        hasEnded ||= event.type === 'prompt-ended';
        this.tell({ sessionId, promptId, ...event });
      },
      { wantsText: this.#listener !== undefined },
    );
    ticket.onEnd(() => {
      if (hasEnded || !isTold) return;
      const reason = ticket.interruption === 'parked' ? 'parked' : 'failed';
      this.tell({ type: 'prompt-left', sessionId, promptId, reason });
    });
    return announce;
  }

  traceparentOf(promptId: string): string | undefined {
    return this.#telemetry?.traceparentOf(promptId);
  }

  traceparentOfCall(modelCallId: number): string | undefined {
    return this.#telemetry?.traceparentOfCall(modelCallId);
  }

  countSessions(counts: () => SessionCounts): () => void {
    return this.#telemetry?.countSessions(counts) ?? (() => undefined);
  }

  async hostCall<Outcome extends { readonly result: ToolResult }>(
    prompt: { readonly sessionId: string; readonly promptId: string },
    call: ToolCall,
    run: (traceparent: string | undefined) => Promise<Outcome>,
  ): Promise<Outcome> {
    if (!this.isHeard) return run(undefined);
    const telemetry = this.#telemetry;
    const span = this.#harmless('OpenTelemetry', () => telemetry?.hostCallBegan(prompt, call));
    const startEpochMs = this.#clock.epochMs();
    const outcome = await (span ? span.within(() => run(span.traceparent)) : run(undefined));
    const { id: callId, name } = call;
    const { content, isError } = outcome.result;
    this.tell({
      type: 'call-ended',
      ...prompt,
      callId,
      name,
      arguments: call.arguments,
      content,
      isError,
      place: 'host',
      settledAs: null,
      startEpochMs,
      endEpochMs: this.#clock.epochMs(),
    });
    return outcome;
  }

  #harmless<Result>(what: string, run: () => Result): Result | undefined {
    try {
      const result = run();
      if (result instanceof Promise) result.catch((error: unknown) => this.#warn(what, error));
      return result;
    } catch (error) {
      this.#warn(what, error);
      return undefined;
    }
  }

  #warn(what: string, error: unknown): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    process.emitWarning(`${what} failed, which sessions do not notice: ${describeThrown(error)}`, {
      type: 'SkeinListenerWarning',
      code: 'listener_failed',
    });
  }
}
