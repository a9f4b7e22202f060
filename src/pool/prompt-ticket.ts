import type { StopReason } from '../journal/entries.ts';
import type { SessionEventBody } from './events.ts';
import type { PromptResult } from './prompt-result.ts';

/** Hears of a prompt's events as they happen. */
export type PromptListener = (event: SessionEventBody, promptId: string) => void;

/** Who waits for a prompt, and how it can be ended early. One for each accepted prompt, until it has ended. */
export class PromptTicket {
  readonly promptId: string;
  /** `clock.now()` when it was accepted. */
  readonly acceptedAt: number;
  readonly result: Promise<PromptResult>;
  /** Tells of events as they happen; undefined when nobody listens. */
  readonly listener: PromptListener | undefined;
  /** Its end, once somebody has begun it. */
  ending: Promise<void> | undefined;
  /** The turn whose tool calls the listener has been told of. */
  startedTurn = 0;
  readonly #interrupt = new AbortController();
  readonly #cleanUps: (() => void)[] = [];
  #interruption: StopReason | undefined;
  #hasEnded = false;
  #callbackError: { readonly thrown: unknown } | undefined;
  #resolve!: (result: PromptResult) => void;
  #reject!: (error: unknown) => void;

  constructor(promptId: string, acceptedAt: number, listener: PromptListener | undefined) {
    this.promptId = promptId;
    this.acceptedAt = acceptedAt;
    this.listener = listener;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Aborted when the prompt is to end now. */
  get signal(): AbortSignal {
    return this.#interrupt.signal;
  }

  /** Why it is to end now; undefined while it may go on. */
  get interruption(): StopReason | undefined {
    return this.#interruption;
  }

  /** The first reason counts. */
  interrupt(stopReason: StopReason): void {
    if (this.#interruption) return;
    this.#interruption = stopReason;
    this.#interrupt.abort();
  }

  /** Tells the listener. A listener that throws ends the prompt, and its error is what the caller gets. */
  tell(event: SessionEventBody): void {
    if (!this.listener || this.#callbackError) return;
    try {
      this.listener(event, this.promptId);
    } catch (thrown) {
      this.#callbackError = { thrown };
      this.interrupt('cancelled');
    }
  }

  /** What the caller's listener threw, if it did. */
  get callbackError(): { readonly thrown: unknown } | undefined {
    return this.#callbackError;
  }

  /** Done when the prompt has ended, however it ended. */
  onEnd(cleanUp: () => void): void {
    if (this.#hasEnded) cleanUp();
    else this.#cleanUps.push(cleanUp);
  }

  resolve(result: PromptResult): void {
    this.#end();
    this.#resolve(result);
  }

  reject(error: unknown): void {
    this.#end();
    this.#reject(error);
  }

  #end(): void {
    this.#hasEnded = true;
    for (const cleanUp of this.#cleanUps) cleanUp();
  }
}
