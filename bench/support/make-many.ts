import { median } from './statistics.ts';

/** Makes things one after another, times each, and holds them all. @returns them, and the middle time of one */
export async function makeMany<Made>(
  count: number,
  make: () => Promise<Made>,
): Promise<{ made: Made[]; eachMs: number }> {
  const made: Made[] = [];
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const begin = performance.now();
    made.push(await make());
    times.push(performance.now() - begin);
  }
  return { made, eachMs: median(times) };
}

/** What this thread holds after a collection: needs --expose-gc. `external` has the array buffers too. */
export async function heldBytes(): Promise<number> {
  for (let turn = 0; turn < 3; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc?.();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
