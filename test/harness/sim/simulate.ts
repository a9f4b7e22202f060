import { Scenario } from './scenario.ts';
import { World } from './world.ts';

/** What came of one seed. */
export interface SimRun {
  readonly seed: number;
  readonly eventCount: number;
  /** Equal for equal runs. */
  readonly traceHash: string;
  /** What did not hold; undefined when everything did. */
  readonly violation: string | undefined;
  readonly lastLines: readonly string[];
  readonly reached: ReadonlyMap<string, number>;
}

/** How long callers and faults go on, in virtual time. */
const DURATION_MS = 5_000;

/** Plays one seed. The same seed gives the same run. */
export async function simulate(seed: number, onLine?: (line: string) => void): Promise<SimRun> {
  const world = new World(seed, onLine);
  try {
    await new Scenario(world).run(DURATION_MS);
  } catch (error) {
    world.fail(error instanceof Error ? String(error.stack) : String(error));
  }
  const { eventCount, traceHash, violation, lastLines, reached } = world;
  return { seed, eventCount, traceHash, violation, lastLines, reached };
}
