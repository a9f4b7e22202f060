import { makeAllowance, type Allowance } from './allowance.ts';
import type { ScriptedLimits } from './script.ts';

/** What a request is refused for. */
export type LimitReason = 'requests' | 'tokens' | 'concurrent';

export type Verdict =
  | { readonly admitted: true; readonly lane: Lane }
  | {
      readonly admitted: false;
      readonly lane: Lane;
      readonly reason: LimitReason;
      /** `Infinity`: the request is larger than the limit, and never fits. */
      readonly waitMs: number;
    };

const MINUTE_MS = 60_000;
/** A client that was told that too much is open has nothing to wait for but a moment: this share of a minute. */
const MOMENT = 1 / 60;

/** What shares one allowance: a key and a model, or all models of a key. */
export interface Lane {
  readonly requests: Allowance | undefined;
  readonly tokens: Allowance | undefined;
  /** Admitted and not answered to the end. */
  open: number;
}

/** Enforces the limits of a script, as a provider does: what is refused is not counted. */
export class Limiter {
  readonly limits: ScriptedLimits;
  readonly minuteMs: number;
  readonly #startMs = performance.now();
  readonly #lanes = new Map<string, Lane>();

  constructor(limits: ScriptedLimits) {
    this.limits = limits;
    this.minuteMs = limits.minuteMs ?? MINUTE_MS;
  }

  /** A duration as answers tell it. */
  told(durationMs: number): number {
    return this.limits.tellFullMinutes ? (durationMs * MINUTE_MS) / this.minuteMs : durationMs;
  }

  /**
   * Asks for one request. One that is admitted counts until {@link Limiter.settle} says what it really took.
   * @param tokens  as far as they are known before it is answered
   */
  admit(key: string, model: string, tokens: number): Verdict {
    const lane = this.#laneOf(key, model);
    const now = performance.now();
    const { concurrent = Infinity } = this.limits;
    const refused = (reason: LimitReason, waitMs: number): Verdict => ({
      admitted: false,
      lane,
      reason,
      waitMs,
    });
    const requestsMs = lane.requests?.waitMs(1, now) ?? 0;
    if (requestsMs > 0) return refused('requests', requestsMs);
    const tokensMs = lane.tokens?.waitMs(tokens, now) ?? 0;
    if (tokensMs > 0) return refused('tokens', tokensMs);
    if (lane.open >= concurrent) return refused('concurrent', this.minuteMs * MOMENT);
    lane.requests?.take(1, now);
    lane.tokens?.take(tokens, now);
    lane.open++;
    return { admitted: true, lane };
  }

  /** What an admitted request took, less what it was admitted for. */
  settle({ tokens }: Lane, difference: number): void {
    tokens?.take(difference, performance.now());
  }

  #laneOf(key: string, model: string): Lane {
    const name = this.limits.by === 'key' ? key : `${key}\n${model}`;
    let lane = this.#lanes.get(name);
    if (!lane) {
      const { window = 'sliding', requestsPerMinute, tokensPerMinute } = this.limits;
      const make = (limit: number | undefined): Allowance | undefined =>
        limit === undefined ? undefined : makeAllowance(window, limit, this.minuteMs, this.#startMs);
      lane = { requests: make(requestsPerMinute), tokens: make(tokensPerMinute), open: 0 };
      this.#lanes.set(name, lane);
    }
    return lane;
  }
}
