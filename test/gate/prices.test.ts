import { describe, expect, it } from 'vitest';
import { priced, priceOf, savedByCache, type PriceTable } from '../../src/gate/prices.ts';
import { NO_COST, NO_USAGE, UNKNOWN_COST, type Usage } from '../../src/model/model.ts';
import { addCost } from '../../src/model/usage.ts';
import { describeCost, formatUsd, roundUsd } from '../../src/money.ts';

const PRICES: PriceTable = {
  'a:one': {
    inputPerMillion: 3,
    outputPerMillion: 15,
    cachedInputPerMillion: 0.3,
    cacheWritePerMillion: 3.75,
  },
  'a:*': { inputPerMillion: 1, outputPerMillion: 2 },
};
const usage = (more: Partial<Usage>): Usage => ({ ...NO_USAGE, ...more });

describe('the price of a model', () => {
  it('is its own, else that of its provider’s others, else nobody’s', () => {
    expect(priceOf(PRICES, 'a:one')?.inputPerMillion).toBe(3);
    expect(priceOf(PRICES, 'a:two:free')?.inputPerMillion).toBe(1);
    for (const model of ['b:one', 'a', 'toString:x', '__proto__:x'])
      expect(priceOf(PRICES, model)).toBeUndefined();
  });

  it('is nothing on one’s own machine, unless a table says otherwise', () => {
    expect(priceOf({}, 'ollama:llama')).toEqual({ inputPerMillion: 0, outputPerMillion: 0 });
    expect(priceOf({ 'ollama:*': PRICES['a:*']! }, 'ollama:llama')?.inputPerMillion).toBe(1);
  });
});

describe('what a response has cost', () => {
  it.each<[string, string, Partial<Usage>, Usage['cost']]>([
    [
      'the provider’s own figure, whatever the table says',
      'a:one',
      { inputTokens: 1e6, cost: { usd: 0.5, basis: 'provider', unpriced: 0 } },
      { usd: 0.5, basis: 'provider', unpriced: 0 },
    ],
    [
      'by the table: fresh, cached and written input, and output',
      'a:one',
      { inputTokens: 1_000_000, cachedTokens: 500_000, cacheWriteTokens: 100_000, outputTokens: 10_000 },
      { usd: 0.4 * 3 + 0.5 * 0.3 + 0.1 * 3.75 + 0.15, basis: 'table', unpriced: 0 },
    ],
    [
      'without a price for cached input: as any input',
      'a:two',
      { inputTokens: 1_000_000, cachedTokens: 900_000, outputTokens: 0 },
      { usd: 1, basis: 'table', unpriced: 0 },
    ],
    [
      'cached tokens that are counted beside the input: nothing is earned',
      'a:one',
      { inputTokens: 10, cachedTokens: 1_000_000 },
      { usd: 0.3, basis: 'table', unpriced: 0 },
    ],
    ['without a price: unknown', 'b:one', { inputTokens: 10 }, UNKNOWN_COST],
    [
      'of tokens that are only estimated: unknown',
      'a:one',
      { inputTokens: 10, estimated: true },
      UNKNOWN_COST,
    ],
    [
      'on one’s own machine: nothing',
      'ollama:x',
      { inputTokens: 10, estimated: true },
      { usd: 0, basis: 'table', unpriced: 0 },
    ],
  ])('%s', (_, model, given, cost) => {
    expect(priced(usage(given), model, PRICES).cost).toEqual(cost);
  });

  it('is summed up without dust, and what is unknown stays counted', () => {
    const cents = Array.from({ length: 1_000 }, () => ({ usd: 0.1, basis: 'table', unpriced: 0 }) as const);
    expect(cents.reduce(addCost, NO_COST)).toEqual({ usd: 100, basis: 'table', unpriced: 0 });
    const sum = addCost(addCost({ usd: 0.1, basis: 'table', unpriced: 0 }, UNKNOWN_COST), {
      usd: 0.2,
      basis: 'provider',
      unpriced: 0,
    });
    expect(sum).toEqual({ usd: 0.3, basis: 'mixed', unpriced: 1 });
    expect(roundUsd(1e10 + 0.5)).toBe(1e10 + 0.5);
  });
});

describe('what the prompt cache has saved', () => {
  it('is the difference of the prices, where both are known', () => {
    const cached = usage({ inputTokens: 2_000_000, cachedTokens: 1_000_000 });
    expect(savedByCache(cached, 'a:one', PRICES)).toBe(2.7);
    expect(savedByCache(cached, 'a:two', PRICES)).toBeNull();
    expect(savedByCache(cached, 'b:one', PRICES)).toBeNull();
  });
});

describe('money', () => {
  it.each([
    [0, '$0.00'],
    [12.3, '$12.30'],
    [1_234.567, '$1,234.57'],
    [1, '$1.00'],
    [0.9999, '$1.00'],
    [0.5, '$0.50'],
    [0.0123, '$0.0123'],
    [0.01234, '$0.0123'],
    [0.00123, '$0.0012'],
    [0.000_042, '$0.000042'],
    [0.000_000_123, '$0.00000012'],
    [0.1 + 0.2, '$0.30'],
    [-2.5, '-$2.50'],
  ])('%d is shown as %s', (usd, text) => {
    expect(formatUsd(usd)).toBe(text);
  });

  it('says how sure it is', () => {
    expect(describeCost(NO_COST)).toBe('');
    expect(describeCost(UNKNOWN_COST)).toBe('cost unknown');
    expect(describeCost({ usd: 0.0123, basis: 'provider', unpriced: 0 })).toBe('$0.0123');
    expect(describeCost({ usd: 0.01, basis: 'mixed', unpriced: 3 })).toBe(
      'at least $0.01 (3 responses without a price)',
    );
  });
});
