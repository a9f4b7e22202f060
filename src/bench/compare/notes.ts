import type { BenchResult } from '../result.ts';
import type { Comparison } from './compare.ts';

/** What a reader must know before trusting a comparison, most important first. */
export function comparisonNotes(data: {
  readonly before: BenchResult;
  readonly after: BenchResult;
  /** Their files. */
  readonly sources: { readonly before: string; readonly after: string };
  readonly comparison: Comparison;
  readonly planDifference: string | null;
}): readonly string[] {
  const { before, after, sources, comparison, planDifference } = data;
  const isOne = before === after;
  const notes = planDifference === null ? [] : [`different plans, compared all the same: ${planDifference}`];
  const marked = isOne
    ? ([['before', before]] as const)
    : ([
        ['before', before],
        ['after', after],
      ] as const);
  for (const [side, { marks }] of marked) {
    const where = sources[side];
    for (const { code, message } of marks) notes.push(`${where} is marked ${code}: ${message}`);
  }
  if (isOne) return notes;
  for (const [what, of] of FACTS) {
    const [first, second] = [of(before), of(after)];
    if (first !== second) notes.push(`${what}: ${first} before, ${second} after`);
  }
  for (const { before: name, after: other } of comparison.targets) {
    const [first, second] = [modelOf(before, name), modelOf(after, other)];
    if (name === other && first !== second) notes.push(`${name} is ${first} before and ${second} after`);
  }
  const shown = new Set(comparison.targets.flatMap((pair) => [pair.before, pair.after]));
  const missing = [...new Set([...before.targets, ...after.targets].map(({ name }) => name))].filter(
    (name) => !shown.has(name),
  );
  if (missing.length > 0) notes.push(`not compared: ${missing.join(', ')}`);
  return notes;
}

/** What should be the same, where it is not what is compared. */
const FACTS: readonly (readonly [string, (result: BenchResult) => string])[] = [
  ['another seed, so conversations are not paired', ({ seed }) => String(seed)],
  ['another skein', ({ skein }) => skein],
  ['another Node', ({ node }) => node],
  ['another machine', ({ machine }) => `${machine.cpuCount} × ${machine.cpu}`],
];

function modelOf({ targets }: BenchResult, name: string): string {
  return targets.find((target) => target.name === name)!.model;
}
