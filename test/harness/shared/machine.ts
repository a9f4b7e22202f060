import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const RESOLUTION_MS = 10;

/** Watches how late the main thread is. @returns ends the watch: p99 in milliseconds */
export function watchLoopDelay(): () => number {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  return () => {
    histogram.disable();
    // What is measured is the time from tick to tick.
    return Math.max(0, histogram.percentile(99) / 1e6 - RESOLUTION_MS);
  };
}

let collect: (() => void) | undefined;

/** Collects garbage until nothing more comes of it. @returns resident memory in MiB */
export async function settledRssMb(): Promise<number> {
  if (!collect) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  for (let round = 0; round < 6; round += 1) {
    collect();
    await sleep(50);
  }
  return process.memoryUsage.rss() / 1024 / 1024;
}

/** What keeps the process open, by kind; timers are left out, which come and go. */
export function openHandles(): Map<string, number> {
  const counts = new Map<string, number>();
  // Opened when they are first asked for, which any thread's start does.
  void [process.stdout, process.stderr];
  for (const kind of process.getActiveResourcesInfo()) {
    if (kind === 'Timeout' || kind === 'Immediate') continue;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

/**
 * Kinds of which there are more now than there were, with how many; '' when there are none. Waits a little for those that
 * are on their way out.
 */
export async function leakedHandles(before: ReadonlyMap<string, number>): Promise<string> {
  for (let round = 0; ; round += 1) {
    const leaked = [...openHandles()]
      .map(([kind, count]) => [kind, count - (before.get(kind) ?? 0)] as const)
      .filter(([, more]) => more > 0)
      .map(([kind, more]) => `${kind} ${more}`)
      .join(', ');
    if (leaked === '' || round === 40) return leaked;
    await sleep(50);
  }
}

/** The value that a share of the sample does not exceed; NaN for none. */
export function quantile(sample: readonly number[], share: number): number {
  const sorted = [...sample].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}
