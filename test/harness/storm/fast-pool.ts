import { assemble } from '../../../src/pool/assemble.ts';
import { SessionPool } from '../../../src/pool/pool.ts';
import { fasterClock } from '../../../src/clock.ts';

/** What nothing here is about, and what a clock that runs faster would bring about too early. */
const NEVER_MS = 24 * 60 * 60_000;

/** A pool whose clock runs faster, on a model that does the same. The deadlines of model calls are in real time. */
export function openFastPool(baseURL: string, speed: number): Promise<SessionPool> {
  return SessionPool.over(
    assemble(
      {
        providers: { scripted: { baseURL } },
        limits: { stepTimeoutMs: NEVER_MS, parkAfterMs: NEVER_MS },
        threads: { idleTimeoutMs: NEVER_MS },
      },
      undefined,
      fasterClock(speed),
    ),
  );
}
