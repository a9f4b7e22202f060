/** The middle value; the mean of the two middle ones for an even count. @throws {RangeError} for no values */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/**
 * Linear between the two nearest ranks.
 * @param share  0 to 1
 * @throws {RangeError} for no values
 */
export function percentile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError('no values to take a percentile of');
  const sorted = Float64Array.from(values).sort();
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] ?? 0;
  const above = sorted[Math.ceil(at)] ?? below;
  return below + (above - below) * (at - Math.floor(at));
}

/** Each left value over its right neighbour: what was measured in one round is compared within that round. */
export function ratios(left: readonly number[], right: readonly number[]): number[] {
  return left.map((value, index) => value / (right[index] ?? Number.NaN));
}
