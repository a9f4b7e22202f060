import type { BenchResult } from '../result.ts';

/** Of a chart over time; more are too narrow to point at. */
const MAX_BINS = 100;
const WIDTHS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 86_400];

/** The measured time cut into pieces of the same length. */
export interface TimeBins {
  readonly widthMs: number;
  readonly count: number;
}

/** At least a second each, since that is what the timeline has. */
export function timeBins({ durationMs, prompts, timeline }: BenchResult): TimeBins {
  let endMs = Math.max(1, durationMs, timeline.at(-1)?.atMs ?? 0);
  for (const { endedAtMs } of prompts) endMs = Math.max(endMs, endedAtMs);
  const widthS =
    WIDTHS_S.find((width) => endMs / (width * 1000) <= MAX_BINS) ?? Math.ceil(endMs / 1000 / MAX_BINS);
  return { widthMs: widthS * 1000, count: Math.ceil(endMs / (widthS * 1000)) };
}

/** What the items of each bin come to; null for a bin without any. @param atMs  when an item was */
export function binned<Item>(
  { widthMs, count }: TimeBins,
  items: readonly Item[],
  atMs: (item: Item) => number,
  combine: (items: readonly Item[]) => number,
): readonly (number | null)[] {
  const bins: Item[][] = Array.from({ length: count }, () => []);
  for (const item of items) {
    // A second's sample is of the second before, and what ends with a bin is of it.
    const bin = Math.min(count - 1, Math.max(0, Math.ceil(atMs(item) / widthMs) - 1));
    bins[bin]?.push(item);
  }
  return bins.map((bin) => (bin.length === 0 ? null : combine(bin)));
}
