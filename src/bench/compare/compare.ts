import type { BenchResult, PromptSample } from '../result.ts';
import { observed, resample, type Resampled } from './bootstrap.ts';
import { FIGURE_GROUPS, type Figure } from './figures.ts';
import { ALPHA, holm, interval, pValue, type Interval } from './inference.ts';
import { blockLengthOf, conversationsOf, pair, sideOf, speakersOf, type Conversations } from './samples.ts';

/** Which target of the one result stands beside which of the other. */
export interface TargetPair {
  readonly before: string;
  readonly after: string;
}

export interface CompareOptions {
  readonly pairs: readonly TargetPair[];
  /** Both results are of one plan: conversations with the same number are the same, if the seed is. */
  readonly samePlan: boolean;
  /** The same seed gives the same intervals. */
  readonly seed: number;
}

export interface Comparison {
  readonly targets: readonly TargetComparison[];
  /** How many figures were tested: what the correction is for. */
  readonly tests: number;
  readonly resamples: number;
  readonly seed: number;
}

export interface TargetComparison extends TargetPair {
  /** The same conversations on both sides were drawn together. */
  readonly paired: boolean;
  readonly conversations: { readonly before: number; readonly after: number };
  /** Conversations drawn at a time for figures of time; above 1, those that follow each other hang together. */
  readonly blockLength: number;
  readonly figures: readonly FigureComparison[];
}

/**
 * - `better`, `worse` — more than chance, after the correction for all figures looked at
 * - `no-difference` — none that these prompts show; one that there is lies in the interval
 * - `too-few` — not enough conversations for a statement
 * - `not-measured` — one side, or both, has nothing
 */
export type Verdict = 'better' | 'worse' | 'no-difference' | 'too-few' | 'not-measured';

export interface FigureComparison extends Figure {
  /** Null where nothing was measured. */
  readonly before: number | null;
  readonly after: number | null;
  /** After minus before, in the figure's unit, with its interval of 95 %. Null where the verdict is `too-few` or `not-measured`. */
  readonly difference: Estimate | null;
  /** After through before minus 1, likewise; null also where before is 0, and for shares. */
  readonly change: Estimate | null;
  /** Before and after the correction; null where nothing was tested. */
  readonly p: number | null;
  readonly adjustedP: number | null;
  readonly verdict: Verdict;
  /** What `too-few` lacks; null for other verdicts. */
  readonly lacks: string | null;
}

export interface Estimate extends Interval {
  readonly estimate: number;
}

/** Of independent conversations, for any statement at all: below, intervals come out too narrow. */
const MIN_UNITS = 20;
/** Of them on the rarer side of a quantile: a p99 takes 400. */
const MIN_BEYOND = 4;
const MIN_RESAMPLES = 2_000;
/** So many resamples lie beyond the p-value that the strictest of the tests needs. */
const RESAMPLES_BEYOND = 4;

/**
 * Compares targets figure by figure. Intervals are percentile intervals of a bootstrap over conversations; verdicts are
 * Holm-corrected over all figures of all targets, so that a comparison of two runs of one thing says `better` or `worse`
 * about anything at all in at most 5 of 100 cases.
 */
export function compare(before: BenchResult, after: BenchResult, options: CompareOptions): Comparison {
  const seedIsSame = options.samePlan && before.seed === after.seed;
  const prepared = options.pairs.map((names) => prepare(before, after, names, seedIsSame));
  const tests = prepared.reduce((total, { lacks }) => total + lacks.filter((lack) => lack === '').length, 0);
  const resamples = Math.max(MIN_RESAMPLES, Math.ceil((2 * RESAMPLES_BEYOND * tests) / ALPHA));
  const tested = prepared.map((target) => test(target, resamples, options.seed));
  const adjusted = holm(tested.flatMap(({ figures }) => figures.flatMap(({ p }) => (p === null ? [] : [p]))));
  let next = 0;
  const targets = tested.map((target) => ({
    ...target,
    figures: target.figures.map((figure) => (figure.p === null ? figure : judge(figure, adjusted[next++]!))),
  }));
  return { targets, tests, resamples, seed: options.seed };
}

interface Prepared extends Omit<TargetComparison, 'figures'> {
  readonly sides: readonly [Conversations, Conversations];
  /** One a figure: '' for nothing, null where it was not measured on both sides. */
  readonly lacks: readonly (string | null)[];
  /** One a group of figures. */
  readonly blockLengths: readonly number[];
}

const FIGURES: readonly Figure[] = FIGURE_GROUPS.flatMap(({ figures }): readonly Figure[] => figures);

function prepare(before: BenchResult, after: BenchResult, names: TargetPair, seedIsSame: boolean): Prepared {
  const of = ({ prompts }: BenchResult, name: string): readonly PromptSample[] =>
    prompts.filter(({ target }) => target === name);
  const [first, second] = [of(before, names.before), of(after, names.after)];
  const together = seedIsSame ? pair(first, second) : null;
  const sides = together ?? ([conversationsOf(first), conversationsOf(second)] as const);
  const blockLengths = FIGURE_GROUPS.map((group) => blockLengthOf(sides, group, together !== null));
  const speakers = sides.map(speakersOf) as [readonly number[], readonly number[]];
  const lacks = FIGURE_GROUPS.flatMap((group, i) => {
    const least = Math.min(speakers[0][i]!, speakers[1][i]!);
    const quantiles = group.kind === 'quantiles' ? group.figures.map(({ at }) => at) : [null];
    return quantiles.map((at) => (least === 0 ? null : lackOf(least, blockLengths[i]!, at)));
  });
  return {
    ...names,
    paired: together !== null,
    conversations: {
      before: sides[0].units.filter((unit) => unit.length > 0).length,
      after: sides[1].units.filter((unit) => unit.length > 0).length,
    },
    blockLength: blockLengths[0]!,
    blockLengths,
    sides,
    lacks,
  };
}

/** @returns '' where there are enough */
function lackOf(conversations: number, blockLength: number, quantile: number | null): string {
  const independent = Math.floor(conversations / blockLength);
  const rarer = quantile === null ? 1 : Math.min(quantile, 1 - quantile);
  const needed = Math.max(MIN_UNITS, quantile === null ? 0 : Math.round(MIN_BEYOND / rarer));
  if (independent >= needed) return '';
  const few = `${needed} conversations are needed, there are ${conversations}`;
  return blockLength === 1 ? few : `${few}, which hang together and count as ${independent}`;
}

function test(target: Prepared, resamples: number, seed: number): TargetComparison {
  const { sides, lacks, before, after, paired, conversations, blockLength } = target;
  const [first, second] = [sideOf(sides[0], FIGURE_GROUPS), sideOf(sides[1], FIGURE_GROUPS)];
  const found = [observed(first), observed(second)] as const;
  const drawn = lacks.includes('') ? draw(target, resamples, seed) : undefined;
  const figures = FIGURES.map((figure, i): FigureComparison => {
    const lack = lacks[i]!;
    const values = { before: numberOrNull(found[0][i]), after: numberOrNull(found[1][i]) };
    const untested = { difference: null, change: null, p: null, adjustedP: null };
    if (lack === null)
      return { ...named(figure), ...values, ...untested, verdict: 'not-measured', lacks: null };
    if (lack !== '') return { ...named(figure), ...values, ...untested, verdict: 'too-few', lacks: lack };
    return { ...named(figure), ...values, ...differencesOf(figure, values, drawn!.get(figure)!) };
  });
  return { before, after, paired, conversations, blockLength, figures };
}

/** Groups whose conversations hang together alike are drawn together. */
function draw(target: Prepared, resamples: number, seed: number): ReadonlyMap<Figure, Resampled> {
  const { sides, paired, blockLengths } = target;
  const drawn = new Map<Figure, Resampled>();
  for (const blockLength of new Set(blockLengths)) {
    const groups = FIGURE_GROUPS.filter((_, i) => blockLengths[i] === blockLength);
    const options = { resamples, seed, paired, blockLength };
    const results = resample(sideOf(sides[0], groups), sideOf(sides[1], groups), options);
    groups
      .flatMap(({ figures }): readonly Figure[] => figures)
      .forEach((figure, i) => drawn.set(figure, results[i]!));
  }
  return drawn;
}

function differencesOf(
  { unit }: Figure,
  values: { readonly before: number | null; readonly after: number | null },
  drawn: Resampled,
): Pick<FigureComparison, 'difference' | 'change' | 'p' | 'adjustedP' | 'verdict' | 'lacks'> {
  const [before, after] = [values.before!, values.after!];
  const differences = drawn.after.map((value, i) => value - drawn.before[i]!);
  const changes = drawn.after.map((value, i) => value / drawn.before[i]! - 1);
  const estimate = after - before;
  const { low, high } = interval(differences);
  const hasChange = unit !== 'share' && before > 0 && drawn.before.every((value) => !(value <= 0));
  return {
    // Shares are resampled a little nearer to one half than they are: all of 20 is then outside its own interval.
    difference: { estimate, low: Math.min(low, estimate), high: Math.max(high, estimate) },
    change: hasChange ? { estimate: after / before - 1, ...interval(changes) } : null,
    p: pValue(differences),
    adjustedP: null,
    verdict: 'no-difference',
    lacks: null,
  };
}

function judge(figure: FigureComparison, adjustedP: number): FigureComparison {
  const { difference, better } = figure;
  if (adjustedP > ALPHA) return { ...figure, adjustedP };
  // By where the interval lies: of a skewed sample the estimate itself may be on the other side.
  const isLower = difference!.high < 0;
  return { ...figure, adjustedP, verdict: isLower === (better === 'lower') ? 'better' : 'worse' };
}

function named({ name, label, unit, better }: Figure): Figure {
  return { name, label, unit, better };
}

function numberOrNull(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
