import { createHash } from 'node:crypto';
import type { BenchPlan } from './plan.ts';
import type { BenchSimulation } from './result.ts';

/** See {@link BenchResult.planHash}. @param scenarioHashes  see `scenarioHash` */
export function planHash(
  plan: BenchPlan,
  scenarioHashes: readonly string[],
  simulated?: BenchSimulation,
): string {
  const { order, arrival, warmUp, extent, timeoutMs } = plan;
  const same = {
    scenarios: scenarioHashes,
    order,
    arrival: arrival.kind === 'trace' ? { ...arrival, file: null } : arrival,
    warmUp,
    extent,
    timeoutMs,
    ...(simulated && { simulated: simulated.profile }),
  };
  return createHash('sha256').update(JSON.stringify(same)).digest('hex');
}
