/** At a rate that fits, what so much time brings may be used at once. */
const BURST_MS = 1_000;

/** Less than this is an error of arithmetic. */
const ROUNDING = 1e-6;

/** A token bucket whose rate may change at any time. It holds a second's worth: a provider's windows may begin anywhere. */
export class Pace {
  #level = Infinity;
  #at = 0;

  /** How long until `amount` is there; what is more than a full bucket needs only a full one. */
  waitMs(amount: number, perMinute: number, now: number): number {
    this.#fill(perMinute, now);
    const missing = Math.min(amount, capacityOf(perMinute)) - this.#level;
    return missing <= ROUNDING ? 0 : (missing / perMinute) * 60_000;
  }

  /** Uses `amount`, or with less than 0 gives it back; may go into debt, by what a minute brings: no provider remembers more. */
  take(amount: number, perMinute: number, now: number): void {
    this.#fill(perMinute, now);
    this.#level = Math.max(this.#level - amount, -perMinute);
  }

  #fill(perMinute: number, now: number): void {
    const brought = (Math.max(0, now - this.#at) / 60_000) * perMinute;
    this.#level = Math.min(capacityOf(perMinute), this.#level + brought);
    this.#at = Math.max(this.#at, now);
  }
}

function capacityOf(perMinute: number): number {
  return Math.max(1, (perMinute / 60_000) * BURST_MS);
}
