import type { PromptSample } from '../result.ts';
import type { BootstrapSide, Statistic } from './bootstrap.ts';
import { FIGURE_GROUPS, latencyOf, type FigureGroup } from './figures.ts';
import { dependenceLength } from './inference.ts';

/** The prompts of one target, as conversations: the unit of resampling, since the prompts of one are not independent. */
export interface Conversations {
  /** In the order in which they began; in the order of the plan where they are {@link pair}ed. */
  readonly units: readonly (readonly PromptSample[])[];
}

/** @param prompts  of one target, in the order of their starts */
export function conversationsOf(prompts: readonly PromptSample[]): Conversations {
  return { units: [...byIndex(prompts).values()] };
}

/**
 * The same conversations of two targets or results beside each other, by their number in the plan; one that only one side has
 * is empty on the other. Null where a number is not the same scenario on both sides: then they are not the same conversations.
 */
export function pair(
  before: readonly PromptSample[],
  after: readonly PromptSample[],
): readonly [Conversations, Conversations] | null {
  const [first, second] = [byIndex(before), byIndex(after)];
  const indexes = [...new Set([...first.keys(), ...second.keys()])].sort((a, b) => a - b);
  const both = indexes.filter((index) => first.has(index) && second.has(index));
  const isSame = both.every((index) => first.get(index)![0]!.scenario === second.get(index)![0]!.scenario);
  if (!isSame || both.length === 0) return null;
  const sideOf = (side: ReadonlyMap<number, readonly PromptSample[]>): Conversations => ({
    units: indexes.map((index) => side.get(index) ?? []),
  });
  return [sideOf(first), sideOf(second)];
}

function byIndex(prompts: readonly PromptSample[]): Map<number, PromptSample[]> {
  const conversations = new Map<number, PromptSample[]>();
  for (const prompt of prompts) {
    const earlier = conversations.get(prompt.index);
    if (earlier) earlier.push(prompt);
    else conversations.set(prompt.index, [prompt]);
  }
  return conversations;
}

/** How many conversations have a say in each group of {@link FIGURE_GROUPS}. */
export function speakersOf({ units }: Conversations): readonly number[] {
  return FIGURE_GROUPS.map(({ value }) => units.filter((unit) => unit.some((p) => value(p) !== null)).length);
}

/** The numbers of one side, for the groups asked for. */
export function sideOf({ units }: Conversations, groups: readonly FigureGroup[]): BootstrapSide {
  return { unitCount: units.length, statistics: groups.map((group) => statisticOf(units, group)) };
}

function statisticOf(units: Conversations['units'], group: FigureGroup): Statistic {
  if (group.kind === 'ratio') {
    const numerators = new Float64Array(units.length);
    const denominators = new Float64Array(units.length);
    units.forEach((unit, i) => {
      for (const prompt of unit) {
        const value = group.value(prompt);
        if (value === null) continue;
        numerators[i]! += value[0];
        denominators[i]! += value[1];
      }
    });
    return { kind: 'ratio', numerators, denominators, isShare: group.isShare };
  }
  const pairs: [number, number][] = [];
  units.forEach((unit, i) => {
    for (const prompt of unit) {
      const value = group.value(prompt);
      if (value !== null) pairs.push([value, i]);
    }
  });
  pairs.sort(([a], [b]) => a - b);
  return {
    kind: 'quantiles',
    at: group.figures.map(({ at }) => at),
    values: Float64Array.from(pairs, ([value]) => value),
    units: Int32Array.from(pairs, ([, unit]) => unit),
  };
}

/**
 * How many conversations in a row hang together. Prompts that wait in one queue are slow together, so what is measured in time or
 * goes with it is told by latencies; a share, by who passed or failed. Of paired ones it is the differences that count: what
 * slows both sides, such as a burst of the plan, is no chance.
 */
export function blockLengthOf(
  [before, after]: readonly [Conversations, Conversations],
  group: FigureGroup,
  paired: boolean,
): number {
  const isShare = group.kind === 'ratio' && group.isShare;
  const meanOf = isShare ? (unit: readonly PromptSample[]): number => shareOf(unit, group) : meanLatency;
  const differenceOf = (a: number, b: number): number => (isShare ? b - a : Math.log(b / a));
  const [first, second] = [before.units.map(meanOf), after.units.map(meanOf)];
  const series = paired ? [first.map((value, i) => differenceOf(value, second[i]!))] : [first, second];
  return Math.max(
    ...series.map((values) => dependenceLength(Float64Array.from(values.filter(Number.isFinite)))),
  );
}

/** NaN where no prompt has a say. */
function shareOf(unit: readonly PromptSample[], { value }: FigureGroup & { readonly kind: 'ratio' }): number {
  let [numerator, denominator] = [0, 0];
  for (const [above, below] of unit.map(value).filter((pair) => pair !== null)) {
    numerator += above;
    denominator += below;
  }
  return numerator / denominator;
}

/** NaN where no prompt ended as it should. */
function meanLatency(unit: readonly PromptSample[]): number {
  const values = unit.map(latencyOf).filter((value) => value !== null);
  return values.reduce((total, value) => total + value, 0) / values.length;
}
