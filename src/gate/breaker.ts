/** Failures in a row after which a provider is taken to be down. */
const THRESHOLD = 5;
const FIRST_OPEN_MS = 1_000;
const MAX_OPEN_MS = 30_000;

/**
 * - `closed` — the provider works, as far as is known
 * - `open` — it does not, and nothing is sent for a while
 * - `half-open` — one request at a time finds out whether it works again
 */
export type BreakerState = 'closed' | 'open' | 'half-open';

export const BREAKER_MOVES: Readonly<Record<BreakerState, readonly BreakerState[]>> = {
  closed: ['open'],
  open: ['half-open'],
  'half-open': ['open', 'closed'],
};

/**
 * Keeps requests from a provider that is down. It opens after {@link THRESHOLD} failures in a row of a provider that has worked
 * before, for a second, then twice as long each time that the request which was let through fails too. A provider that
 * has never worked is more likely to be written wrong: then it stays closed, and whoever asks is told at once.
 */
export class Breaker {
  #state: BreakerState = 'closed';
  #hasWorked = false;
  #failures = 0;
  #openForMs = FIRST_OPEN_MS;
  #until = 0;
  /** Failures of requests up to this one are of the time before it opened. */
  #openedAt = 0;

  state(now: number): BreakerState {
    if (this.#state === 'open' && now >= this.#until) this.#moveTo('half-open');
    return this.#state;
  }

  /** How long nobody goes. */
  remainingMs(now: number): number {
    return this.state(now) === 'open' ? this.#until - now : 0;
  }

  /** A request failed, in a way that has nothing to do with what it asked. @param latest  order of the one that was sent last */
  failed(order: number, latest: number, now: number): void {
    this.#failures += 1;
    const state = this.state(now);
    if (state === 'open' || !this.#hasWorked || this.#failures < THRESHOLD || order <= this.#openedAt) return;
    this.#openedAt = latest;
    this.#until = now + this.#openForMs;
    this.#openForMs = Math.min(MAX_OPEN_MS, 2 * this.#openForMs);
    this.#moveTo('open');
  }

  /** The provider has begun to answer: others may go, and the next failure opens it again. */
  answers(order: number): void {
    if (this.#state !== 'closed' && order > this.#openedAt) this.#moveTo('closed');
  }

  /** A request came to its end, good or bad, by no fault of the provider. */
  worked(order: number): void {
    this.#hasWorked = true;
    this.answers(order);
    if (this.#state !== 'closed') return;
    this.#failures = 0;
    this.#openForMs = FIRST_OPEN_MS;
  }

  #moveTo(state: BreakerState): void {
    if (!BREAKER_MOVES[this.#state].includes(state)) {
      throw new TypeError(`a breaker does not go from ${this.#state} to ${state}`);
    }
    this.#state = state;
  }
}
