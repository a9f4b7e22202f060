import type { JsonSchema } from './tool.ts';

type ScalarType = 'string' | 'integer' | 'number' | 'boolean';

/** What one property has to be. */
interface Scalar {
  readonly type: ScalarType;
  /** The least number; the least number of characters. */
  readonly minimum: number;
}

/** Keywords that say nothing about the value. */
const NOTES: ReadonlySet<string> = new Set(['title', 'description', 'default', 'examples']);
const OBJECT_KEYWORDS: ReadonlySet<string> = new Set([
  ...NOTES,
  'type',
  'properties',
  'required',
  'additionalProperties',
]);
/** By type, the one keyword that may stand beside it. */
const MINIMUM: Readonly<Record<ScalarType, string | undefined>> = {
  string: 'minLength',
  integer: 'minimum',
  number: 'minimum',
  boolean: undefined,
};

/**
 * The schema of an object of strings, numbers and booleans, as the arguments of most tools are. It accepts what such a schema
 * surely accepts, in a small part of the time that a validator takes; of all else a validator has to be asked.
 */
export class FlatSchema {
  readonly #properties: ReadonlyMap<string, Scalar>;
  readonly #required: readonly string[];

  /** Undefined for a schema that says more than that. */
  static of(schema: JsonSchema): FlatSchema | undefined {
    const { type, properties = {}, required = [], additionalProperties = true } = schema;
    if (type !== 'object' || !hasOnly(schema, OBJECT_KEYWORDS)) return undefined;
    if (typeof additionalProperties !== 'boolean' || !isObject(properties)) return undefined;
    if (!Array.isArray(required) || !required.every((key) => typeof key === 'string')) return undefined;
    const scalars = new Map<string, Scalar>();
    for (const [key, property] of Object.entries(properties)) {
      const scalar = scalarOf(property);
      if (!scalar) return undefined;
      scalars.set(key, scalar);
    }
    return new FlatSchema(scalars, required);
  }

  private constructor(properties: ReadonlyMap<string, Scalar>, required: readonly string[]) {
    this.#properties = properties;
    this.#required = required;
  }

  /** False decides nothing. */
  accepts(values: Readonly<Record<string, unknown>>): boolean {
    for (const key of this.#required) if (!Object.hasOwn(values, key)) return false;
    for (const key of Object.keys(values)) {
      const scalar = this.#properties.get(key);
      if (scalar === undefined || !isWanted(values[key], scalar)) return false;
    }
    return true;
  }
}

function scalarOf(schema: unknown): Scalar | undefined {
  if (!isObject(schema)) return undefined;
  const { type } = schema;
  if (type !== 'string' && type !== 'integer' && type !== 'number' && type !== 'boolean') return undefined;
  const keyword = MINIMUM[type];
  if (!hasOnly(schema, new Set([...NOTES, 'type', ...(keyword === undefined ? [] : [keyword])])))
    return undefined;
  const minimum = keyword === undefined ? undefined : schema[keyword];
  if (minimum === undefined) return { type, minimum: -Infinity };
  return typeof minimum === 'number' ? { type, minimum } : undefined;
}

function isWanted(value: unknown, { type, minimum }: Scalar): boolean {
  switch (type) {
    case 'string':
      // Characters are code points, of which each takes at most two units.
      return typeof value === 'string' && Math.ceil(value.length / 2) >= minimum;
    case 'integer':
      return typeof value === 'number' && Number.isInteger(value) && value >= minimum;
    case 'number':
      return typeof value === 'number' && value >= minimum;
    case 'boolean':
      return typeof value === 'boolean';
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hasOnly(schema: object, keywords: ReadonlySet<string>): boolean {
  return Object.keys(schema).every((key) => keywords.has(key));
}
