import type { StepPage } from '../protocol/step-page.ts';

const INTERVAL_MS = 100;

/**
 * Beats on the page of the step in progress while the thread's event loop turns. One timer for the steps of a thread, which
 * outlives each of them: to arm one costs more than many a tool call. It stops when it finds no step.
 */
export class Heartbeat {
  #page: StepPage | undefined;
  #timer: NodeJS.Timeout | undefined;

  begin(page: StepPage): void {
    this.#page = page;
    this.#timer ??= setInterval(() => this.#beat(), INTERVAL_MS).unref();
  }

  /** The step is over. */
  end(): void {
    this.#page = undefined;
  }

  #beat(): void {
    if (this.#page) {
      this.#page.beat();
    } else {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }
}
