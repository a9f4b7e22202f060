import type { Priority } from '../model/model.ts';
import type { WaitReason } from './admission.ts';
import type { BreakerState } from './breaker.ts';

/** How things stand with one key and model. */
export interface LaneStats {
  readonly provider: string;
  readonly model: string;
  readonly inFlight: number;
  /** Requests that may be under way at once, as configured or learned. */
  readonly maxInFlight: number;
  readonly waiting: Readonly<Record<Priority, number>>;
  /** In force; null where nothing is known. */
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
  /** How long nobody goes because the provider said so; 0 when it did not. */
  readonly pausedForMs: number;
  readonly breaker: BreakerState;
  /** Requests that were sent. */
  readonly requests: number;
  /** Of these, answered with 429. */
  readonly rateLimited: number;
  /** Who has waited longest, and what for; null when nobody waits. */
  readonly longestWait: { readonly waitedMs: number; readonly reason: WaitReason } | null;
}
