/** Requests under way that a lane of which nothing is known begins with. */
const START = 16;
/** Fewer are not too many at once. */
const FEW = 2;
const NEARLY = 0.55;
/** More that may be under way for each request that began, before the first signal: the number that is sent in a round doubles. */
const GROWTH = 2;
/** What was proven counts for less with each request: providers change. */
const FADING = 0.99;

/**
 * How many requests a provider takes at once, learned as TCP learns a path: from a start it grows with each request that began (long
 * before it ends), so that each round sends twice as many as the last one, until the first signal of too many; each signal
 * halves it, and from then on it grows by one a round. It grows only while it is what holds requests back, and never above what was configured.
 */
export class InFlightLimit {
  readonly #max: number;
  #limit: number;
  #hasSignal = false;
  /** Signals of requests up to this one tell of the time before the last cut. */
  #cutAt = 0;
  /** Answered at once, lately. */
  #proven = 0;

  constructor(configured: { readonly max?: number | undefined; readonly start?: number | undefined }) {
    this.#max = configured.max ?? Infinity;
    this.#limit = Math.min(this.#max, configured.start ?? configured.max ?? START);
  }

  /** In force; at least 1. */
  get limit(): number {
    return Math.floor(this.#limit);
  }

  /**
   * A request began.
   * @param inFlight  how many are under way, itself included
   * @param answered  how many of them the provider has begun to answer, itself included
   */
  began(inFlight: number, answered: number): void {
    this.#proven = Math.max(answered, FADING * this.#proven);
    if (inFlight < this.limit) return;
    this.#limit = Math.min(this.#max, this.#limit + (this.#hasSignal ? 1 / this.#limit : GROWTH));
  }

  /**
   * Whether a rejection can have been for the number of requests under way: hardly more than were being answered then have
   * ever been answered at once.
   * @param inFlight  how many are under way, the rejected one included
   * @param answered  how many of them the provider has begun to answer
   */
  isSuspect(inFlight: number, answered: number): boolean {
    return this.#proven === 0 ? inFlight > FEW : answered >= FEW && answered > NEARLY * this.#proven;
  }

  /**
   * There were too many. Counts once for all requests that were under way.
   * @param order  of the request that tells, by sending
   * @param latest  order of the request that was sent last
   * @returns whether it counted
   */
  halve(order: number, latest: number): boolean {
    if (order <= this.#cutAt) return false;
    this.#cutAt = latest;
    this.#hasSignal = true;
    this.#limit = Math.max(1, this.#limit / 2);
    return true;
  }
}
