/** What is kept of what was admitted lately: counts of so many seconds. */
const SECONDS = 60;
/** Of what was admitted in the minute before a rejection, this much is asked for afterwards. */
const BACK_OFF = 0.95;
/** A rate at which requests are rejected soon again is lowered by so much. */
const HASTE = 0.8;
/** How long it takes to come back to that, when it was learned from a whole minute. */
const PLATEAU_MS = 60_000;
/** The same, when it was learned from less: then it is a guess. */
const GUESS_PLATEAU_MS = 40_000;
/** Fewer admitted in the minute before say nothing of a limit: who works that slowly can be rejected for any reason. */
const ENOUGH = 5;
/** A rate that has grown to so many times what it was learned at was learned wrong. */
const UNLEARN_FACTOR = 64;

/**
 * Requests a minute that a provider takes, learned from its rejections alone. After one, a little less is asked for than was
 * admitted in the minute before, and then it rises as CUBIC (RFC 9438) does: quickly back to the plateau, slowly around it,
 * faster beyond, and exponentially when nothing has been rejected for long. So a true limit costs a rejection or two
 * every other minute, and a wrong one is soon forgotten. It rises with use: an idle hour says nothing.
 */
export class LearnedRate {
  readonly #counts = new Uint32Array(SECONDS);
  #second = 0;
  #count = 0;
  #flowingSince = 0;
  #lastAt = -Infinity;
  #plateau: number | undefined;
  #plateauMs = PLATEAU_MS;
  /** Of use, since the plateau was learned. */
  #ageMs = 0;
  /** When something was rejected that taught nothing yet. */
  #suspectedAt = -Infinity;

  /** In force; undefined while nothing has been rejected. */
  get perMinute(): number | undefined {
    if (this.#plateau === undefined) return undefined;
    const age = this.#ageMs / this.#plateauMs;
    if (age <= 2) return this.#plateau * (1 + (1 - BACK_OFF) * (age - 1) ** 3);
    return this.#plateau * (2 - BACK_OFF) * 2 ** (2 * (age - 2));
  }

  accepted(now: number): void {
    this.#moveTo(now);
    if (this.#count === 0) this.#flowingSince = now;
    this.#counts[this.#second % SECONDS]! += 1;
    this.#count += 1;
    const { perMinute } = this;
    if (perMinute !== undefined && this.#plateau !== undefined) {
      this.#ageMs += Math.min(now - this.#lastAt, 2 * (60_000 / perMinute));
      if (perMinute > UNLEARN_FACTOR * this.#plateau) this.#plateau = undefined;
    }
    this.#lastAt = now;
  }

  /**
   * One was rejected for coming too soon. Told once for all that were sent at that rate. While less than a minute has flowed, what
   * went through says little of what a minute takes: then the first rejection teaches nothing, unless the provider has said when to
   * come again; nor does it when hardly anything went through. A second one within a minute does.
   * @param hasSaidWhen  the provider has
   */
  rejected(now: number, hasSaidWhen: boolean): void {
    this.#moveTo(now);
    // Others use the same allowance, then: what it lets through here is not known.
    if (this.#count === 0) return;
    const { perMinute } = this;
    const isWhole = now - this.#flowingSince >= 0.9 * SECONDS * 1_000;
    const isTelling = this.#count >= ENOUGH && (isWhole || hasSaidWhen);
    if (perMinute === undefined && !isTelling && !this.#isSuspicious(now)) {
      this.#suspectedAt = now;
      return;
    }
    // Rejected on the way back already: what went through before was more than is brought in a minute.
    const isTooHigh = perMinute !== undefined && this.#ageMs < this.#plateauMs;
    this.#plateau = isTooHigh ? Math.min(this.#count, HASTE * perMinute) : this.#count;
    this.#plateauMs = isWhole ? PLATEAU_MS : GUESS_PLATEAU_MS;
    this.#ageMs = 0;
  }

  /** The one that went alone after a rejection was rejected, too: it says nothing of a rate that is known, but confirms a suspicion. */
  rejectedAgain(now: number): void {
    if (this.#plateau === undefined && this.#isSuspicious(now)) this.rejected(now, false);
  }

  /**
   * One was rejected, for whatever reason. When that happens with nothing admitted for longer than a minute, a limit of this
   * rate is not what rejects: the provider has been in trouble, and what was taken for a limit may be nothing of the kind.
   */
  rejectedAtRest(now: number): void {
    if (now - this.#lastAt > SECONDS * 1_000) this.#plateau = undefined;
  }

  #isSuspicious(now: number): boolean {
    return now - this.#suspectedAt <= SECONDS * 1_000;
  }

  #moveTo(now: number): void {
    const second = Math.floor(now / 1_000);
    const passed = Math.min(SECONDS, second - this.#second);
    for (let step = 1; step <= passed; step += 1) {
      const index = (second - passed + step) % SECONDS;
      this.#count -= this.#counts[index]!;
      this.#counts[index] = 0;
    }
    this.#second = Math.max(this.#second, second);
  }
}
