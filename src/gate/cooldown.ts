/** The first pause after a rejection that names none; each further one in a row is twice as long. */
const BASE_MS = 2_000;
const MAX_MS = 30_000;
/** A pause that was asked for is lengthened by at most this much, so that not everybody comes back at once. */
const MAX_JITTER_MS = 1_000;

/** A provider has asked for more patience than there is: nobody waits for it. */
export interface Refusal {
  /** `clock.now()` until which everybody is refused. */
  readonly until: number;
  /** What the provider has asked for, as `clock.now()`. */
  readonly askedUntil: number;
  readonly askedMs: number;
}

/**
 * The pauses of a lane. After one, requests go one at a time until the provider takes one: what is still rejected then costs
 * one request and not all.
 */
export class Cooldown {
  readonly #maxRetryAfterMs: number;
  readonly #random: () => number;
  #until = -Infinity;
  #refusal: Refusal | undefined;
  /** Pauses in a row. */
  #level = 0;
  /** Rejections of requests up to this one are of the time before the pause. */
  #pausedAt = 0;

  constructor(options: { readonly maxRetryAfterMs: number; readonly random: () => number }) {
    this.#maxRetryAfterMs = options.maxRetryAfterMs;
    this.#random = options.random;
  }

  /** How long nobody goes. */
  remainingMs(now: number): number {
    return Math.max(0, this.#until - now);
  }

  /** One at a time, and what comes of it decides. */
  get isProbing(): boolean {
    return this.#level > 0;
  }

  /** In force; undefined when the lane may be waited for. */
  refusal(now: number): Refusal | undefined {
    return this.#refusal && now < this.#refusal.until ? this.#refusal : undefined;
  }

  /** The rejection is one of many of the same moment: it is not told again, unless it asks for a longer pause. */
  isStraggler(order: number): boolean {
    return order <= this.#pausedAt;
  }

  /**
   * A rejection.
   * @param order  of the request, by sending; `latest`: of the one that was sent last
   * @param askedMs  what the provider asks for; undefined when it does not say. 0, a moment in the past, is taken at its word once.
   */
  pause(order: number, latest: number, askedMs: number | undefined, now: number): void {
    if (!this.isStraggler(order)) {
      this.#level += 1;
      this.#pausedAt = latest;
      const backOffs = askedMs === undefined ? this.#level : this.#level - 1;
      if (backOffs > 0) {
        const boundMs = Math.min(MAX_MS, BASE_MS * 2 ** (backOffs - 1));
        this.#extend(now + boundMs * (0.5 + this.#random() / 2));
      }
    }
    if (askedMs === undefined) return;
    const pauseMs = Math.min(askedMs, this.#maxRetryAfterMs);
    this.#extend(now + pauseMs + this.#random() * Math.min(MAX_JITTER_MS, pauseMs / 10));
    if (askedMs > this.#maxRetryAfterMs) {
      this.#refusal = { until: now + this.#maxRetryAfterMs, askedUntil: now + askedMs, askedMs };
    }
  }

  /** The provider takes requests again. @param order  of the one that it took */
  end(order: number): void {
    if (order <= this.#pausedAt) return;
    this.#level = 0;
    this.#refusal = undefined;
  }

  #extend(until: number): void {
    this.#until = Math.max(this.#until, until);
  }
}
