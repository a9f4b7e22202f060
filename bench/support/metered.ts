import { baseImage, SessionPool } from 'skein';
import { openContestant, type ContestantName } from './contestants.ts';
import { heldBytes } from './make-many.ts';
import { sessionsOf } from './skein-loop.ts';
import { threadBytes } from './thread-meter.ts';
import type { Contestant } from './workload.ts';

/** A contestant of which can be said what it holds; needs --expose-gc. */
export interface Metered {
  readonly contestant: Contestant;
  /** Heap and external memory, after a collection, of all threads that hold something of sessions. Read twice: the first reading loads what reads. */
  readonly held: () => Promise<number>;
}

/**
 * Skein has one session thread here, so that what it holds there can be read in one place, and begins with a base image: the
 * others share their files' texts too.
 */
export async function openMetered(
  name: ContestantName,
  baseURL: string,
  tools: readonly string[],
  files: Readonly<Record<string, string>>,
): Promise<Metered> {
  if (name !== 'skein') return { contestant: await openContestant(name, baseURL, tools), held: heldBytes };
  const pool = await SessionPool.open({
    threads: { min: 1, max: 1 },
    providers: { bench: { baseURL, apiKey: 'bench' } },
  });
  return {
    contestant: sessionsOf(pool, tools, baseImage.fromFiles(files)),
    held: async () => (await threadBytes(pool)) + (await heldBytes()),
  };
}
