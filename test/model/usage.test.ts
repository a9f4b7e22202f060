import { describe, expect, it } from 'vitest';
import { NO_COST, NO_USAGE, UNKNOWN_COST, type Cost } from '../../src/model/model.ts';
import { addCost, addUsage, wholeUsage } from '../../src/model/usage.ts';

const told: Cost = { usd: 0.25, basis: 'provider', unpriced: 0 };
const priced: Cost = { usd: 0.5, basis: 'table', unpriced: 0 };

describe('a sum of costs', () => {
  it.each([
    ['nothing', NO_COST, NO_COST, NO_COST],
    ['nothing and a known one', NO_COST, told, told],
    ['nothing and an unknown one', NO_COST, UNKNOWN_COST, UNKNOWN_COST],
    ['two of one kind', told, told, { usd: 0.5, basis: 'provider', unpriced: 0 }],
    ['one told and one from a table', told, priced, { usd: 0.75, basis: 'mixed', unpriced: 0 }],
    ['a known and an unknown one', told, UNKNOWN_COST, { usd: 0.25, basis: 'provider', unpriced: 1 }],
    ['two unknown ones', UNKNOWN_COST, UNKNOWN_COST, { usd: null, basis: 'unknown', unpriced: 2 }],
  ])('of %s', (_, a, b, sum) => {
    expect(addCost(a, b)).toEqual(sum);
    expect(addCost(b, a)).toEqual(sum);
  });
});

describe('a usage', () => {
  it('of an earlier version is read with what that version did not know as nothing', () => {
    const { cacheWriteTokens: _, cost: __, ...earlier } = { ...NO_USAGE, inputTokens: 3, estimated: true };
    expect(wholeUsage(earlier)).toEqual({ ...NO_USAGE, inputTokens: 3, estimated: true });
  });

  it('is estimated, and costs, as soon as one of its parts does', () => {
    const sum = addUsage({ ...NO_USAGE, cacheWriteTokens: 2, cost: told }, { ...NO_USAGE, estimated: true });
    expect(sum).toEqual({ ...NO_USAGE, cacheWriteTokens: 2, estimated: true, cost: told });
  });
});
