import { describe, expect, it } from 'vitest';
import { DEFAULT_RETRY_POLICY as POLICY, retryDelayMs } from '../../src/gate/retry.ts';

const error = (data: { retryable?: boolean } = {}) => ({ retryable: true, ...data });

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
});

describe('there is no next attempt', () => {
  it.each([
    ['for an error that stays', error({ retryable: false }), 1],
    ['after the last one', error(), 4],
  ])('%s', (_when, failure, attempt) => {
    expect(retryDelayMs(failure, attempt, () => 0.5, POLICY)).toBeNull();
  });
});
