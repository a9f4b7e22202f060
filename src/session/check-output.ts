import { headChars } from '../head-chars.ts';
import type { AnswerInput } from '../protocol/messages.ts';
import { describeThrown } from '../tools/describe-thrown.ts';
import { dropPrototypeKeys } from '../tools/prototype-keys.ts';
import { SchemaCheck, type SchemaProblem } from '../tools/schema-check.ts';
import type { JsonSchema } from '../tools/tool.ts';

/** More characters than this no model writes on purpose. */
const MAX_OUTPUT_CHARS = 8 * 1024 * 1024;
/** What checks, keeps and compares values goes down as deep as they are nested. */
const MAX_DEPTH = 200;
/** More than these a model does not mend at once either. */
const MAX_PROBLEMS = 10;

/** What became of an answer that was to have a form. */
export type CheckedOutput =
  /** The value, as JSON. */
  | { readonly ok: true; readonly json: string }
  /** A line for each problem, at least one. */
  | { readonly ok: false; readonly problems: readonly string[] };

/**
 * Reads an answer as JSON and holds it against its schema. A Markdown code fence around the JSON is taken off, nothing else
 * is. Keys that could reach a prototype are dropped at any depth.
 */
export function checkOutput(reply: string, { json: schema }: AnswerInput['schema']): CheckedOutput {
  if (reply.length > MAX_OUTPUT_CHARS) {
    return wrong(`${reply.length} characters are too many; at most ${MAX_OUTPUT_CHARS} are read`);
  }
  let value: unknown;
  try {
    value = JSON.parse(withoutFence(reply.trim()));
  } catch (error) {
    if (reply.trim() === '') return wrong('there is no text');
    return wrong(`it is not valid JSON (${headChars(describeThrown(error), 200)})`);
  }
  const unkeepable = problemOfKeeping(value);
  if (unkeepable !== undefined) return wrong(unkeepable);
  if (typeof value === 'object' && value !== null) dropPrototypeKeys(value);
  let problems: readonly SchemaProblem[];
  try {
    problems = new SchemaCheck(JSON.parse(schema) as JsonSchema).problems(value, MAX_PROBLEMS);
  } catch (error) {
    return wrong(`it cannot be checked against the schema (${headChars(describeThrown(error), 200)})`);
  }
  if (problems.length === 0) return { ok: true, json: JSON.stringify(value) };
  return wrong(...problems.map(({ place, reason }) => (place === '' ? reason : `${place}: ${reason}`)));
}

function wrong(...problems: readonly string[]): CheckedOutput {
  return { ok: false, problems };
}

/** What is inside of a fence of back-ticks that is all around the text; else the text. */
function withoutFence(text: string): string {
  const fence = /^`{3,}/.exec(text)?.[0];
  if (fence === undefined || text.length < 2 * fence.length || !text.endsWith(fence)) return text;
  const firstLine = text.indexOf('\n');
  return firstLine < 0 ? text : text.slice(firstLine + 1, -fence.length);
}

/** What JSON can say and a value cannot be kept with. Without recursion: it may be nested 100,000 deep. */
function problemOfKeeping(root: unknown): string | undefined {
  const open: { readonly value: unknown; readonly depth: number }[] = [{ value: root, depth: 0 }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { value, depth } = next;
    // `1e999` is JSON, and no number.
    if (value === Infinity || value === -Infinity) return 'a number in it is too large';
    if (typeof value !== 'object' || value === null) continue;
    if (depth === MAX_DEPTH) return `it is nested more than ${MAX_DEPTH} deep`;
    for (const inner of Object.values(value)) open.push({ value: inner, depth: depth + 1 });
  }
  return undefined;
}
