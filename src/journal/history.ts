import type { JournalEntry } from './entries.ts';
import { SessionRecord } from './session-record.ts';

/**
 * A moment of a session at which nothing was in progress: right after a prompt had ended, or the start. What the session
 * was then is the fold of its journal up to there.
 */
export interface HistoryPoint {
  /** The prompt that had ended; null at the start, which in a fork is what it took over. */
  readonly promptId: string | null;
  /** How many entries lead to it. */
  readonly entryCount: number;
  /** Where its prompt began; null at the start. */
  readonly previous: HistoryPoint | null;
}

/**
 * The points of a journal: a tree, because an undo goes back to one and the next prompt begins there. A prompt that ended
 * while it waited in the mailbox changed nothing: it stands for the point that was the last one then.
 */
export class History {
  readonly #entries: readonly JournalEntry[];
  readonly #points = new Map<string, HistoryPoint>();
  readonly #start: HistoryPoint;
  #current: HistoryPoint;

  /** @param entries  the whole journal; the first is `opened` */
  constructor(entries: readonly JournalEntry[]) {
    this.#entries = entries;
    const isFork = entries[1]?.type === 'restored';
    this.#start = { promptId: null, entryCount: isFork ? 2 : 1, previous: null };
    this.#current = this.#start;
    this.#walk();
  }

  /** The latest point: what a prompt in progress has done so far is after it. */
  get current(): HistoryPoint {
    return this.#current;
  }

  /** @returns `undefined` for a prompt that is unknown or has not ended */
  at(promptId: string | null): HistoryPoint | undefined {
    return promptId === null ? this.#start : this.#points.get(promptId);
  }

  /** The session as it was then. */
  recordAt({ entryCount }: HistoryPoint): SessionRecord {
    return SessionRecord.fold(this.#entries.slice(0, entryCount));
  }

  #walk(): void {
    const [opened] = this.#entries;
    const sessionId = opened?.type === 'opened' ? opened.spec.sessionId : undefined;
    /** The first of them is in progress. */
    let waiting: string[] = [];
    for (const [index, entry] of this.#entries.entries()) {
      if (entry.type === 'prompt-accepted') {
        waiting.push(entry.promptId);
      } else if (entry.type === 'prompt-ended') {
        const { promptId } = entry;
        if (waiting[0] === promptId) {
          this.#current = { promptId, entryCount: index + 1, previous: this.#current };
        }
        waiting = waiting.filter((other) => other !== promptId);
        this.#points.set(promptId, this.#current);
      } else if (entry.type === 'restored' && entry.from.sessionId === sessionId) {
        this.#current = this.at(entry.from.promptId) ?? this.#current;
      }
    }
  }
}
