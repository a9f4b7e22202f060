import { describeThrown } from './describe-thrown.ts';
import { headChars } from '../head-chars.ts';
import { FlatSchema } from './flat-schema.ts';
import { dropPrototypeKeys } from './prototype-keys.ts';
import { SchemaCheck } from './schema-check.ts';
import { ToolFailure } from './tool-failure.ts';
import type { JsonSchema, Tool } from './tool.ts';

/** More characters than this no model writes on purpose, and parsing them costs several times their size. */
const MAX_ARGUMENT_CHARS = 8 * 1024 * 1024;

/** How the arguments of a tool are checked. */
interface ArgumentCheck {
  readonly flat: FlatSchema | undefined;
  /** Made when it is first needed, and kept: it costs five times what one validation costs. */
  whole: SchemaCheck | undefined;
}

const checks = new WeakMap<JsonSchema, ArgumentCheck>();

/**
 * The arguments of a call, as its tool's schema asks for them. No text at all counts as `{}`. Keys that could reach
 * a prototype (`__proto__`, `constructor` with a `prototype`) are dropped at any depth.
 * @param text  as the provider sent it, possibly not JSON
 * @throws {ToolFailure} whose message starts with `invalid_arguments` and tells the model what to change
 */
export function parseArguments(tool: Tool, text: string): Record<string, unknown> {
  if (text.length > MAX_ARGUMENT_CHARS) {
    refuse(tool, `${text.length} characters are too many; at most ${MAX_ARGUMENT_CHARS} are read`);
  }
  const input = text.trim() === '' ? {} : parseJson(tool, text);
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return refuse(
      tool,
      `must be a JSON object, got ${input === null ? 'null' : Array.isArray(input) ? 'an array' : `a ${typeof input}`}`,
    );
  }
  dropPrototypeKeys(input);
  const values = input as Record<string, unknown>;
  let problem = firstProblem(tool, values);
  // Many models write null for an argument they leave out.
  if (problem !== undefined && dropOptionalNulls(tool.parameters, values))
    problem = firstProblem(tool, values);
  if (problem !== undefined) refuse(tool, problem);
  return values;
}

function parseJson(tool: Tool, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return refuse(tool, `not valid JSON (${headChars(describeThrown(error), 200)})`);
  }
}

/** The first thing that the schema refuses, in words; undefined when the arguments are as they should be. */
function firstProblem(tool: Tool, input: Record<string, unknown>): string | undefined {
  try {
    let check = checks.get(tool.parameters);
    if (!check) {
      check = { flat: FlatSchema.of(tool.parameters), whole: undefined };
      checks.set(tool.parameters, check);
    }
    if (check.flat?.accepts(input)) return undefined;
    check.whole ??= new SchemaCheck(tool.parameters);
    const problem = check.whole.firstProblem(input);
    if (!problem) return undefined;
    const { place, keyword, reason } = problem;
    if (keyword === 'false') return `${place} is not an argument of this tool`;
    return place === '' ? reason : `${place}: ${reason}`;
  } catch (error) {
    return `they cannot be checked against the tool's schema (${headChars(describeThrown(error), 200)})`;
  }
}

/** @returns whether there was anything to drop */
function dropOptionalNulls(schema: JsonSchema, input: Record<string, unknown>): boolean {
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  let dropped = false;
  for (const key of Object.keys(input)) {
    if (input[key] !== null || required.includes(key)) continue;
    delete input[key];
    dropped = true;
  }
  return dropped;
}

function refuse(tool: Tool, problem: string): never {
  throw new ToolFailure(`invalid_arguments: ${problem}. ${tool.name} takes ${signature(tool.parameters)}.`);
}

/** `path (string), offset (integer, optional)`. */
function signature(schema: JsonSchema): string {
  const properties = schema['properties'];
  if (typeof properties !== 'object' || properties === null) return 'a JSON object';
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  const names = Object.entries(properties as Record<string, { type?: unknown } | null>).map(
    ([name, property]) => {
      const type = typeof property?.type === 'string' ? property.type : 'any';
      return `${name} (${type}${required.includes(name) ? '' : ', optional'})`;
    },
  );
  return names.length === 0 ? 'no arguments' : headChars(names.join(', '), 500);
}
