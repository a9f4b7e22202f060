import { roundUsd } from '../money.ts';
import { NO_COST, NO_USAGE, type Cost, type Usage } from './model.ts';

/** The sum of two usages; estimated as soon as one of them is. */
export function addUsage(a: Usage, b: Usage): Usage {
  if (b === NO_USAGE) return a;
  if (a === NO_USAGE) return b;
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    totalTokens: a.totalTokens + b.totalTokens,
    reasoningTokens: a.reasoningTokens + b.reasoningTokens,
    cachedTokens: a.cachedTokens + b.cachedTokens,
    cacheWriteTokens: a.cacheWriteTokens + b.cacheWriteTokens,
    estimated: a.estimated || b.estimated,
    cost: addCost(a.cost, b.cost),
  };
}

/** The sum of two costs. What is unknown stays counted. */
export function addCost(a: Cost, b: Cost): Cost {
  if (a.basis === 'none') return b;
  if (b.basis === 'none') return a;
  const unpriced = a.unpriced + b.unpriced;
  if (a.usd === null) return { ...b, unpriced };
  if (b.usd === null) return { ...a, unpriced };
  return { usd: roundUsd(a.usd + b.usd), basis: a.basis === b.basis ? a.basis : 'mixed', unpriced };
}

/** A usage that an earlier version kept: it knew fewer figures. */
export function wholeUsage(usage: Partial<Usage>): Usage {
  return { ...NO_USAGE, ...usage, cost: usage.cost ?? NO_COST };
}
