type JsonObject = { readonly [key: string]: unknown };

/** A schema that refers to itself has no smallest value that this finds. */
const MAX_DEPTH = 32;

/**
 * A small value that fits a JSON Schema, as far as its types, its properties, its choices and its bounds say what that is. Of
 * what else a schema may ask for (patterns, formats, `not`, conditions) nothing is known here.
 */
export function sampleValue(schema: unknown, root: unknown = schema, depth = 0): unknown {
  if (!isObject(schema) || depth > MAX_DEPTH) return null;
  const inner = (part: unknown): unknown => sampleValue(part, root, depth + 1);
  if (typeof schema['$ref'] === 'string') return inner(target(schema['$ref'], root));
  if ('const' in schema) return schema['const'];
  const [first] = listIn(schema, 'enum');
  if (first !== undefined) return first;
  for (const key of ['anyOf', 'oneOf']) {
    const [choice] = listIn(schema, key);
    if (choice !== undefined)
      return inner(isObject(choice) ? { ...without(schema, key), ...choice } : choice);
  }
  const all = listIn(schema, 'allOf');
  if (all.length > 0) return inner(Object.assign({}, without(schema, 'allOf'), ...all.filter(isObject)));
  switch (typeOf(schema)) {
    case 'object':
      return sampleObject(schema, inner);
    case 'array':
      return Array.from({ length: numberIn(schema, 'minItems') ?? 0 }, (_, i) =>
        inner(listIn(schema, 'prefixItems')[i] ?? schema['items']),
      );
    case 'string':
      return 'simulated'
        .padEnd(numberIn(schema, 'minLength') ?? 0, '.')
        .slice(0, numberIn(schema, 'maxLength'));
    case 'integer':
    case 'number':
      return sampleNumber(schema);
    case 'boolean':
      return false;
    default:
      return null;
  }
}

function sampleObject(schema: JsonObject, inner: (part: unknown) => unknown): JsonObject {
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  const required = listIn(schema, 'required').filter((name) => typeof name === 'string');
  return Object.fromEntries(required.map((name) => [name, inner(properties[name])]));
}

function sampleNumber(schema: JsonObject): number {
  const least = numberIn(schema, 'minimum');
  const above = numberIn(schema, 'exclusiveMinimum');
  const most = numberIn(schema, 'maximum') ?? numberIn(schema, 'exclusiveMaximum');
  if (least !== undefined) return least;
  if (above !== undefined) return above + 1;
  return most === undefined ? 0 : Math.min(0, Math.floor(most) - 1);
}

/** Of several types the first. */
function typeOf(schema: JsonObject): unknown {
  const { type } = schema;
  if (Array.isArray(type)) return type[0];
  return type ?? (isObject(schema['properties']) ? 'object' : undefined);
}

/** What `#/$defs/name` is; undefined for anything that is not in the schema itself. */
function target(reference: string, root: unknown): unknown {
  if (!reference.startsWith('#')) return undefined;
  return reference
    .slice(1)
    .split('/')
    .filter((part) => part !== '')
    .map((part) => decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((at, part) => (isObject(at) ? at[part] : undefined), root);
}

function without(schema: JsonObject, key: string): JsonObject {
  const { [key]: _, ...rest } = schema;
  return rest;
}

function listIn(schema: JsonObject, key: string): readonly unknown[] {
  const value = schema[key];
  return Array.isArray(value) ? value : [];
}

function numberIn(schema: JsonObject, key: string): number | undefined {
  const value = schema[key];
  return typeof value === 'number' ? value : undefined;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
