import { chooseTargets } from '../bench/compare/choose-targets.ts';
import { compare, type Comparison } from '../bench/compare/compare.ts';
import { isRegression } from '../bench/compare/regression.ts';
import { planDifference } from '../bench/plan-difference.ts';
import { readResult } from '../bench/read-result.ts';
import type { BenchResult } from '../bench/result.ts';
import { BenchResultError, UsageError } from '../errors.ts';
import { comparisonNotes } from '../bench/compare/notes.ts';
import { viewComparison } from './comparison-view.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { NdjsonWriter } from './ndjson.ts';
import { readGivenFile } from './read-input.ts';
import { describeTerminal } from './terminal.ts';

/** The longest text that Node makes of a file. */
const MAX_RESULT_BYTES = 500 * 2 ** 20;

export interface BenchCompareOptions {
  readonly target: readonly string[];
  readonly force?: true;
  /** Percent; true where none are given. */
  readonly failOnRegression?: number | true;
  readonly seed: number;
  readonly json?: true;
}

/**
 * `skein bench compare A B`: how the targets of one result differ from those of another, or from each other in one. Ends
 * with 0 whatever differs; with `--fail-on-regression`, with 1 where a figure is worse.
 */
export async function benchCompareCommand(
  files: readonly [string, string?],
  options: BenchCompareOptions,
): Promise<ExitCode> {
  const terminal = describeTerminal(options);
  const [first, second] = files;
  if (options.target.length > 2) {
    throw new UsageError('usage', '--target is given at most twice: two targets are compared at a time.');
  }
  const before = await read(first);
  const after = second === undefined ? before : await read(second);
  const difference = differenceOf(before, after);
  if (difference !== null && !options.force) {
    throw new BenchResultError(
      'different_plans',
      `${first} and ${second} are of different plans and answer different questions: ${difference}; run one plan twice, or compare them all the same with --force.`,
    );
  }
  const pairs = chooseTargets(before, after, options.target);
  const sources = { before: first, after: second ?? first };
  const comparison = compare(before, after, { pairs, samePlan: difference === null, seed: options.seed });
  const notes = comparisonNotes({ before, after, sources, comparison, planDifference: difference });
  if (terminal.json) {
    const writer = new NdjsonWriter((line) => process.stdout.write(line));
    writeRecords(writer, { before, after, sources, comparison, notes, planDifference: difference });
  } else {
    process.stdout.write(viewComparison({ before, after, sources, comparison, notes }, terminal.out));
  }
  if (options.failOnRegression === undefined) return EXIT.done;
  const least = options.failOnRegression === true ? 0 : options.failOnRegression / 100;
  const isWorse = comparison.targets.some(({ figures }) =>
    figures.some((figure) => isRegression(figure, least)),
  );
  return isWorse ? EXIT.unfinished : EXIT.done;
}

async function read(file: string): Promise<BenchResult> {
  const bytes = await readGivenFile(file, MAX_RESULT_BYTES);
  return readResult(new TextDecoder().decode(bytes), file);
}

/** Null where both are of one plan. */
function differenceOf(before: BenchResult, after: BenchResult): string | null {
  if (before.planHash === after.planHash) return null;
  return planDifference(before.plan, after.plan) ?? 'the contents of their scenarios’ files or skills differ';
}

function writeRecords(
  writer: NdjsonWriter,
  {
    before,
    after,
    sources,
    comparison,
    notes,
    planDifference: difference,
  }: {
    readonly before: BenchResult;
    readonly after: BenchResult;
    readonly sources: { readonly before: string; readonly after: string };
    readonly comparison: Comparison;
    readonly notes: readonly string[];
    readonly planDifference: string | null;
  },
): void {
  const about = ({ startedAt, skein, node, seed, planHash, marks }: BenchResult): object => ({
    startedAt,
    skein,
    node,
    seed,
    planHash,
    marks,
  });
  writer.record('comparison.started', {
    before: { file: sources.before, ...about(before) },
    after: { file: sources.after, ...about(after) },
    planDifference: difference,
    notes,
  });
  for (const { figures, ...target } of comparison.targets) {
    for (const { name, label: _, ...figure } of figures) {
      writer.record('comparison.figure', { target, figure: name, ...figure });
    }
  }
  const { tests, resamples, seed } = comparison;
  writer.record('comparison.ended', { tests, correction: 'holm', level: 0.95, resamples, seed });
}
