import type { RateWindow } from '../model/model.ts';
import { Announced, type Mark } from './announced.ts';
import { LearnedRate } from './learned-rate.ts';
import { Pace } from './pace.ts';

/** What of requests, or of tokens, a lane may use: as configured, as the provider says, and as its rejections teach. */
export class Allowance {
  readonly #configured: number;
  readonly #announced = new Announced();
  readonly #learned = new LearnedRate();
  readonly #pace = new Pace();

  /** @param configured  a minute, at most */
  constructor(configured: number | undefined) {
    this.#configured = configured ?? Infinity;
  }

  /** In force; null while nothing is known. */
  get perMinute(): number | null {
    const perMinute = Math.min(this.#rate, this.#announced.perMinute ?? Infinity);
    return perMinute === Infinity ? null : perMinute;
  }

  /** How long until `amount` may go. */
  waitMs(amount: number, now: number): number {
    const announcedMs = this.#announced.waitMs(amount, now);
    const rate = this.#rate;
    return rate === Infinity ? announcedMs : Math.max(announcedMs, this.#pace.waitMs(amount, rate, now));
  }

  take(amount: number, order: number, now: number): Mark {
    if (this.#rate < Infinity) this.#pace.take(amount, this.#rate, now);
    return this.#announced.take(amount, order, now);
  }

  /** What was taken was more than that, or with less than 0 less. What the provider says knows it already. */
  correct(difference: number, now: number): void {
    if (this.#rate < Infinity) this.#pace.take(difference, this.#rate, now);
  }

  /** It was not used after all. */
  giveBack(amount: number, now: number): void {
    this.correct(-amount, now);
    this.#announced.giveBack(amount);
  }

  accepted(mark: Mark, said: RateWindow | undefined, now: number): void {
    this.#learned.accepted(now);
    this.#announced.answered(mark, true, said, now);
  }

  rejected(mark: Mark, said: RateWindow | undefined, now: number): void {
    this.#learned.rejectedAtRest(now);
    this.#announced.answered(mark, false, said, now);
  }

  /** The rejection was for coming too soon. @param hasSaidWhen  the provider has said when to come again */
  slowDown(now: number, hasSaidWhen: boolean): void {
    this.#learned.rejected(now, hasSaidWhen);
  }

  /** Another one, of the request that went alone after such a rejection. */
  confirmSlowDown(now: number): void {
    this.#learned.rejectedAgain(now);
  }

  unanswered(mark: Mark): void {
    this.#announced.unanswered(mark);
  }

  get #rate(): number {
    return Math.min(this.#configured, this.#learned.perMinute ?? Infinity);
  }
}
