/** How often, and how patiently, a model call is made again. */
export interface RetryPolicy {
  /** Attempts in all. */
  readonly maxAttempts: number;
  /** The first pause is at most this; each further one may be twice as long. */
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  /** A provider that asks for a longer wait than this is taken at its word: no further attempt. */
  readonly maxRetryAfterMs: number;
}

export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  maxAttempts: 4,
  baseDelayMs: 500,
  maxDelayMs: 60_000,
  maxRetryAfterMs: 60_000,
};

/**
 * The pause before the next attempt in milliseconds, or null when there is to be none. Full jitter: anything between
 * nothing and the exponential bound, so that sessions that failed together do not come back together. What the
 * provider asked for is a minimum, with jitter of its own on top.
 * @param attempt  attempts made so far, from 1
 * @param random  from 0 to 1, as `Math.random`
 */
export function retryDelayMs(
  error: { readonly retryable: boolean; readonly retryAfterMs: number | undefined },
  attempt: number,
  random: () => number,
  policy: RetryPolicy,
): number | null {
  if (!error.retryable || attempt >= policy.maxAttempts) return null;
  const bound = Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** (attempt - 1));
  const jitter = random() * bound;
  if (error.retryAfterMs === undefined) return jitter;
  if (error.retryAfterMs > policy.maxRetryAfterMs) return null;
  return Math.max(0, error.retryAfterMs) + Math.min(jitter, policy.baseDelayMs);
}
