import { formatUsd } from './money.ts';
import type { BudgetMeasure, BudgetOptions, ReachedBudget } from './protocol/budget.ts';

/** `the budget of group "nightly" is reached: 12,345 of 10,000 tokens` */
export function describeReached({ scope, name, what, limit, spent }: ReachedBudget): string {
  const whose = scope === 'pool' ? 'the pool' : `${scope} ${JSON.stringify(name)}`;
  if (what === 'price') {
    return `the budget of ${whose} is in dollars (${formatUsd(limit)}), and what a response has cost is not known: its provider did not say, and no price is given for its model`;
  }
  return `the budget of ${whose} is reached: ${amounts(what, spent, limit)}`;
}

function amounts(what: Exclude<BudgetMeasure, 'price'>, spent: number, limit: number): string {
  const of = (format: (amount: number) => string, unit: string): string =>
    `${format(spent)} of ${format(limit)}${unit}`;
  switch (what) {
    case 'usd':
      return of(formatUsd, '');
    case 'tokens':
      return of(count, ' tokens');
    case 'turns':
      return of(count, ' turns');
    case 'wallMs':
      return of(seconds, ' seconds');
  }
}

/** `$5.00, 200 turns`; `none` for no limit. */
export function describeBudget(budget: BudgetOptions | null): string {
  if (!budget) return 'none';
  const { usd, tokens, turns, wallMs } = budget;
  return [
    usd === undefined ? '' : formatUsd(usd),
    tokens === undefined ? '' : `${count(tokens)} tokens`,
    turns === undefined ? '' : `${count(turns)} turns`,
    wallMs === undefined ? '' : `${seconds(wallMs)} seconds`,
  ]
    .filter((limit) => limit !== '')
    .join(', ');
}

function count(amount: number): string {
  return amount.toLocaleString('en-US');
}

function seconds(ms: number): string {
  return count(Math.round(ms) / 1000);
}
