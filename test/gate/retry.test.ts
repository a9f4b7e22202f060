import { describe, expect, it } from 'vitest';
import { DEFAULT_RETRY_POLICY as POLICY, retryDelayMs } from '../../src/gate/retry.ts';

const error = (data: { retryable?: boolean; retryAfterMs?: number } = {}) => ({
  retryable: true,
  retryAfterMs: undefined,
  ...data,
});

describe('the pause before the next attempt', () => {
  it.each([
    [1, 500],
    [2, 1_000],
    [3, 2_000],
  ])('after attempt %i is anything up to %i ms', (attempt, bound) => {
    expect(retryDelayMs(error(), attempt, () => 0, POLICY)).toBe(0);
    expect(retryDelayMs(error(), attempt, () => 1, POLICY)).toBe(bound);
  });

  it('never grows beyond its cap', () => {
    expect(retryDelayMs(error(), 30, () => 1, { ...POLICY, maxAttempts: 99 })).toBe(60_000);
  });

  it('is at least what the provider asked for', () => {
    expect(retryDelayMs(error({ retryAfterMs: 3_000 }), 1, () => 0, POLICY)).toBe(3_000);
    expect(retryDelayMs(error({ retryAfterMs: 3_000 }), 3, () => 1, POLICY)).toBe(3_500);
  });
});

describe('there is no next attempt', () => {
  it.each([
    ['for an error that stays', error({ retryable: false }), 1],
    ['after the last one', error(), 4],
    ['when the provider asks for too long a wait', error({ retryAfterMs: 60_001 }), 1],
  ])('%s', (_when, failure, attempt) => {
    expect(retryDelayMs(failure, attempt, () => 0.5, POLICY)).toBeNull();
  });
});
