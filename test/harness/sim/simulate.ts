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
  /** States that were reached, and how often. */
  readonly reached: ReadonlyMap<string, number>;
}

/** How long callers and faults go on, in virtual time. */
const DURATION_MS = 4_000;

/** Plays one seed. The same seed gives the same run. @param onLine  gets the trace as it is written */
export async function simulate(seed: number, onLine?: (line: string) => void): Promise<SimRun> {
  const world = new World(seed, onLine);
  const fail = (error: unknown): void =>
    world.fail(`not caught: ${error instanceof Error ? error.stack : String(error)}`);
  process.on('unhandledRejection', fail);
  try {
    await new Scenario(world).run(DURATION_MS);
  } catch (error) {
    fail(error);
  } finally {
    process.off('unhandledRejection', fail);
  }
  const { eventCount, traceHash, violation, lastLines, reached } = world;
  return { seed, eventCount, traceHash, violation, lastLines, reached };
}
