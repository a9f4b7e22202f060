import type { ModelPrice, PriceTable } from '../gate/prices.ts';
import { parseYaml } from '../yaml.ts';
import { Fields, Mismatch, type Read } from './fields.ts';

const OF = { file: 'Prices file', code: 'invalid_prices' };

/**
 * A prices file's text → the table: for each `provider:model`, or `provider:*`, the prices of a million tokens.
 * @param source  the file's path, named in errors
 * @throws {ConfigFileError} `invalid_yaml`, or `invalid_prices` naming the file, the model, the key and the nearest one
 */
export function parsePrices(yaml: string, source: string): PriceTable {
  const value = parseYaml(yaml, { source });
  const models = new Fields(value, source, OF);
  const table: [string, ModelPrice][] = Object.keys(value as object).map((model) => [
    model,
    models.required(model, (price, key) => priceOf(price, key, source)),
  ]);
  return Object.fromEntries(table);
}

function priceOf(value: unknown, model: string, source: string): ModelPrice {
  if (!/^[^:]+:./.test(model)) throw new Mismatch(model, 'names no model: provider:model, or provider:*');
  const fields = new Fields(value, `${source}, ${model}`, OF);
  const inputPerMillion = fields.required('inputPerMillion', dollars);
  const outputPerMillion = fields.required('outputPerMillion', dollars);
  const cachedInputPerMillion = fields.optional('cachedInputPerMillion', dollars);
  const cacheWritePerMillion = fields.optional('cacheWritePerMillion', dollars);
  fields.refuseOthers();
  return {
    inputPerMillion,
    outputPerMillion,
    ...(cachedInputPerMillion === undefined ? {} : { cachedInputPerMillion }),
    ...(cacheWritePerMillion === undefined ? {} : { cacheWritePerMillion }),
  };
}

const dollars: Read<number> = (value, key) => {
  if (typeof value === 'number' && value >= 0 && value < Infinity) return value;
  throw new Mismatch(key, 'must be US dollars, a number of at least 0', value);
};
