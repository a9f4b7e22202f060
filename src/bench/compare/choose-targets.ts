import { BenchResultError } from '../../errors.ts';
import { nearest } from '../../nearest.ts';
import type { BenchResult } from '../result.ts';
import type { TargetPair } from './compare.ts';

/**
 * Which targets stand beside each other.
 * - two results: those of one name; only `names[0]`; or `names[0]` of the one beside `names[1]` of the other
 * - one result (`before === after`): the first target beside each other one; or `names[0]` beside `names[1]`
 * @param names  at most two
 * @throws {BenchResultError} `unknown_target`, `no_common_target`
 */
export function chooseTargets(
  before: BenchResult,
  after: BenchResult,
  names: readonly string[],
): readonly TargetPair[] {
  const [first, second] = names;
  if (first !== undefined) {
    assertHas(before, first);
    assertHas(after, second ?? first);
    if (before === after && second === undefined) {
      return othersOf(after, first).map((name) => ({ before: first, after: name }));
    }
    return [{ before: first, after: second ?? first }];
  }
  if (before === after) {
    const [baseline] = before.targets;
    const others = baseline ? othersOf(before, baseline.name) : [];
    if (!baseline || others.length === 0) {
      throw new BenchResultError(
        'no_common_target',
        'The result has one target only: give a second result, or one with targets to compare.',
      );
    }
    return others.map((name) => ({ before: baseline.name, after: name }));
  }
  const pairs = before.targets
    .filter(({ name }) => after.targets.some((other) => other.name === name))
    .map(({ name }) => ({ before: name, after: name }));
  if (pairs.length > 0) return pairs;
  throw new BenchResultError(
    'no_common_target',
    `No target has the same name in both results: ${namesOf(before)} in the first, ${namesOf(after)} in the second; name one of each with --target, twice.`,
  );
}

function othersOf({ targets }: BenchResult, baseline: string): readonly string[] {
  return targets.map(({ name }) => name).filter((name) => name !== baseline);
}

function assertHas(result: BenchResult, name: string): void {
  const names = result.targets.map((target) => target.name);
  if (names.includes(name)) return;
  const hint = nearest(name, names);
  throw new BenchResultError(
    'unknown_target',
    `No result has a target ${JSON.stringify(name)} where it is wanted; ${hint === undefined ? `there are ${namesOf(result)}` : `did you mean ${JSON.stringify(hint)}?`}`,
  );
}

function namesOf({ targets }: BenchResult): string {
  return targets.map(({ name }) => JSON.stringify(name)).join(', ');
}
