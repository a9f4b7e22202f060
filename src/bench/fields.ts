import { Fields, Mismatch, type Read } from '../batch/fields.ts';

const OF = { file: 'Plan file', code: 'invalid_plan' };

/** The keys of a plan file. @throws {ConfigFileError} `invalid_plan` */
export function planFields(value: unknown, source: string): Fields {
  return new Fields(value, source, OF);
}

/** A mapping inside the plan: what `read` does not ask for is a typo. */
export function group<Value>(source: string, read: (fields: Fields, key: string) => Value): Read<Value> {
  return (value, key) => {
    const fields = new Fields(value, source, OF, key);
    const result = read(fields, key);
    fields.refuseOthers();
    return result;
  };
}

/** A list of at least one. */
export function list<Value>(read: Read<Value>): Read<readonly Value[]> {
  return (value, key) => {
    if (!Array.isArray(value) || value.length === 0)
      throw new Mismatch(key, 'must be a list of at least one', value);
    return value.map((item: unknown, i) => read(item, `${key}[${i}]`));
  };
}

export function oneOf<const Word extends string>(words: readonly Word[]): Read<Word> {
  return (value, key) => {
    const word = words.find((known) => known === value);
    if (word !== undefined) return word;
    throw new Mismatch(key, `must be one of ${words.join(', ')}`, value);
  };
}

export const flag: Read<boolean> = (value, key) => {
  if (typeof value === 'boolean') return value;
  throw new Mismatch(key, 'must be true or false', value);
};

/** Any text, the empty one too. */
export const anyText: Read<string> = (value, key) => {
  if (typeof value === 'string') return value;
  throw new Mismatch(key, 'must be text', value);
};

/** The longest that a timer takes. */
const MAX_MS = 2 ** 31 - 1;

/** Milliseconds, fractions allowed. */
export const timeMs: Read<number> = (value, key) => {
  if (typeof value === 'number' && value > 0 && value <= MAX_MS) return value;
  throw new Mismatch(key, `must be milliseconds, a number above 0 and up to ${MAX_MS}`, value);
};

/** A regular expression: its source, or `{ pattern, flags }`. */
export const pattern: Read<{ readonly pattern: string; readonly flags: string }> = (value, key) => {
  const given = typeof value === 'string' ? { pattern: value, flags: '' } : value;
  const { pattern: source, flags = '' } = { ...(given as { pattern?: unknown; flags?: unknown } | null) };
  if (typeof source !== 'string' || source === '' || typeof flags !== 'string')
    throw new Mismatch(key, 'must be a regular expression, or a mapping of pattern and flags', value);
  try {
    // `g` and `y` would make a second search begin where the first one ended.
    if (/[gy]/.test(flags)) throw new SyntaxError('flags g and y have no meaning here');
    new RegExp(source, flags);
  } catch (error) {
    throw new Mismatch(key, `is no regular expression: ${(error as Error).message}`);
  }
  return { pattern: source, flags };
};
