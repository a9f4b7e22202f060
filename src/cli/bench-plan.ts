import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { readPlan } from '../bench/parse-plan.ts';
import type { BenchPlan } from '../bench/plan.ts';
import { UsageError } from '../errors.ts';
import { parseYaml } from '../yaml.ts';
import type { BenchCommandOptions } from './bench-options.ts';
import { givenBudget } from './budget-flags.ts';

/**
 * The plan that a command asks for: a file, in which flags stand for what it says, or flags alone.
 * @throws {UsageError} `usage`, `input_unreadable` @throws {ConfigFileError} `invalid_yaml`, `invalid_plan`
 */
export async function givenPlan(file: string | undefined, options: BenchCommandOptions): Promise<BenchPlan> {
  checkTogether(file, options);
  const written = file === undefined ? planOfFlags(options) : await readPlanFile(file);
  const plan = readPlan(withFlags(written, options), file ?? 'the options');
  const budget = givenBudget(options);
  return budget === undefined ? plan : { ...plan, budget: { ...plan.budget, ...budget } };
}

function checkTogether(file: string | undefined, options: BenchCommandOptions): void {
  const { atOnce, rate, count, seconds, prompt, dir, system, model } = options;
  if (atOnce !== undefined && rate !== undefined)
    throw new UsageError('usage', 'Options --at-once and --rate exclude each other; give one of them.');
  if (count !== undefined && seconds !== undefined)
    throw new UsageError('usage', 'Options --count and --seconds exclude each other; give one of them.');
  if (file !== undefined && (prompt.length > 0 || dir !== undefined || system !== undefined))
    throw new UsageError(
      'usage',
      'Options --prompt, --dir and --system make a plan without a file; write them into the plan.',
    );
  if (file === undefined && (prompt.length === 0 || model.length === 0))
    throw new UsageError('usage', 'Give a plan file, or at least one --model and one --prompt.');
}

function planOfFlags({ prompt, dir, system }: BenchCommandOptions): object {
  return {
    name: 'prompt',
    scenarios: [
      {
        prompts: prompt,
        ...(dir === undefined ? {} : { files: { directory: resolve(dir) } }),
        ...(system === undefined ? {} : { system }),
      },
    ],
  };
}

async function readPlanFile(file: string): Promise<unknown> {
  let yaml: string;
  try {
    yaml = await readFile(file, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new UsageError('input_unreadable', `Plan file ${file} cannot be read (${code}).`, { cause });
  }
  return parseYaml(yaml, { source: file });
}

/** What is not a mapping is left to the reader of plans, which says so. */
function withFlags(written: unknown, options: BenchCommandOptions): unknown {
  if (typeof written !== 'object' || written === null || Array.isArray(written)) return written;
  const { model, atOnce, rate, count, seconds, warmUp, seed } = options;
  const { count: _, durationMs: __, ...withoutExtent } = written as Record<string, unknown>;
  return {
    ...(count === undefined && seconds === undefined ? written : withoutExtent),
    ...(model.length > 0 ? { targets: model } : {}),
    ...(atOnce === undefined ? {} : { arrival: { atOnce } }),
    ...(rate === undefined ? {} : { arrival: { poisson: rate } }),
    ...(count === undefined ? {} : { count }),
    ...(seconds === undefined ? {} : { durationMs: seconds * 1000 }),
    ...(warmUp === undefined ? {} : { warmUp: { count: warmUp } }),
    ...(seed === undefined ? {} : { seed }),
  };
}
