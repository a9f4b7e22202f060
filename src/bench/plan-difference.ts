import type { BenchPlan } from './plan.ts';

/**
 * The first thing in which two plans ask different questions, as `arrival.atOnce is 8 in one and 16 in the other`: of what
 * is in `planHash`. Null where the plans say the same, which says nothing about the contents of directories that they name.
 */
export function planDifference(before: BenchPlan, after: BenchPlan): string | null {
  return difference('', questionOf(before), questionOf(after));
}

function questionOf(plan: BenchPlan): unknown {
  const { scenarios, order, arrival, warmUp, extent, timeoutMs } = plan;
  return { scenarios, order, arrival, warmUp, extent, timeoutMs };
}

/** Where a plan's files lie is not what they say. */
const PLACES = ['directory', 'file'];

function difference(path: string, before: unknown, after: unknown): string | null {
  if (isObject(before) && isObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    for (const key of keys.filter((name) => !PLACES.includes(name))) {
      const found = difference(path === '' ? key : `${path}.${key}`, before[key], after[key]);
      if (found !== null) return found;
    }
    return null;
  }
  return Object.is(before, after)
    ? null
    : `${path} is ${show(before)} in one and ${show(after)} in the other`;
}

/** Arrays too: their keys are their places. */
function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const json = JSON.stringify(value);
  return json.length > 60 ? `${json.slice(0, 59)}…` : json;
}
