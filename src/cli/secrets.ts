import { Redactor } from '../redactor.ts';

/**
 * Knows the keys that a command can have: the values of variables named `…_API_KEY`. A second line: what a pool gives out
 * is without its providers' keys already.
 */
export const redactor = new Redactor(
  Object.entries(process.env).flatMap(([name, value]) =>
    /_API_KEY$/i.test(name) && value !== undefined ? [value] : [],
  ),
);
