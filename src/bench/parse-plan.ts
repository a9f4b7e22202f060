import { dirname, resolve } from 'node:path';
import {
  amount,
  mapping,
  Mismatch,
  text,
  texts,
  wholeNumber,
  type Fields,
  type Read,
} from '../batch/fields.ts';
import { budget } from '../batch/job-budget.ts';
import { jobName, moduleUrl, rows, schema } from '../batch/job.ts';
import { SkeinError } from '../errors.ts';
import type { ProviderLimits } from '../model/model.ts';
import { fromFiles } from '../workspace/from-files.ts';
import { parseYaml } from '../yaml.ts';
import { anyText, flag, group, list, oneOf, planFields, timeMs } from './fields.ts';
import { columnsOf } from './fill-prompt.ts';
import type {
  Arrival,
  BenchFiles,
  BenchInput,
  BenchPlan,
  BenchPool,
  BenchScenario,
  BenchTarget,
  Extent,
} from './plan.ts';
import { readArrival } from './read-arrival.ts';
import { readCheck } from './read-check.ts';

const DEFAULT_COUNT = 100;
const DEFAULT_AT_ONCE = 8;

/**
 * A plan file's text → the plan.
 * @param source  the file's path, named in errors; relative paths in the plan start at its directory
 * @throws {ConfigFileError} `invalid_yaml`, or `invalid_plan` naming the file, the key and, for a typo, the nearest one
 */
export function parseBenchPlan(yaml: string, source: string): BenchPlan {
  return readPlan(parseYaml(yaml, { source }), source);
}

/** The same for a plan that is an object already, written as a file would be. */
export function readPlan(value: unknown, source: string): BenchPlan {
  const fields = planFields(value, source);
  const here = dirname(resolve(source));
  const arrival = fields.optional('arrival', readArrival(source, here)) ?? {
    kind: 'closed',
    atOnce: DEFAULT_AT_ONCE,
  };
  const plan: BenchPlan = {
    name: fields.required('name', jobName),
    targets: fields.required('targets', distinct(list(readTarget(source)))),
    order: fields.optional('order', oneOf(['together', 'in-turn'])) ?? 'together',
    scenarios: fields.required('scenarios', distinct(list(readScenario(source, here)))),
    arrival,
    warmUp: fields.optional('warmUp', readWarmUp(source)) ?? { count: 0 },
    extent: extentOf(fields, arrival),
    // Of 32 bits is what the generator makes a sequence of.
    seed: fields.optional('seed', wholeNumber(0, 2 ** 32 - 1)) ?? 1,
    sendSeed: fields.optional('sendSeed', flag) ?? false,
    timeoutMs: fields.optional('timeoutMs', timeMs) ?? null,
    budget: fields.optional('budget', budget) ?? null,
    pool: fields.optional('pool', readPool(source)) ?? DEFAULT_POOL,
  };
  fields.refuseOthers();
  return plan;
}

const DEFAULT_POOL: BenchPool = { isolation: 'thread', threads: null, modelThreads: null, attempts: null };

function readPool(source: string): Read<BenchPool> {
  return group(source, (fields) => ({
    isolation: fields.optional('isolation', oneOf(['thread', 'process'])) ?? DEFAULT_POOL.isolation,
    threads: fields.optional('threads', wholeNumber(1, 1024)) ?? null,
    modelThreads: fields.optional('modelThreads', wholeNumber(1, 64)) ?? null,
    attempts: fields.optional('attempts', wholeNumber(1, 100)) ?? null,
  }));
}

/** A model's name alone, or a mapping. */
function readTarget(source: string): Read<BenchTarget> {
  return (value, key) => {
    const given = typeof value === 'string' ? { model: value } : value;
    return group(source, (fields): BenchTarget => {
      const model = fields.required('model', modelName);
      return {
        name: fields.optional('name', text) ?? model,
        model,
        baseURL: fields.optional('baseURL', httpUrl) ?? null,
        api: fields.optional('api', oneOf(['chat', 'responses'])) ?? null,
        limits: fields.optional('limits', readLimits(source)) ?? null,
        system: fields.optional('system', text) ?? null,
        modelOptions: fields.optional('modelOptions', mapping) ?? {},
      };
    })(given, key);
  };
}

function readLimits(source: string): Read<ProviderLimits> {
  return group(source, (fields) => {
    const names = ['requestsPerMinute', 'tokensPerMinute', 'maxInFlight', 'startInFlight'] as const;
    const given = names.map((name) => [name, fields.optional(name, wholeNumber(1))] as const);
    return Object.fromEntries(given.filter(([, limit]) => limit !== undefined));
  });
}

function readScenario(source: string, here: string): Read<BenchScenario> {
  return group(source, (fields, key): BenchScenario => {
    const inputs = fields.optional('inputs', rows) ?? [];
    const prompt = fields.optional('prompt', text);
    const prompts = fields.optional('prompts', list(text));
    const rest = {
      name: fields.optional('name', jobName) ?? 'prompt',
      weight: fields.optional('weight', amount) ?? 1,
      inputs,
      files: fields.optional('files', readFiles(source, here)) ?? { kind: 'inline', files: {} },
      skills: (fields.optional('skills', texts) ?? []).map((directory) => resolve(here, directory)),
      tools: fields.optional('tools', texts)?.map((tool) => moduleUrl(tool, here)) ?? null,
      system: fields.optional('system', text) ?? null,
      maxTurns: fields.optional('maxTurns', wholeNumber(0)) ?? null,
      schema: fields.optional('schema', schema(here)) ?? null,
      check: fields.optional('check', readCheck(source)) ?? null,
    };
    // A typo is told as one, and not as what is missing for it.
    fields.refuseOthers();
    if ((prompt === undefined) === (prompts === undefined))
      throw new Mismatch(key, 'must hold one of prompt (text) and prompts (a list of texts)');
    const all = prompts ?? [prompt!];
    all.forEach((one) => assertFillable(one, inputs, key));
    return { ...rest, prompts: all };
  });
}

/** Every placeholder must have a value in every input. */
function assertFillable(prompt: string, inputs: readonly BenchInput[], key: string): void {
  for (const column of columnsOf(prompt)) {
    if (column === 'index') continue;
    const lacking = inputs.findIndex((input) => !Object.hasOwn(input, column));
    if (inputs.length > 0 && lacking === -1) continue;
    const where = inputs.length === 0 ? 'there are no inputs' : `inputs[${lacking}] has no such column`;
    throw new Mismatch(key, `has a prompt with {{${column}}}, and ${where}`);
  }
}

/** A directory, path → text, or a mapping of directory, include and exclude. */
function readFiles(source: string, here: string): Read<BenchFiles> {
  return (value, key) => {
    if (typeof value === 'string')
      return { kind: 'directory', directory: resolve(here, text(value, key)), include: [], exclude: [] };
    if (!Object.hasOwn(mapping(value, key), 'directory'))
      return { kind: 'inline', files: inlineFiles(value, key) };
    return group(source, (fields): BenchFiles => {
      return {
        kind: 'directory',
        directory: resolve(here, fields.required('directory', text)),
        include: fields.optional('include', texts) ?? [],
        exclude: fields.optional('exclude', texts) ?? [],
      };
    })(value, key);
  };
}

const inlineFiles: Read<Readonly<Record<string, string>>> = (value, key) => {
  const files = Object.entries(mapping(value, key)).map(([path, content]) => [
    path,
    anyText(content, `${key}.${path}`),
  ]);
  try {
    fromFiles(Object.fromEntries(files) as Record<string, string>);
  } catch (error) {
    if (error instanceof SkeinError) throw new Mismatch(key, `cannot be used: ${error.message}`);
    throw error;
  }
  return Object.fromEntries(files) as Record<string, string>;
};

function readWarmUp(source: string): Read<Extent> {
  return group(source, (fields, key) => {
    const count = fields.optional('count', wholeNumber(0));
    const durationMs = fields.optional('durationMs', timeMs);
    fields.refuseOthers();
    if ((count === undefined) === (durationMs === undefined))
      throw new Mismatch(key, 'must hold one of count (conversations) and durationMs');
    return count === undefined ? { durationMs: durationMs! } : { count };
  });
}

/** How much is measured; of a trace, unless the plan says less, all of it. */
function extentOf(fields: Fields, arrival: Arrival): Extent {
  const count = fields.optional('count', wholeNumber(1));
  const durationMs = fields.optional('durationMs', timeMs);
  if (count !== undefined && durationMs !== undefined)
    fields.refuse('count and durationMs exclude each other');
  if (durationMs !== undefined) return { durationMs };
  return { count: count ?? (arrival.kind === 'trace' ? arrival.offsetsMs.length : DEFAULT_COUNT) };
}

const modelName: Read<string> = (value, key) => {
  if (/^[^:\s]+:./.test(text(value, key))) return value as string;
  throw new Mismatch(key, 'must be provider:name', value);
};

const httpUrl: Read<string> = (value, key) => {
  if (/^https?:\/\//.test(text(value, key)) && URL.canParse(value as string)) return value as string;
  throw new Mismatch(key, 'must be an address that begins with http:// or https://', value);
};

/** No two of one name: results are found by it. */
function distinct<Value extends { readonly name: string }>(
  read: Read<readonly Value[]>,
): Read<readonly Value[]> {
  return (value, key) => {
    const values = read(value, key);
    const names = values.map(({ name }) => name);
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice === undefined) return values;
    throw new Mismatch(key, `has two of the name "${twice}"; give each a name of its own`);
  };
}
