import { inspect } from 'node:util';
import type * as z from 'zod/mini';
import { InvalidOptionError } from '../errors.ts';
import { nearest } from '../nearest.ts';

/**
 * Checks options that a caller gave and returns them unchanged: the caller's own objects, functions and types.
 * @throws {InvalidOptionError} naming the first option that is wrong, what it is and what was expected
 */
export function checkOptions<Options>(schema: z.ZodMiniType, options: Options, where: string): Options {
  const parsed = schema.safeParse(options);
  if (parsed.success) return options;
  const issue = parsed.error.issues[0];
  if (!issue) return options;
  const path = issue.path.map(String);
  const given: unknown = issue.path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
    options,
  );
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const hint = nearest(key, knownKeys(schema, path));
    throw new InvalidOptionError({
      option: [...path, key].join('.'),
      problem: `${where} has no such option`,
      ...(hint === undefined ? {} : { hint: `Did you mean ${[...path, hint].join('.')}?` }),
    });
  }
  throw new InvalidOptionError({
    option: path.join('.') || where,
    problem: `${describe(issue)}, but was given ${mayBeSecret(path) ? `a ${typeof given}` : show(given)}`,
  });
}

/** A key in the wrong place is still a key. */
function mayBeSecret(path: readonly string[]): boolean {
  return path[0] === 'providers';
}

function describe(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${issue.expected}`;
    case 'too_small':
      return `expected at least ${String(issue.minimum)}`;
    case 'too_big':
      return `expected at most ${String(issue.maximum)}`;
    case 'invalid_key':
      return issue.issues[0]?.message ?? issue.message;
    default:
      return issue.message.replace(/^Invalid input: /, '') || 'has the wrong type';
  }
}

function show(value: unknown): string {
  const text = inspect(value, { depth: 0, maxStringLength: 60, breakLength: Infinity });
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** The keys that the object schema at `path` knows. */
function knownKeys(schema: z.ZodMiniType, path: readonly string[]): string[] {
  let current: unknown = schema;
  for (const key of path) current = inner(shapeOf(current)?.[key] ?? valueOf(current));
  return Object.keys(shapeOf(current) ?? {});
}

function shapeOf(schema: unknown): Record<string, unknown> | undefined {
  return (schema as { def?: { shape?: Record<string, unknown> } } | undefined)?.def?.shape;
}

/** Of a record, whatever the key. */
function valueOf(schema: unknown): unknown {
  return (schema as { def?: { valueType?: unknown } } | undefined)?.def?.valueType;
}

/** What is optional, or may be null, apart from that. */
function inner(schema: unknown): unknown {
  const wrapped = (schema as { def?: { innerType?: unknown } } | undefined)?.def?.innerType;
  return wrapped === undefined ? schema : inner(wrapped);
}
