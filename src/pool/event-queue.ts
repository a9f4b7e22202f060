import type { SessionEventBody } from './events.ts';

/** An event that has not been counted yet. */
type Waiting = { readonly sessionId: string; readonly promptId: string } & SessionEventBody;

/** Events between a prompt and a reader that may be slower. Waiting pieces of text are joined, so it stays small. */
export class EventQueue {
  readonly #events: Waiting[] = [];
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  push(event: Waiting): void {
    const last = this.#events.at(-1);
    if (
      last &&
      (event.type === 'text' || event.type === 'reasoning') &&
      last.type === event.type &&
      last.turn === event.turn
    ) {
      this.#events[this.#events.length - 1] = { ...event, text: last.text + event.text };
    } else {
      this.#events.push(event);
    }
    this.#wake?.();
  }

  /** Readers get `error` after the events that came before. */
  fail(error: unknown): void {
    this.#failure = { error };
    this.#wake?.();
  }

  async next(): Promise<Waiting> {
    for (;;) {
      const event = this.#events.shift();
      if (event) return event;
      if (this.#failure) throw this.#failure.error;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
