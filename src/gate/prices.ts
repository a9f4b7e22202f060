import { roundUsd } from '../money.ts';
import { UNKNOWN_COST, type Cost, type Usage } from '../model/model.ts';

/** What a model's tokens cost, in US dollars for a million of them. */
export interface ModelPrice {
  readonly inputPerMillion: number;
  readonly outputPerMillion: number;
  /** Of input that the provider's prompt cache had. Default: as other input. */
  readonly cachedInputPerMillion?: number;
  /** Of input that was written to the cache. Default: as other input. */
  readonly cacheWritePerMillion?: number;
}

/** By `provider:model`, or `provider:*` for all of a provider's that have no price of their own. */
export type PriceTable = Readonly<Record<string, ModelPrice>>;

/** Ollama runs on one's own machine. Skein knows no other prices: a table in a program is out of date when it is used. */
const OWN_MACHINE: ModelPrice = { inputPerMillion: 0, outputPerMillion: 0 };
const BUILT_IN: PriceTable = { 'ollama:*': OWN_MACHINE };

/** @param model  `provider:name` @returns undefined where nobody has said what it costs */
export function priceOf(prices: PriceTable, model: string): ModelPrice | undefined {
  const anyOfProvider = `${model.slice(0, model.indexOf(':'))}:*`;
  for (const table of [prices, BUILT_IN]) {
    for (const key of [model, anyOfProvider]) if (Object.hasOwn(table, key)) return table[key];
  }
  return undefined;
}

/**
 * The usage of one response with what it cost: the provider's own figure, else by the table, else unknown, which is
 * never 0. An estimated count of tokens is no ground for a sum of money.
 * @param model  `provider:name`
 */
export function priced(usage: Usage, model: string, prices: PriceTable): Usage {
  if (usage.cost.basis === 'provider' && usage.cost.usd !== null) return usage;
  const price = usage.estimated ? freeOf(priceOf(prices, model)) : priceOf(prices, model);
  return { ...usage, cost: price ? costOf(usage, price) : UNKNOWN_COST };
}

/** Any number of tokens costs nothing where a token does. */
function freeOf(price: ModelPrice | undefined): ModelPrice | undefined {
  return price?.inputPerMillion === 0 && price.outputPerMillion === 0 ? price : undefined;
}

function costOf(usage: Usage, price: ModelPrice): Cost {
  const { inputPerMillion, outputPerMillion } = price;
  const { cachedInputPerMillion = inputPerMillion, cacheWritePerMillion = inputPerMillion } = price;
  const { cachedTokens, cacheWriteTokens, inputTokens, outputTokens } = usage;
  // A provider that counts cached tokens beside the input, not in it, must not earn anything.
  const fresh = Math.max(0, inputTokens - cachedTokens - cacheWriteTokens);
  const millionths =
    fresh * inputPerMillion +
    cachedTokens * cachedInputPerMillion +
    cacheWriteTokens * cacheWritePerMillion +
    outputTokens * outputPerMillion;
  return { usd: roundUsd(millionths / 1e6), basis: 'table', unpriced: 0 };
}

/** What reading from the prompt cache has saved, in dollars; null where the price of a cached token is not known. */
export function savedByCache(usage: Usage, model: string, prices: PriceTable): number | null {
  const price = priceOf(prices, model);
  if (price?.cachedInputPerMillion === undefined) return null;
  return roundUsd((usage.cachedTokens * (price.inputPerMillion - price.cachedInputPerMillion)) / 1e6);
}
