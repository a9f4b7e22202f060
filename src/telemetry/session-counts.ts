import type { ObservableSessions } from './otel.ts';

/** Sessions of one pool by state. */
export type SessionCounts = Readonly<Record<string, number>>;

/** Pools of this process that are counted. Two callbacks of one instrument would not be added up by an SDK. */
const pools = new Set<() => SessionCounts>();

/** Counts a pool's sessions from now on. @returns ends that */
export function countSessions(counts: () => SessionCounts): () => void {
  pools.add(counts);
  return () => void pools.delete(counts);
}

export function observeSessions(instrument: ObservableSessions, stateKey: string): void {
  instrument.addCallback((result) => {
    const sums = new Map<string, number>();
    for (const counts of pools) {
      for (const [state, count] of Object.entries(counts())) sums.set(state, (sums.get(state) ?? 0) + count);
    }
    for (const [state, count] of sums) result.observe(count, { [stateKey]: state });
  });
}
