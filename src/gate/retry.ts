/** How often, and how patiently, a model call is made again. */
export interface RetryPolicy {
  /** Attempts of one model in all; those that failed for reasons of its whole lane do not count. */
  readonly maxAttempts: number;
  /** The first pause is at most this; each further one may be twice as long. */
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  /** How long one response may be waited for, pauses of the provider and repeated rejections included. */
  readonly maxWaitMs: number;
}

export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  maxAttempts: 4,
  baseDelayMs: 500,
  maxDelayMs: 60_000,
  maxWaitMs: 600_000,
};

/** A provider that asks for a longer wait than this is not waited for. */
export const DEFAULT_MAX_RETRY_AFTER_MS = 60_000;

/**
 * The pause before the next attempt in milliseconds, or null when there is to be none. Full jitter: anything between
 * nothing and the exponential bound, so that sessions that failed together do not come back together. What the
 * provider asked for is the gate's affair: it makes everybody wait.
 * @param attempt  attempts made so far, from 1
 * @param random  from 0 to 1, as `Math.random`
 */
export function retryDelayMs(
  error: { readonly retryable: boolean },
  attempt: number,
  random: () => number,
  policy: RetryPolicy,
): number | null {
  if (!error.retryable || attempt >= policy.maxAttempts) return null;
  return random() * Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** (attempt - 1));
}
