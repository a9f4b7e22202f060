import * as z from 'zod/mini';
import { BenchResultError } from '../errors.ts';
import type { BenchResult } from './result.ts';

const FORMAT = 'skein-bench/1';

const time = z.number();
const count = z.int().check(z.nonnegative());

/** What comparing reads; the rest is as whoever wrote the file says. */
const promptSample = z.looseObject({
  target: z.string(),
  scenario: z.string(),
  index: count,
  dueAtMs: time,
  startedAtMs: time,
  endedAtMs: time,
  firstTokenMs: z.nullable(time),
  betweenTokensMs: z.nullable(time),
  outputTokens: z.number().check(z.nonnegative()),
  usd: z.nullable(z.number()),
  unpricedTurns: count,
  error: z.nullable(z.string()),
  passed: z.nullable(z.boolean()),
});

const result = z.looseObject({
  format: z.literal(FORMAT),
  startedAt: z.string(),
  marks: z.array(z.looseObject({ code: z.string(), message: z.string() })),
  skein: z.string(),
  node: z.string(),
  machine: z.looseObject({ cpu: z.string(), cpuCount: z.number() }),
  seed: z.number(),
  plan: z.looseObject({}),
  planHash: z.string(),
  targets: z.array(z.looseObject({ name: z.string(), model: z.string() })),
  prompts: z.array(promptSample),
});

/**
 * The text of a file that `skein bench` wrote, for comparing.
 * @param source  the file's path, named in errors
 * @throws {BenchResultError} `invalid_result` with what is wrong and where, `result_newer`
 */
export function readResult(text: string, source: string): BenchResult {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid(source, 'it is not JSON, or is cut off');
  }
  const { format } = Object(value) as { format?: unknown };
  const [, version] = /^skein-bench\/(\d+)$/.exec(typeof format === 'string' ? format : '') ?? [];
  if (version === undefined) throw invalid(source, `its "format" is not ${FORMAT}`);
  if (Number(version) > 1) {
    throw new BenchResultError(
      'result_newer',
      `Result ${source} was written by a newer skein (format ${version}; this one reads 1); compare it with that one.`,
    );
  }
  const read = result.safeParse(value);
  if (!read.success) {
    const { path, message } = read.error.issues[0]!;
    throw invalid(source, `${path.length === 0 ? 'its content' : path.join('.')}: ${message}`);
  }
  return value as BenchResult;
}

function invalid(source: string, problem: string): BenchResultError {
  return new BenchResultError(
    'invalid_result',
    `${source} is no result of skein bench: ${problem}; give the JSON file that skein bench wrote.`,
  );
}
