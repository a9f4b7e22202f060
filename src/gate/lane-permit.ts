import type { ModelError } from '../errors.ts';
import type { RateLimits, Usage } from '../model/model.ts';
import type { Permit, Setback } from './admission.ts';
import type { Mark } from './announced.ts';
import type { Waiter } from './waiter.ts';

/** Whoever gave a permit, and hears what becomes of it. Each is told once. */
export interface PermitIssuer {
  /** The provider has taken the request, or refused it with a status of its own. */
  began(permit: LanePermit, limits: RateLimits | null): void;
  succeeded(permit: LanePermit, usage: Usage): void;
  failed(permit: LanePermit, error: ModelError): Setback;
  released(permit: LanePermit): void;
}

/** See {@link Permit}; tells its lane. */
export class LanePermit implements Permit {
  readonly #lane: PermitIssuer;
  readonly waiter: Waiter;
  /** By sending, from 1. */
  readonly order: number;
  readonly sentAt: number;
  readonly waitedMs: number;
  readonly requests: Mark;
  readonly tokens: Mark;
  stopWarming: () => void = () => undefined;
  /** The provider has taken it. */
  hasBegun = false;
  #isOver = false;

  constructor(
    lane: PermitIssuer,
    facts: Pick<LanePermit, 'waiter' | 'order' | 'sentAt' | 'waitedMs' | 'requests' | 'tokens'>,
  ) {
    this.#lane = lane;
    this.waiter = facts.waiter;
    this.order = facts.order;
    this.sentAt = facts.sentAt;
    this.waitedMs = facts.waitedMs;
    this.requests = facts.requests;
    this.tokens = facts.tokens;
  }

  began(limits: RateLimits | null): void {
    if (!this.#isOver) this.answered(limits);
  }

  /** The provider has answered, well or not. */
  answered(limits: RateLimits | null): void {
    if (this.hasBegun) return;
    this.hasBegun = true;
    this.#lane.began(this, limits);
  }

  succeeded(usage: Usage): void {
    this.began(null);
    if (this.#end()) this.#lane.succeeded(this, usage);
  }

  failed(error: ModelError): Setback {
    return this.#end() ? this.#lane.failed(this, error) : { isLanes: false, pausedForMs: 0 };
  }

  release(): void {
    if (this.#end()) this.#lane.released(this);
  }

  #end(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    return true;
  }
}
