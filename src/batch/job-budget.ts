import type { BudgetOptions } from '../protocol/budget.ts';
import { amount, mapping, Mismatch, unknownKey, wholeNumber, type Read } from './fields.ts';

const LIMITS = ['usd', 'tokens', 'turns', 'minutes'];
const MINUTE_MS = 60_000;

/** What a batch, or each of its items, may spend: a mapping of limits. Reaching one ends prompts: nobody is there to raise it. */
export const budget: Read<BudgetOptions> = (value, key) => {
  const given = mapping(value, key);
  const keys = Object.keys(given);
  const unknown = keys.find((name) => !LIMITS.includes(name));
  if (unknown !== undefined) throw new Mismatch(key, `has the ${unknownKey(unknown, LIMITS)}`);
  if (keys.length === 0) throw new Mismatch(key, `must hold at least one of ${LIMITS.join(', ')}`);
  const limit = (name: string, read: Read<number>): number | undefined =>
    given[name] === undefined ? undefined : read(given[name], `${key}.${name}`);
  return endingBudget({
    usd: limit('usd', amount),
    tokens: limit('tokens', wholeNumber(1)),
    turns: limit('turns', wholeNumber(1)),
    minutes: limit('minutes', amount),
  })!;
};

/** Limits as a person gives them. */
export interface GivenLimits {
  readonly usd?: number | undefined;
  readonly tokens?: number | undefined;
  readonly turns?: number | undefined;
  readonly minutes?: number | undefined;
}

/** A budget that ends prompts; undefined where nothing is limited. */
export function endingBudget({ usd, tokens, turns, minutes }: GivenLimits): BudgetOptions | undefined {
  const limits = {
    ...(usd === undefined ? {} : { usd }),
    ...(tokens === undefined ? {} : { tokens }),
    ...(turns === undefined ? {} : { turns }),
    ...(minutes === undefined ? {} : { wallMs: minutes * MINUTE_MS }),
  };
  return Object.keys(limits).length === 0 ? undefined : { ...limits, onReached: 'end' };
}
