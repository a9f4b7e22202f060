import { fasterClock, systemClock } from '../../src/clock.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import { assemble, type PoolParts } from '../../src/pool/assemble.ts';
import type { PoolOptions } from '../../src/pool/options.ts';

const SPEED = 50;

/** Parts of a pool whose waits for a provider are soon over. Its threads have their real time: none is given up for being slow. */
export function withHastyGate(options: PoolOptions): PoolParts {
  return assemble(options, new MemoryStore(), fasterClock(SPEED), systemClock);
}
