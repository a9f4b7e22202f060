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
  // 0 itself is refused; the least above it is the smallest value.
  const at = (percentile: number): number => toMs(counts.percentile(Math.max(percentile, 1e-9)));
  return {
    count: counts.count,
    mean: toMs(counts.mean),
    p50: at(50),
    p90: at(90),
    p99: at(99),
    max: maxMs,
    percentiles: [
      ...percentilesOf(counts.count).map((percentile) => [percentile, at(percentile)] as const),
      [100, maxMs],
    ],
  };
}

/** Each further nine has this many between it and the one before, evenly on an axis of nines. */
const STEPS_A_NINE = 20;

/** Below 100, ascending, p50, p90, p99 and so on among them: as far as that many values can tell them apart. */
function percentilesOf(count: number): readonly number[] {
  const percentiles = new Set([0, 50]);
  for (let step = 1; 10 ** (step / STEPS_A_NINE) < count; step++) {
    percentiles.add(Math.round(1e9 * (100 - 100 * 10 ** (-step / STEPS_A_NINE))) / 1e9);
  }
  return [...percentiles].sort((a, b) => a - b);
}
