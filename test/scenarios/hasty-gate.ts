import { systemClock } from '../../src/clock.ts';
import { Gate } from '../../src/gate/gate.ts';
import { DEFAULT_MAX_RETRY_AFTER_MS } from '../../src/gate/retry.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import { assemble, type PoolParts } from '../../src/pool/assemble.ts';
import type { PoolOptions } from '../../src/pool/options.ts';
import { fastClock } from '../harness/shared/fast-clock.ts';

const SPEED = 50;

/** Parts of a pool whose waits for a provider are soon over. Its threads have their real time: none is given up for being slow. */
export function withHastyGate(options: PoolOptions): PoolParts {
  const parts = assemble(options, new MemoryStore(), systemClock);
  const clock = fastClock(SPEED);
  const { random } = parts.ports;
  const gate = new Gate({ clock, random, maxRetryAfterMs: DEFAULT_MAX_RETRY_AFTER_MS });
  return { ...parts, ports: { ...parts.ports, clock, gate } };
}
