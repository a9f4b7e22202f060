import type * as z from 'zod/mini';
import { ConfigFileError } from '../../errors.ts';
import { nearest } from '../../nearest.ts';

type Path = readonly PropertyKey[];

/** Makes the error that says what is wrong at a place of a file. */
export type FileFail = (path: Path, problem: string) => ConfigFileError;

/** What is wrong with a script, and where: `rules[2].match.usr`. */
export function scriptError(source: string, path: Path, problem: string): ConfigFileError {
  return new ConfigFileError(
    'invalid_script',
    `Model script ${source}: ${keyOf(path, 'the script')} ${problem}.`,
  );
}

/** @throws {ConfigFileError} what `fail` makes, for the first thing in which the value differs from the schema */
export function checkAgainst(schema: z.ZodMiniType, value: unknown, fail: FileFail): void {
  const issues = schema.safeParse(value).error?.issues.map(innermost) ?? [];
  // A required key that is missing is often the one that is misspelt.
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  if (!issue) return;
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const hint = hintFor(key, keysAt(schema, issue.path));
    throw fail([...issue.path, key], `is unknown; ${hint}`);
  }
  const given = issue.path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | null | undefined)?.[key],
    value,
  );
  throw fail(issue.path, given === undefined ? 'is missing' : `${expected(issue)}; it is ${show(given)}`);
}

/** Of a value that may be of several kinds, the problem with the kind that it is of. */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union') return issue;
  const inner = issue.errors
    .map(([first]) => first)
    .find((first) => first && (first.code !== 'invalid_type' || first.path.length > 0));
  return inner ? { ...inner, path: [...issue.path, ...inner.path] } : issue;
}

/** What an author may have meant. */
export function hintFor(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return near === undefined ? `known are ${known.join(', ')}` : `did you mean "${near}"?`;
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

function expected(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${KINDS[issue.expected] ?? issue.expected}`;
    case 'too_small':
      return `must be at least ${String(issue.minimum)}`;
    case 'too_big':
      return `must be at most ${String(issue.maximum)}`;
    case 'invalid_value':
      return `must be ${issue.values.map((value) => String(value)).join(' or ')}`;
    default:
      return 'has a value of the wrong kind';
  }
}

function show(value: unknown): string {
  const json = JSON.stringify(value) ?? typeof value;
  return json.length > 60 ? `${json.slice(0, 57)}…` : json;
}

/** `faults[1].share`; `whole` for the file itself. */
export function keyOf(path: Path, whole: string): string {
  if (path.length === 0) return whole;
  return path
    .map((key, i) => (typeof key === 'number' ? `[${key}]` : `${i ? '.' : ''}${String(key)}`))
    .join('');
}

interface Definition {
  readonly shape?: Readonly<Record<string, Schema>>;
  readonly innerType?: Schema;
  readonly element?: Schema;
  readonly options?: readonly Schema[];
}
type Schema = { readonly def: Definition };

/** The keys that the object schema at `path` knows. */
function keysAt(schema: z.ZodMiniType, path: Path): string[] {
  let current: Schema | undefined = schema as unknown as Schema;
  for (const key of path) {
    current = unwrap(current);
    current = typeof key === 'number' ? current?.def.element : current?.def.shape?.[String(key)];
  }
  return Object.keys(unwrap(current)?.def.shape ?? {});
}

function unwrap(schema: Schema | undefined): Schema | undefined {
  let inner = schema;
  while (inner?.def.innerType) inner = inner.def.innerType;
  return inner?.def.options?.find((option) => option.def.shape) ?? inner;
}
