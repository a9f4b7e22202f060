import type { JournalEntry } from './entries.ts';

/** In epoch milliseconds. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

/**
 * When the prompts of a journal were in progress: not while they waited in the mailbox or at a budget, nor between the
 * end of a process and the next one that went on with them. By the clock of the wall, which may have been set back: an
 * interval that would end before it begins is left out.
 */
export function inProgress(entries: readonly JournalEntry[]): readonly Interval[] {
  const times = new Times();
  for (const entry of entries) times.take(entry);
  return times.intervals();
}

class Times {
  readonly #intervals: Interval[] = [];
  readonly #waiting: string[] = [];
  /** When what is in progress began; null while nothing is. */
  #since: number | null = null;
  /** The process ended, and what was in progress goes on with the next entry that has a time. */
  #isCutOff = false;
  #lastSign = 0;

  take(entry: JournalEntry): void {
    // The first word of the next process: nothing was in progress since the last one of the one before.
    if (entry.type === 'taken-up') this.#cutOff();
    if ('at' in entry && entry.at !== undefined) this.#sign(entry.at);
    switch (entry.type) {
      case 'prompt-accepted':
        this.#waiting.push(entry.promptId);
        if (this.#waiting.length === 1) this.#since = entry.at;
        break;
      case 'prompt-ended':
        this.#ended(entry.promptId, entry.at);
        break;
      case 'budget-reached':
        if (entry.action === 'pause') this.#stop(entry.at);
        break;
      case 'resumed':
        this.#since = entry.at;
        break;
      case 'step-lost':
        if (entry.reason === 'process') this.#cutOff();
        break;
      default:
        break;
    }
  }

  /** What is still in progress is, as far as the journal tells, until its last sign. */
  intervals(): readonly Interval[] {
    this.#stop(this.#lastSign);
    return this.#intervals;
  }

  #cutOff(): void {
    this.#stop(this.#lastSign);
    this.#isCutOff = true;
  }

  #sign(at: number): void {
    if (this.#isCutOff) this.#since = at;
    this.#isCutOff = false;
    this.#lastSign = at;
  }

  #ended(promptId: string, at: number): void {
    const isActive = this.#waiting[0] === promptId;
    const place = this.#waiting.indexOf(promptId);
    if (place >= 0) this.#waiting.splice(place, 1);
    if (!isActive) return;
    this.#stop(at);
    if (this.#waiting.length > 0) this.#since = at;
  }

  #stop(at: number): void {
    if (this.#since !== null && at > this.#since) this.#intervals.push({ from: this.#since, to: at });
    this.#since = null;
  }
}
