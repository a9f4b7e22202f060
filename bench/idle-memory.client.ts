/** One measurement of `idle-memory`, in a process of its own with --expose-gc. Run by it: npm run bench -- idle-memory */
import { setTimeout as sleep } from 'node:timers/promises';
import { baseImage, SessionPool, type Session } from 'skein';
import { answerParent, taskOfThisChild } from './support/child.ts';
import { heldBytes } from './support/make-many.ts';
import { threadBytes } from './support/thread-meter.ts';
import { LAST_WORDS, makeFiles, PROMPT } from './support/workload.ts';

export interface IdleMemoryTask {
  readonly baseURL: string;
  /** Turns of the one prompt that each session has had; each reads the head of a file and edits it. */
  readonly turns: number;
  readonly fileBytes: number;
  /** Sessions that are held. */
  readonly count: number;
  readonly parked: boolean;
}

export interface IdleMemory {
  /** Messages, as JSON, and changed files of one session, in bytes. */
  readonly contentBytes: number;
  /** Held on the main thread for each, in bytes. */
  readonly mainBytes: number;
  /** Held in the session thread for each, in bytes. */
  readonly threadBytes: number;
}

/** Long enough for what an idle session gives up by itself. */
const IDLE_MS = 3_000;
const WARM_UP_COUNT = 20;
const AT_ONCE = 8;

const task = taskOfThisChild<IdleMemoryTask>();
const base = baseImage.fromFiles(makeFiles(Math.max(task.turns, 100), task.fileBytes));
// One thread, so that what all sessions hold there can be read in one place.
const pool = await SessionPool.open({
  threads: { min: 1, max: 1 },
  providers: { bench: { baseURL: task.baseURL, apiKey: 'bench' } },
  limits: task.parked
    ? { maxIdleSessions: 1 }
    : { maxIdleSessions: 1e6, maxIdleBytes: 2 ** 40, parkAfterMs: Infinity },
});

const warm: Session[] = [];
await make(warm, WARM_UP_COUNT);
for (const session of warm.splice(0)) await session.close();
await threadBytes(pool);
const threadBefore = await threadBytes(pool);
const mainBefore = await heldBytes();
const made: Session[] = [];
await make(made, task.count);
await sleep(IDLE_MS);
// A parked session leaves its thread with the next step of another.
const threadAfter = await threadBytes(pool);
const mainAfter = await heldBytes();
const contentBytes = contentOf(made[0]!);
answerParent({
  contentBytes,
  mainBytes: (mainAfter - mainBefore) / made.length,
  threadBytes: (threadAfter - threadBefore) / made.length,
} satisfies IdleMemory);

async function make(sessions: Session[], count: number): Promise<void> {
  const one = async (): Promise<void> => {
    while (sessions.length < count) {
      const session = await pool.start({ model: `bench:edits-${task.turns}`, base, maxTurns: 0 });
      sessions.push(session);
      const { reply, changes } = await session.prompt(PROMPT);
      if (!reply.endsWith(LAST_WORDS) || changes.length !== task.turns)
        throw new Error('it did not do its work');
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

function contentOf(session: Session): number {
  const files = session.files();
  const changed = session.workspace().changes.reduce((sum, { path }) => {
    const content = files.get(path);
    return sum + (content === undefined ? 0 : Buffer.byteLength(content));
  }, 0);
  return Buffer.byteLength(JSON.stringify(session.messages())) + changed;
}
