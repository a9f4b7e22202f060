/** One measurement of `memory`, in a process of its own with --expose-gc. Run by it: npm run bench:peers */
import { answerParent, taskOfThisChild } from '../support/child.ts';
import type { ContestantName } from '../support/contestants.ts';
import { openMetered } from '../support/metered.ts';
import { checkOutcome, makeFiles, type HeldSession } from '../support/workload.ts';

export interface MemoryTask {
  readonly contestant: ContestantName;
  readonly baseURL: string;
  /** Sessions that are held. */
  readonly count: number;
  readonly tools: readonly string[];
}

export interface Memory {
  /** Heap and external memory of all threads that hold something of sessions, a session. */
  readonly heldBytes: number;
  /** What the process has grown by, a session. */
  readonly rssBytes: number;
}

const WARM_UP_COUNT = 64;
const AT_ONCE = 16;

const task = taskOfThisChild<MemoryTask>();
const files = makeFiles();
const { contestant, held } = await openMetered(task.contestant, task.baseURL, task.tools, files);

for (const session of await startMany(WARM_UP_COUNT)) await session.close();
await held();
const before = { held: await held(), rss: process.memoryUsage.rss() };
const sessions = await startMany(task.count);
const after = { held: await held(), rss: process.memoryUsage.rss() };
// What is held can go on: the model answers this request only if the whole conversation is in it.
const [first] = sessions;
if (first) checkOutcome(await first.prompt(), files);
answerParent({
  heldBytes: (after.held - before.held) / task.count,
  rssBytes: (after.rss - before.rss) / task.count,
} satisfies Memory);

async function startMany(count: number): Promise<HeldSession[]> {
  const started: HeldSession[] = [];
  let left = count;
  const one = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const session = await contestant.start({ model: 'kept', files });
      checkOutcome(await session.prompt(), files);
      started.push(session);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  return started;
}
