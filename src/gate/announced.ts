import type { RateWindow } from '../model/model.ts';

/** How long a provider's word that nothing remains is taken for true before one request tries it. */
const UNTESTED_MS = 10_000;
/** The same once such a try has been rejected. */
const TRUSTED_MS = 60_000;
/** How long nothing is believed after what was said turned out to be untrue. */
const DISTRUST_MS = 600_000;
/** Accepted answers beyond what is said to come back that show "nothing remains" to be untrue. */
const UNTRUE_ZEROS = 3;

/** Less than this is an error of arithmetic. */
const ROUNDING = 1e-6;

/** Where a request stood among those that were sent; see {@link Announced.take}. */
export interface Mark {
  readonly order: number;
  /** Everything taken up to it, itself included. */
  readonly taken: number;
  /** Only what was expected to have come back since the last word of the provider let it go. */
  readonly isHopeful: boolean;
}

interface Word {
  readonly limit: number;
  readonly remaining: number;
  readonly at: number;
  readonly resetAt: number;
  /** What comes back in a millisecond, where it comes back bit by bit. */
  readonly refill: number;
  /** Of the request that brought it. */
  readonly mark: Mark;
}

/**
 * What the provider says in its answers' heads of one allowance, and what follows from it. It is never more than a reason to
 * wait: what it promises is not relied on beyond the present. Providers mean two things by "reset": that the allowance comes
 * back bit by bit and is whole then, at `(limit - remaining) / reset`, or that all of it comes back then. The first is
 * believed until a rejection shows the second, and the other way round. What turns out to be untrue is not believed for a while.
 */
export class Announced {
  #word: Word | undefined;
  #taken = 0;
  #comesBackGradually = true;
  #isTested = false;
  /** The request that tries whether nothing remains indeed. */
  #test: number | undefined;
  #distrustedUntil = -Infinity;
  /** Accepted answers in a row that said "nothing remains", and when the first of them came. */
  #zeros = 0;
  #zerosSince = 0;

  /** What the provider seems to give a minute; undefined when it says nothing. */
  get perMinute(): number | undefined {
    if (!this.#word) return undefined;
    const { limit, refill, resetAt, at } = this.#word;
    return resetAt - at <= 60_000 ? limit : refill * 60_000;
  }

  /** How long until `amount` may go, as far as the provider has said; 0 where it has said nothing. */
  waitMs(amount: number, now: number): number {
    const word = this.#current(now);
    if (!word) return 0;
    const missing = Math.min(amount, word.limit) - this.#available(word, now);
    if (missing <= ROUNDING) return 0;
    if (this.#test !== undefined) return word.resetAt - now;
    const back = this.#comesBackGradually && word.refill > 0 ? now + missing / word.refill : word.resetAt;
    const believedUntil = word.at + (this.#isTested ? TRUSTED_MS : UNTESTED_MS);
    return Math.max(0, Math.min(back, word.resetAt, believedUntil) - now);
  }

  /** A request of that amount goes. @param order  grows with each request */
  take(amount: number, order: number, now: number): Mark {
    const word = this.#current(now);
    let isHopeful = false;
    if (word) {
      const need = Math.min(amount, word.limit);
      if (this.#available(word, now) < need - ROUNDING) this.#test = order;
      isHopeful = word.remaining - this.#takenSince(word) < need;
    }
    this.#taken += amount;
    return { order, taken: this.#taken, isHopeful };
  }

  /** A request was not sent after all. */
  giveBack(amount: number): void {
    this.#taken -= amount;
  }

  /** The provider has answered a request. @param said  in its head, if anything */
  answered(mark: Mark, isAccepted: boolean, said: RateWindow | undefined, now: number): void {
    const before = this.#current(now);
    if (this.#test === mark.order) {
      this.#test = undefined;
      if (isAccepted) return this.#distrust(now);
      this.#isTested = true;
    }
    if (now < this.#distrustedUntil || (before && mark.order < before.mark.order)) return;
    const word = said && readWord(said, mark, now);
    if (isAccepted) this.#checkZeros(word, now);
    if (now < this.#distrustedUntil) return;
    if (before && word) this.#compare(before, word, isAccepted, now);
    this.#word = word;
  }

  /** A request came to its end without an answer. */
  unanswered(mark: Mark): void {
    if (this.#test === mark.order) this.#test = undefined;
  }

  /** What was said last, while it says anything about the present. */
  #current(now: number): Word | undefined {
    if (this.#word && now >= this.#word.resetAt) {
      this.#word = undefined;
      this.#test = undefined;
    }
    return this.#word;
  }

  #available(word: Word, now: number): number {
    const back = this.#comesBackGradually ? (now - word.at) * word.refill : 0;
    return Math.min(word.limit, word.remaining - this.#takenSince(word) + back);
  }

  #takenSince(word: Word): number {
    return this.#taken - word.mark.taken;
  }

  #checkZeros(word: Word | undefined, now: number): void {
    if (!word || word.remaining > 0) {
      this.#zeros = 0;
      return;
    }
    if (this.#zeros === 0) this.#zerosSince = now;
    this.#zeros += 1;
    const back = (now - this.#zerosSince) * word.refill;
    if (this.#zeros > 1 + UNTRUE_ZEROS + 2 * back) this.#distrust(now);
  }

  /** Which of the two meanings the answers bear out. */
  #compare(before: Word, word: Word, isAccepted: boolean, now: number): void {
    if (!isAccepted) {
      if (word.mark.isHopeful && word.remaining === 0) this.#comesBackGradually = false;
      return;
    }
    if (this.#comesBackGradually || now > before.resetAt - 1_000) return;
    const expected = before.remaining - (word.mark.taken - before.mark.taken);
    if (word.remaining > expected + Math.max(1, 0.02 * word.limit)) this.#comesBackGradually = true;
  }

  #distrust(now: number): void {
    this.#distrustedUntil = now + DISTRUST_MS;
    this.#word = undefined;
    this.#zeros = 0;
  }
}

function readWord({ limit, remaining, resetMs }: RateWindow, mark: Mark, now: number): Word | undefined {
  if (remaining === undefined || !resetMs) return undefined;
  const whole = Math.max(1, limit ?? remaining);
  return {
    limit: whole,
    remaining,
    at: now,
    resetAt: now + resetMs,
    refill: limit === undefined ? 0 : (limit - remaining) / resetMs,
    mark,
  };
}
