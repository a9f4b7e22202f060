import type { StopReason } from '../journal/entries.ts';
import type { SessionEventBody } from './events.ts';
import type { PromptResult } from './prompt-result.ts';

/** Hears of a prompt's events as they happen. */
export interface PromptListener {
  (event: SessionEventBody, promptId: string): void;
  /** It takes notice of text only: of a pause it would not know. */
  readonly textOnly?: true;
}

/** Why a prompt is to stop now: what it will have ended with, or `parked`, when it goes on when the store is opened again. */
export type Interruption = StopReason | 'parked';

/** Who waits for a prompt, and how it can be ended early. One for each accepted prompt, until it has ended. */
export class PromptTicket {
  readonly promptId: string;
  /** `clock.now()` when it was accepted. */
  readonly acceptedAt: number;
  readonly result: Promise<PromptResult>;
  /** Its end, once somebody has begun it. */
  ending: Promise<void> | undefined;
  /** The turn whose tool calls the listener has been told of. */
  startedTurn = 0;
  readonly #listener: PromptListener | undefined;
  readonly #others: { readonly listener: PromptListener; readonly wantsText: boolean }[] = [];
  readonly #interrupt = new AbortController();
  readonly #cleanUps: (() => void)[] = [];
  #interruption: Interruption | undefined;
  #hasEnded = false;
  #callbackError: { readonly thrown: unknown } | undefined;
  #resolve!: (result: PromptResult) => void;
  #reject!: (error: unknown) => void;

  constructor(promptId: string, acceptedAt: number, listener: PromptListener | undefined) {
    this.promptId = promptId;
    this.acceptedAt = acceptedAt;
    this.#listener = listener;
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
  get interruption(): Interruption | undefined {
    return this.#interruption;
  }

  /** The first reason counts. */
  interrupt(reason: Interruption): void {
    if (this.#interruption) return;
    this.#interruption = reason;
    this.#interrupt.abort();
  }

  /** Its callers have been answered. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Whether anybody wants the model's text as it comes. */
  get wantsText(): boolean {
    return this.#listener !== undefined || this.#others.some(({ wantsText }) => wantsText);
  }

  /** Whether anybody, traces aside, would notice more than text. */
  get isWatched(): boolean {
    const isWatching = (listener: PromptListener): boolean => listener.textOnly !== true;
    if (this.#listener && isWatching(this.#listener)) return true;
    return this.#others.some(({ listener, wantsText }) => wantsText && isWatching(listener));
  }

  /** Another one, who hears what happens from now on. Text comes to those who do not want it, too, when others do. */
  addListener(listener: PromptListener, { wantsText } = { wantsText: true }): void {
    this.#others.push({ listener, wantsText });
  }

  /** Tells the listeners. When the caller's own throws, the prompt ends, and the error is what the caller gets. */
  tell(event: SessionEventBody): void {
    this.#tellCaller(event);
    for (const { listener } of this.#others) {
      try {
        listener(event, this.promptId);
      } catch {
        // Who comes later has no say in the prompt.
      }
    }
  }

  #tellCaller(event: SessionEventBody): void {
    if (this.#callbackError) return;
    try {
      this.#listener?.(event, this.promptId);
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
