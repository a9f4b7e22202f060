import type { ModelError } from '../errors.ts';
import type { Priority, ProviderLimits, RateLimits, Usage } from '../model/model.ts';

/**
 * What a request waits for.
 * - `requests`, `tokens` — the allowance a minute is used up
 * - `in-flight` — as many requests are under way as the provider is known to take
 * - `paused` — the provider has said "not now", to this session or another
 * - `breaker` — the provider does not work; one request at a time finds out whether it does again
 * - `warming` — another request with the same beginning goes ahead, so that the provider has it cached
 */
export type WaitReason = 'requests' | 'tokens' | 'in-flight' | 'paused' | 'breaker' | 'warming';

export interface GateWait {
  readonly reason: WaitReason;
  /** How long it will take; null where that cannot be known. */
  readonly expectedMs: number | null;
}

/** Requests that a provider counts together: those with one key for one model. */
export interface LaneId {
  /** Equal for equal lanes. Made from a hash of the key, never from the key. */
  readonly key: string;
  /** For display. */
  readonly provider: string;
  readonly model: string;
  readonly limits: ProviderLimits;
  /** A recording answers: nothing is waited for. */
  readonly isReplayed?: boolean;
}

export interface GateRequest {
  readonly lane: LaneId;
  readonly sessionId: string;
  readonly priority: Priority;
  /** What the provider will count, roughly; set right by {@link Permit.succeeded}. */
  readonly estimatedTokens: number;
  /** Hash of what the request begins with, where a provider may cache that. */
  readonly prefix?: string | undefined;
  /** It can be sent to another model: it is refused while the provider is down, rather than made to wait. */
  readonly hasAlternative?: boolean;
  /** It is refused when it has waited this long. */
  readonly maxWaitMs: number;
  readonly signal: AbortSignal;
  /** Called when it has to wait, and again when it then waits for `warming`. Not called after the request is settled. */
  readonly onWait?: ((wait: GateWait) => void) | undefined;
}

/**
 * Leave to send one request. Exactly one of `succeeded`, `failed` and `release` ends it; further calls do nothing.
 */
export interface Permit {
  /** How long it was waited for. */
  readonly waitedMs: number;
  /** The provider has taken the request. `limits`: what it said of them. */
  began(limits: RateLimits | null): void;
  succeeded(usage: Usage): void;
  /** The attempt failed; the lane learns from it. */
  failed(error: ModelError): Setback;
  /** Nothing was sent. */
  release(): void;
}

/** What a failed request means to whoever sent it. */
export interface Setback {
  /**
   * It is the lane's affair: the provider is over its limits, or down, and everybody waits for it. The attempt does not
   * count, and the next one is to be asked for at once; the gate makes it wait.
   */
  readonly isLanes: boolean;
  /** How long the lane lets nobody through now. */
  readonly pausedForMs: number;
}
