/** From resamples to statements. Pure. */

/** The family of all figures of one comparison is wrong about any of them at most so often. */
export const ALPHA = 0.05;

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Where the middle 95 % of the values are: the percentile interval. NaN values are left out. */
export function interval(values: Float64Array): Interval {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort();
  const out = Math.min(sorted.length - 1, Math.floor((sorted.length + 1) * (ALPHA / 2)));
  const at = Math.max(0, out - 1);
  return { low: sorted[at] ?? NaN, high: sorted[sorted.length - 1 - at] ?? NaN };
}

/**
 * How likely a difference this far from 0 would be, were there none: two-sided, the interval of 95 % leaves out 0 where it is
 * at most 0.05. Never 0, since more resamples might have come to the other side.
 */
export function pValue(differences: Float64Array): number {
  let count = 0;
  let below = 0;
  let above = 0;
  for (const difference of differences) {
    if (Number.isNaN(difference)) continue;
    count += 1;
    if (difference <= 0) below += 1;
    if (difference >= 0) above += 1;
  }
  return Math.min(1, (2 * (1 + Math.min(below, above))) / (count + 1));
}

/**
 * Holm's correction: twenty figures looked at for a difference of 5 % show one where there is none. Each p-value is made so
 * large that, of all that stay at or below 0.05, the chance that any is one of those is at most 0.05, however they hang together.
 * @returns in the order given
 */
export function holm(pValues: readonly number[]): readonly number[] {
  const order = pValues.map((_, i) => i).sort((a, b) => pValues[a]! - pValues[b]!);
  const adjusted = pValues.map(() => 1);
  let largest = 0;
  order.forEach((index, rank) => {
    largest = Math.max(largest, Math.min(1, pValues[index]! * (pValues.length - rank)));
    adjusted[index] = largest;
  });
  return adjusted;
}

/**
 * How many values in a row hang together, as from one queue that they all waited in: 1 where each stands for itself. By the
 * correlation of neighbours' ranks; Carlstein's rule for the length that suits a block bootstrap.
 * @param values  in the order of time
 */
export function dependenceLength(values: Float64Array): number {
  const count = values.length;
  if (count < 10) return 1;
  const correlation = neighbourCorrelation(ranks(values));
  if (correlation < 2 / Math.sqrt(count)) return 1;
  const strength = (2 * correlation) / Math.max(1e-6, 1 - correlation ** 2);
  return Math.min(count, Math.ceil(strength ** (2 / 3) * count ** (1 / 3)));
}

function ranks(values: Float64Array): Float64Array {
  const order = Array.from(values.keys()).sort((a, b) => values[a]! - values[b]!);
  const result = new Float64Array(values.length);
  for (let from = 0; from < order.length;) {
    let to = from;
    while (to + 1 < order.length && values[order[to + 1]!] === values[order[from]!]) to += 1;
    for (let i = from; i <= to; i++) result[order[i]!] = (from + to) / 2;
    from = to + 1;
  }
  return result;
}

/** 0 where all values are the same. */
function neighbourCorrelation(values: Float64Array): number {
  const mean = (values.length - 1) / 2;
  let together = 0;
  let alone = 0;
  values.forEach((value, i) => {
    alone += (value - mean) ** 2;
    if (i > 0) together += (value - mean) * (values[i - 1]! - mean);
  });
  return alone === 0 ? 0 : together / alone;
}
