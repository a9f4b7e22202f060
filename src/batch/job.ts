import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BudgetOptions } from '../protocol/budget.ts';
import type { JsonSchema } from '../tools/tool.ts';
import { parseYaml } from '../yaml.ts';
import { Fields, mapping, Mismatch, text, texts, unknownKey, wholeNumber, type Read } from './fields.ts';
import { budget } from './job-budget.ts';
import { MAX_CONCURRENCY } from './max-concurrency.ts';
import { readSchemaFile, schemaProblem } from './schema-file.ts';

/** What a batch job file asks for, checked. Directories of skills and files of tools are absolute. */
export interface Job {
  /** Names the output: at most 64 letters, digits, `.`, `_` and `-`. */
  readonly name: string;
  /** With `{{column}}` where an item's value goes. */
  readonly prompt: string;
  readonly each: JobEach;
  /** `provider:name`. */
  readonly model?: string;
  /** `provider:name` of models that are asked, in this order, when the one before gives no answer. */
  readonly fallback?: readonly string[];
  readonly system?: string;
  readonly skills?: readonly string[];
  /** Preset and tool names, module URLs. */
  readonly tools?: readonly string[];
  readonly maxTurns?: number;
  /** The form of each item's answer, whose value goes into the report. */
  readonly schema?: JsonSchema;
  /** Sessions at a time. */
  readonly concurrency?: number;
  readonly modelOptions?: Readonly<Record<string, unknown>>;
  /** Deadline of one item. */
  readonly timeoutMs?: number;
  /** What the whole batch may spend, all its runs together. */
  readonly budget?: BudgetOptions;
  /** What each session may spend. */
  readonly itemBudget?: BudgetOptions;
  /** Globs of the files that sessions may see; default all. */
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
}

/** What the items are: the files or directories that globs match (`!glob` leaves some out again), or given rows. */
export type JobEach =
  | { readonly kind: 'files' | 'dirs'; readonly globs: readonly string[] }
  | { readonly kind: 'rows'; readonly rows: readonly JobRow[] };

/** Column → value. `id`, where there is one, names the item. */
export type JobRow = Readonly<Record<string, string>>;

const EACH_KINDS = ['files', 'dirs', 'rows'];

/**
 * A job file's text → the job.
 * @param source  the file's path, named in errors; relative paths in the job start at its directory
 * @throws {ConfigFileError} `invalid_yaml`, or `invalid_job` naming the file, the key and, for a typo, the nearest one
 */
export function parseJob(yaml: string, source: string): Job {
  const fields = new Fields(parseYaml(yaml, { source }), source);
  const here = dirname(resolve(source));
  const job = {
    name: fields.required('name', jobName),
    prompt: fields.required('prompt', text),
    each: fields.required('each', each),
    model: fields.optional('model', text),
    fallback: fields.optional('fallback', texts),
    system: fields.optional('system', text),
    skills: fields.optional('skills', texts)?.map((directory) => resolve(here, directory)),
    tools: fields.optional('tools', texts)?.map((tool) => moduleUrl(tool, here)),
    maxTurns: fields.optional('maxTurns', wholeNumber(0)),
    schema: fields.optional('schema', schema(here)),
    concurrency: fields.optional('concurrency', wholeNumber(1, MAX_CONCURRENCY)),
    modelOptions: fields.optional('modelOptions', mapping),
    // The longest that a timer takes.
    timeoutMs: fields.optional('timeoutMs', wholeNumber(1, 2 ** 31 - 1)),
    budget: fields.optional('budget', budget),
    itemBudget: fields.optional('itemBudget', budget),
    include: fields.optional('include', texts),
    exclude: fields.optional('exclude', texts),
  };
  fields.refuseOthers();
  return withoutUndefined(job);
}

/** What names files. */
export const jobName: Read<string> = (value, key) => {
  const name = text(value, key);
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) return name;
  throw new Mismatch(key, 'names files, so it takes at most 64 letters, digits, ".", "_" and "-"', value);
};

const each: Read<JobEach> = (value, key) => {
  const wanted = 'must hold exactly one of files (globs), dirs (globs) and rows (a list of mappings)';
  const given = mapping(value, key);
  const keys = Object.keys(given);
  const unknown = keys.find((name) => !EACH_KINDS.includes(name));
  if (unknown !== undefined) throw new Mismatch(key, `has the ${unknownKey(unknown, EACH_KINDS)}`);
  const [kind] = keys;
  if (kind === undefined || keys.length > 1) throw new Mismatch(key, wanted, value);
  if (kind === 'rows') return { kind, rows: rows(given[kind], `${key}.rows`) };
  return { kind: kind as 'files' | 'dirs', globs: globs(given[kind], `${key}.${kind}`) };
};

/** A JSON Schema, or the file that it is in. */
export function schema(here: string): Read<JsonSchema> {
  return (value, key) => {
    if (typeof value === 'string' && value !== '') return readSchemaFile(resolve(here, value));
    const given = mapping(value, key);
    const problem = schemaProblem(given);
    if (problem !== undefined) throw new Mismatch(key, `cannot be used: ${problem.replace(/\.$/, '')}`);
    return given;
  };
}

const globs: Read<readonly string[]> = (value, key) => {
  const list = texts(value, key);
  if (list.some((glob) => !glob.startsWith('!'))) return list;
  throw new Mismatch(key, 'needs at least one glob without "!"', value);
};

/** Mappings whose values are taken as text. */
export const rows: Read<readonly JobRow[]> = (value, key) => {
  if (!Array.isArray(value) || value.length === 0) {
    throw new Mismatch(key, 'must be a list of mappings, at least one', value);
  }
  return value.map((row: unknown, i) =>
    Object.fromEntries(
      Object.entries(mapping(row, `${key}[${i}]`)).map(([column, cell]) => {
        if (['string', 'number', 'boolean'].includes(typeof cell)) return [column, String(cell)];
        throw new Mismatch(`${key}[${i}].${column}`, 'must be text, a number, true or false', cell);
      }),
    ),
  );
};

/** `./tools.mjs`, seen from the job file, as a module URL; names stay names. */
export function moduleUrl(tool: string, here: string): string {
  return /^\.{1,2}\//.test(tool) ? pathToFileURL(resolve(here, tool)).href : tool;
}

/** The same type, without what was not given: `exactOptionalPropertyTypes` tells the two apart. */
function withoutUndefined<Value extends object>(value: Value): Defined<Value> {
  return Object.fromEntries(
    Object.entries(value).filter(([, field]) => field !== undefined),
  ) as Defined<Value>;
}

type Defined<Value> = {
  readonly [Key in keyof Value as undefined extends Value[Key] ? never : Key]: Value[Key];
} & {
  readonly [Key in keyof Value as undefined extends Value[Key] ? Key : never]?: Exclude<
    Value[Key],
    undefined
  >;
};
