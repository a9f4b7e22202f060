import { InvalidOptionError } from '../errors.ts';
import type { OutputSchema } from '../model/model.ts';
import { SchemaCheck } from '../tools/schema-check.ts';
import type { JsonSchema } from '../tools/tool.ts';

/** It goes out with every request of the prompt, and OpenAI takes 120,000 characters of names and values at most. */
const MAX_SCHEMA_CHARS = 256 * 1024;
/** Nobody writes a schema that is nested deeper, and what checks values goes down as deep. */
const MAX_DEPTH = 100;
/** Of one value at one place. A schema is checked on the thread that serves all sessions, and answers on one of the sessions'. */
const MAX_AT_ONE_PLACE = 5_000;
const NAME = /^[a-zA-Z0-9_-]{1,64}$/;
const DEFAULT_NAME = 'answer';

const TYPES: readonly unknown[] = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'];

/** Keywords whose value is a schema, a list of schemas, or schemas by name. */
const ONE: readonly string[] = [
  'items',
  'contains',
  'additionalProperties',
  'unevaluatedItems',
  'unevaluatedProperties',
  'propertyNames',
  'not',
  'if',
  'then',
  'else',
];
const LIST: readonly string[] = ['prefixItems', 'allOf', 'anyOf', 'oneOf'];
const NAMED: readonly string[] = [
  '$defs',
  'definitions',
  'properties',
  'patternProperties',
  'dependentSchemas',
];

/** What a schema may say and still be followed to the letter (`strict`) by providers that can do that. */
const STRICT_KEYWORDS: ReadonlySet<string> = new Set(
  (
    '$schema $ref $defs definitions title description type enum const anyOf properties required additionalProperties ' +
    'items minItems maxItems pattern format minimum maximum exclusiveMinimum exclusiveMaximum multipleOf'
  ).split(' '),
);

/** A schema inside of a schema, and where. */
interface Part {
  readonly place: string;
  readonly schema: unknown;
}

/**
 * The schema that a caller gave, as it is journalled and sent.
 * @throws {InvalidOptionError} when no value could be held against it
 */
export function outputSchema(schema: JsonSchema, name: string = DEFAULT_NAME): OutputSchema {
  if (!NAME.test(name)) refuse('schemaName', 'expected 1 to 64 letters, digits, "_" or "-"');
  assertPlain(schema);
  const json = JSON.stringify(schema);
  if (json.length > MAX_SCHEMA_CHARS) {
    refuse('schema', `expected at most ${MAX_SCHEMA_CHARS} characters of JSON, but was given ${json.length}`);
  }
  // What is checked is what will be used: without what JSON leaves out.
  const parsed = JSON.parse(json) as JsonSchema;
  const parts = [...partsOf(parsed)];
  for (const part of parts) assertUsable(part);
  assertChecks(parsed);
  return {
    name,
    json,
    strict: parsed['type'] === 'object' && parts.every(({ schema: part }) => isStrict(part)),
  };
}

/** JSON data, and an object: what a schema library made is not. */
function assertPlain(schema: unknown): void {
  if (!isObject(schema)) refuse('schema', `expected a JSON Schema object, but was given ${kindOf(schema)}`);
  const open: { readonly place: string; readonly value: unknown; readonly depth: number }[] = [
    { place: 'schema', value: schema, depth: 0 },
  ];
  let count = 0;
  for (let next = open.pop(); next; next = open.pop()) {
    const { place, value, depth } = next;
    count += 1;
    if (depth > MAX_DEPTH) refuse(place.slice(0, 200), `is nested more than ${MAX_DEPTH} deep`);
    if (count > MAX_SCHEMA_CHARS) refuse('schema', 'has too many parts');
    if (typeof value === 'object' && value !== null) {
      if (!Array.isArray(value) && !isPlainObject(value)) notPlain(place, value);
      for (const [key, inner] of Object.entries(value)) {
        open.push({ place: `${place}.${key}`, value: inner, depth: depth + 1 });
      }
    } else if (typeof value === 'number' ? !Number.isFinite(value) : !isJsonPrimitive(value)) {
      notPlain(place, value);
    }
  }
}

function notPlain(place: string, value: unknown): never {
  throw new InvalidOptionError({
    option: place,
    problem: `expected plain JSON data, but was given ${kindOf(value)}`,
    hint: 'A schema of zod is made into one by z.toJSONSchema(schema).',
  });
}

/** The schema itself and every schema in it. */
function* partsOf(root: JsonSchema): Generator<Part> {
  const open: Part[] = [{ place: 'schema', schema: root }];
  for (let part = open.pop(); part; part = open.pop()) {
    yield part;
    const { place, schema } = part;
    if (!isObject(schema)) continue;
    for (const key of ONE) {
      if (schema[key] !== undefined) open.push({ place: `${place}.${key}`, schema: schema[key] });
    }
    for (const key of [...LIST, ...NAMED]) {
      const inner = schema[key];
      if (inner === undefined) continue;
      if (LIST.includes(key) ? !Array.isArray(inner) : !isObject(inner)) {
        refuse(`${place}.${key}`, `expected ${LIST.includes(key) ? 'a list of schemas' : 'schemas by name'}`);
      }
      for (const [name, one] of Object.entries(inner as object)) {
        open.push({ place: `${place}.${key}.${name}`, schema: one });
      }
    }
  }
}

function assertUsable({ place, schema }: Part): void {
  if (typeof schema === 'boolean') return;
  if (!isObject(schema)) return refuse(place, `expected a schema, but was given ${kindOf(schema)}`);
  const { type, required, pattern, patternProperties } = schema;
  const unknownType = [type].flat().find((one) => one !== undefined && !TYPES.includes(one));
  if (unknownType !== undefined) {
    refuse(
      `${place}.type`,
      `expected one of ${TYPES.join(', ')}, but was given ${JSON.stringify(unknownType)}`,
    );
  }
  if (required !== undefined && !isListOf(required, 'string')) {
    refuse(`${place}.required`, 'expected a list of names');
  }
  if (schema['enum'] !== undefined && !(Array.isArray(schema['enum']) && schema['enum'].length > 0)) {
    refuse(`${place}.enum`, 'expected a list of values that is not empty');
  }
  if (pattern !== undefined) assertExpression(`${place}.pattern`, pattern);
  for (const key of Object.keys(patternProperties ?? {})) assertExpression(`${place}.patternProperties`, key);
}

function assertExpression(place: string, source: unknown): void {
  try {
    if (typeof source !== 'string') throw new TypeError('it is no text');
    // As it is used: with the flag, which refuses what JavaScript lets pass without.
    new RegExp(source, 'u');
  } catch (error) {
    refuse(place, `is no regular expression (${(error as Error).message})`);
  }
}

/** References that lead nowhere or in a circle, and what else only shows when something is checked. */
function assertChecks(schema: JsonSchema): void {
  const check = tried(() => new SchemaCheck(schema));
  const count = tried(() => check.mostAtOnePlace);
  if (count === Infinity) refuse('schema', 'cannot be used: it has references that go round in a circle');
  if (count > MAX_AT_ONE_PLACE) {
    refuse('schema', `holds one value against ${count} schemas; at most ${MAX_AT_ONE_PLACE} are taken`);
  }
  // A value of each kind: what holds for one only is found with it.
  for (const value of [null, true, 0, '', [], {}]) tried(() => check.firstProblem(value));
  const dangling = check.danglingReference;
  if (dangling !== undefined) refuse('schema', `refers to ${JSON.stringify(dangling)}, which is not in it`);
}

function tried<Result>(use: () => Result): Result {
  try {
    return use();
  } catch (error) {
    const [reason] = (error as Error).message.split('\n');
    return refuse('schema', `cannot be used: ${reason}`);
  }
}

/** OpenAI's rules: every part says what it is; of objects all that may be there is named and required. */
function isStrict(schema: unknown): boolean {
  if (!isObject(schema)) return schema === false;
  if (!Object.keys(schema).every((key) => STRICT_KEYWORDS.has(key))) return false;
  const { type, properties, required, additionalProperties } = schema;
  const types: readonly unknown[] = [type].flat();
  if (type === undefined && schema['$ref'] === undefined && schema['anyOf'] === undefined) return false;
  if (types.includes('array') && schema['items'] === undefined) return false;
  if (properties === undefined && !types.includes('object')) return true;
  const names = Object.keys(properties ?? {});
  const needed = Array.isArray(required) ? required : [];
  return additionalProperties === false && names.every((name) => needed.includes(name));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

/** JSON leaves out what is undefined. */
function isJsonPrimitive(value: unknown): boolean {
  return value === null || ['string', 'boolean', 'undefined'].includes(typeof value);
}

function isListOf(value: unknown, type: 'string'): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === type);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value !== 'object') return `a ${typeof value}`;
  const { constructor } = value as { constructor?: { name?: unknown } };
  const name = constructor?.name;
  return typeof name === 'string' && name !== '' && name !== 'Object' ? `a ${name}` : 'an object';
}

function refuse(option: string, problem: string): never {
  throw new InvalidOptionError({ option, problem });
}
