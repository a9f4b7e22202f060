import { describe, expect, it } from 'vitest';
import { readRateLimits } from '../../src/model/rate-limits.ts';

const NOW = Date.UTC(2026, 0, 1);

function read(headers: Readonly<Record<string, string>>): ReturnType<typeof readRateLimits> {
  return readRateLimits({ header: (name) => headers[name], headerNames: () => Object.keys(headers) }, NOW);
}

describe('what an answer says of the limits', () => {
  it('is read as OpenAI, Groq and Azure write it', () => {
    const headers = {
      'x-ratelimit-limit-requests': '10000',
      'x-ratelimit-remaining-requests': '9999',
      'x-ratelimit-reset-requests': '8.64s',
      'x-ratelimit-limit-tokens': '200000',
      'x-ratelimit-remaining-tokens': '0',
      'x-ratelimit-reset-tokens': '6m0s',
    };
    expect(read(headers)).toEqual({
      requests: { limit: 10_000, remaining: 9_999, resetMs: 8_640 },
      tokens: { limit: 200_000, remaining: 0, resetMs: 360_000 },
    });
  });

  it('is read as Anthropic writes it', () => {
    const headers = {
      'anthropic-ratelimit-requests-limit': '50',
      'anthropic-ratelimit-requests-remaining': '49',
      'anthropic-ratelimit-requests-reset': '2026-01-01T00:00:02Z',
      'anthropic-ratelimit-input-tokens-limit': '30000',
      'anthropic-ratelimit-input-tokens-remaining': '29000',
      'anthropic-ratelimit-input-tokens-reset': '2025-12-31T23:59:59Z',
    };
    expect(read(headers)).toEqual({
      requests: { limit: 50, remaining: 49, resetMs: 2_000 },
      tokens: { limit: 30_000, remaining: 29_000, resetMs: 0 },
    });
  });

  it('is read as OpenRouter writes it', () => {
    const headers = {
      'x-ratelimit-limit': '20',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': String(NOW + 12_000),
    };
    expect(read(headers)).toEqual({ requests: { limit: 20, remaining: 0, resetMs: 12_000 } });
  });

  it.each([
    ['12ms', 12],
    ['1h2m3s', 3_723_000],
    ['1m30.5s', 90_500],
    ['59.9', 59_900],
    ['250us', 0.25],
    ['0s', 0],
    [String(NOW / 1_000 + 5), 5_000],
  ])('takes a reset of %s', (text, resetMs) => {
    const headers = { 'x-ratelimit-limit-requests': '1', 'x-ratelimit-reset-requests': text };
    expect(read(headers)?.requests?.resetMs).toBeCloseTo(resetMs, 6);
  });

  it.each(['', 'soon', '-5s', 'NaN', '1e99', '9999999h', '1m 30s', 's'])(
    'ignores a reset of "%s"',
    (text) => {
      const headers = { 'x-ratelimit-limit-requests': '1', 'x-ratelimit-reset-requests': text };
      expect(read(headers)?.requests).toEqual({ limit: 1 });
    },
  );

  it.each([
    ['no headers', {}],
    ['a limit of -1', { 'x-ratelimit-limit-requests': '-1', 'x-ratelimit-remaining-requests': '-1' }],
    ['a limit of 0', { 'x-ratelimit-limit-requests': '0', 'x-ratelimit-remaining-requests': '0' }],
    ['more than the limit', { 'x-ratelimit-limit-requests': '5', 'x-ratelimit-remaining-requests': '6' }],
    ['words', { 'x-ratelimit-limit-requests': 'many', 'x-ratelimit-remaining-requests': 'some' }],
    ['a reset alone', { 'x-ratelimit-reset-requests': '1s' }],
  ])('is nothing where there is %s', (_what, headers) => {
    expect(read(headers)).toBeNull();
  });
});
