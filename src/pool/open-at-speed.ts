import { fasterClock, systemClock } from '../clock.ts';
import type { JournalStore } from '../journal/store.ts';
import { DEFAULT_DEADLINES } from '../model/model.ts';
import { assemble } from './assemble.ts';
import { checkPoolOptions, type PoolOptions } from './options.ts';
import { SessionPool } from './pool.ts';

/**
 * A pool whose waits pass `speed` times as fast, for a provider that is simulated at that speed: those at the gate and between
 * attempts, the deadlines of answers, of prompts and of budgets. All times that it tells are the longer, simulated ones. Threads
 * and tools take the time that they take, so that in simulated time they are slower than they are.
 * @throws as `SessionPool.open`; then the store is closed
 */
export async function openAtSpeed(
  options: PoolOptions & { readonly store: JournalStore },
  speed: number,
): Promise<SessionPool> {
  const { store } = options;
  try {
    const { models = {}, ...rest } = checkPoolOptions(options);
    const { firstByteTimeoutMs, idleTimeoutMs, totalTimeoutMs } = models;
    const real = {
      ...models,
      firstByteTimeoutMs: (firstByteTimeoutMs ?? DEFAULT_DEADLINES.firstByteMs) / speed,
      idleTimeoutMs: (idleTimeoutMs ?? DEFAULT_DEADLINES.idleMs) / speed,
      totalTimeoutMs: (totalTimeoutMs ?? DEFAULT_DEADLINES.totalMs) / speed,
    };
    const parts = assemble({ ...rest, models: real }, store, fasterClock(speed), systemClock);
    return await SessionPool.over(parts, options.recover);
  } catch (error) {
    await store.close();
    throw error;
  }
}
