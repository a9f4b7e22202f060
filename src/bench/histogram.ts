import { createHistogram, type Histogram, type RecordableHistogram } from 'node:perf_hooks';
import type { Distribution } from './result.ts';

/** Longer times count as this: an hour, in microseconds. */
const MAX_US = 3_600_000_000;

/** Times, counted in an HDR histogram of 3 significant digits (Node's own, which is the C library). */
export class TimeHistogram {
  /** Of microseconds. Made when there is something to count: each takes about 180 kB. */
  #counts: RecordableHistogram | undefined;
  /** Exactly: the histogram would round it. */
  #maxMs = 0;

  record(timeMs: number): void {
    this.#maxMs = Math.max(this.#maxMs, timeMs);
    // It counts from 1 on; nothing measured here is told in less than a microsecond.
    this.#made().record(Math.min(Math.max(1, Math.round(timeMs * 1000)), MAX_US));
  }

  /** Takes in all that another one has counted. */
  add(other: TimeHistogram): void {
    if (!other.#counts) return;
    this.#made().add(other.#counts);
    this.#maxMs = Math.max(this.#maxMs, other.#maxMs);
  }

  /** Null when nothing was counted. */
  distribution(): Distribution | null {
    const counts = this.#counts;
    if (!counts) return null;
    return distributionOf(counts, (us) => us / 1000, this.#maxMs);
  }

  #made(): RecordableHistogram {
    return (this.#counts ??= createHistogram({ lowest: 1, highest: MAX_US, figures: 3 }));
  }
}

/** @param toMs  what a count of the histogram is in milliseconds @param maxMs  where it is known better */
export function distributionOf(
  counts: Histogram,
  toMs: (value: number) => number,
  maxMs = toMs(counts.max),
): Distribution {
  const at = (percentile: number): number => toMs(counts.percentile(percentile));
  return {
    count: counts.count,
    mean: toMs(counts.mean),
    p50: at(50),
    p90: at(90),
    p99: at(99),
    max: maxMs,
    percentiles: [...counts.percentiles].map(
      ([percentile, value]) => [percentile, percentile === 100 ? maxMs : toMs(value)] as const,
    ),
  };
}
