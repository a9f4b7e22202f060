import type { LimitReason } from './limiter.ts';

/** What a scripted model has been asked, and what became of it. */
export interface ScriptedModelStats extends RequestCounts {
  /** Refused for a limit of the script, by which. */
  readonly refusedFor: Readonly<Record<LimitReason, number>>;
  /** Requests that a storm struck. */
  readonly struck: number;
  /** The most that were admitted and not answered to the end at one time. */
  readonly maxOpen: number;
  /** One a minute since the first request, in the minutes of the limits; the last is not over. At most 10,000: the time after counts as the last. */
  readonly minutes: readonly RequestCounts[];
  /** By first user message; at most the first 10,000. */
  readonly conversations: ReadonlyMap<string, RequestCounts>;
}

export interface RequestCounts {
  readonly requests: number;
  /** Neither refused for a limit nor turned away by a storm: answered, well or badly. */
  readonly admitted: number;
  /** Refused with status 429 for a limit. */
  readonly rateLimited: number;
  /** Input and output of what was admitted. */
  readonly tokens: number;
  /** Of these tokens, those that came from the prompt cache. */
  readonly cachedTokens: number;
}

type Counts = { -readonly [Key in keyof RequestCounts]: number };

const MOST = 10_000;

export class ServerStats {
  readonly #minuteMs: number;
  readonly #total = noCounts();
  readonly #refusedFor: Record<LimitReason, number> = { requests: 0, tokens: 0, concurrent: 0 };
  readonly #minutes: Counts[] = [];
  readonly #conversations = new Map<string, Counts>();
  #struck = 0;
  #open = 0;
  #maxOpen = 0;
  #firstMs: number | undefined;

  constructor(minuteMs: number) {
    this.#minuteMs = minuteMs;
  }

  get requests(): number {
    return this.#total.requests;
  }

  /** Before anything of the request is known. @returns what counts the rest of it, once its conversation is */
  request(): (conversation: string) => RequestTally {
    const counts = [this.#total, this.#minute()];
    for (const each of counts) each.requests++;
    return (conversation) => {
      const own = this.#conversation(conversation);
      if (own) {
        own.requests++;
        counts.push(own);
      }
      return {
        admitted: () => {
          for (const each of counts) each.admitted++;
          this.#maxOpen = Math.max(this.#maxOpen, ++this.#open);
        },
        answered: () => {
          this.#open--;
        },
        rateLimited: (reason) => {
          this.#refusedFor[reason]++;
          for (const each of counts) each.rateLimited++;
        },
        struck: () => {
          this.#struck++;
        },
        tokens: (tokens, cachedTokens) => {
          for (const each of counts) {
            each.tokens += tokens;
            each.cachedTokens += cachedTokens;
          }
        },
      };
    };
  }

  /** A copy, so that what was read does not change. */
  read(): ScriptedModelStats {
    return {
      ...this.#total,
      refusedFor: { ...this.#refusedFor },
      struck: this.#struck,
      maxOpen: this.#maxOpen,
      minutes: this.#minutes.map((counts) => ({ ...counts })),
      conversations: new Map([...this.#conversations].map(([name, counts]) => [name, { ...counts }])),
    };
  }

  #minute(): Counts {
    const now = performance.now();
    this.#firstMs ??= now;
    const index = Math.min(Math.floor((now - this.#firstMs) / this.#minuteMs), MOST - 1);
    while (this.#minutes.length <= index) this.#minutes.push(noCounts());
    return this.#minutes[index]!;
  }

  #conversation(name: string): Counts | undefined {
    const known = this.#conversations.get(name);
    if (known || this.#conversations.size >= MOST) return known;
    const counts = noCounts();
    this.#conversations.set(name, counts);
    return counts;
  }
}

/** Counts one request. */
export interface RequestTally {
  admitted(): void;
  /** It was admitted, and its response is over. */
  answered(): void;
  rateLimited(reason: LimitReason): void;
  struck(): void;
  tokens(tokens: number, cachedTokens: number): void;
}

function noCounts(): Counts {
  return { requests: 0, admitted: 0, rateLimited: 0, tokens: 0, cachedTokens: 0 };
}
