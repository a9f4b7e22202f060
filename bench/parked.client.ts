/** One measurement of `parked`, in a process of its own with --expose-gc. Run by it: npm run bench -- parked */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { baseImage, SessionPool, type Session } from 'skein';
import { answerParent, taskOfThisChild } from './support/child.ts';
import { heldBytes } from './support/make-many.ts';
import { median } from './support/statistics.ts';
import { nowUs } from './support/token-clock.ts';
import { makeFiles, NEW_LINE, pathOf, PROMPT } from './support/workload.ts';

export interface ParkedTask {
  readonly baseURL: string;
  readonly store: 'memory' | 'sqlite';
  /** Sessions that are parked. */
  readonly count: number;
  readonly fileCount: number;
  /** Prompts to parked sessions and to resident ones, in turns. */
  readonly prompts: number;
}

export interface Parked {
  /** Resident memory of the whole process, its image and its threads included. */
  readonly rssBytes: number;
  /** Held on the main thread for each, in bytes. */
  readonly eachBytes: number;
  /** From `prompt` to the first request's arrival at the model server, the middle one. */
  readonly parkedMs: number;
  readonly residentMs: number;
}

/** Sessions that are not parked: enough that one which is asked again is still among them. */
const RESIDENT_COUNT = 10;
const AT_ONCE = 8;
const WARM_UP_PROMPTS = 20;

const task = taskOfThisChild<ParkedTask>();
const directory = await mkdtemp(join(tmpdir(), 'skein-bench-'));
let answer: Parked;
try {
  answer = await measure();
} finally {
  await rm(directory, { recursive: true, force: true });
}
answerParent(answer);

async function measure(): Promise<Parked> {
  const base = baseImage.fromFiles(makeFiles(task.fileCount));
  await using pool = await SessionPool.open({
    store: task.store === 'sqlite' ? `sqlite:${join(directory, 'sessions.db')}` : 'memory',
    threads: { min: 2, max: 2 },
    providers: { bench: { baseURL: task.baseURL, apiKey: 'bench' } },
    limits: { maxIdleSessions: RESIDENT_COUNT },
  });
  const start = async (): Promise<Session> => {
    const session = await pool.start({ model: 'bench:one-edit-then-arrivals', base });
    const { files } = await session.prompt(PROMPT);
    const text = files.get(pathOf(0));
    if (typeof text !== 'string' || !text.includes(NEW_LINE)) throw new Error('the file was not edited');
    return session;
  };
  for (let index = 0; index < RESIDENT_COUNT; index += 1) await (await start()).close();
  const before = await heldBytes();
  /** In order of last use. */
  const sessions: Session[] = [];
  const fill = async (): Promise<void> => {
    for (;;) {
      if (pool.sessionIds().length >= task.count + RESIDENT_COUNT) return;
      sessions.push(await start());
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, fill));
  const held = await heldBytes();
  const { rss } = process.memoryUsage();
  const { parked } = pool.stats().sessions;
  if (parked < task.count) throw new Error(`${parked} sessions are parked, not ${task.count}`);

  const times = { parked: [] as number[], resident: [] as number[] };
  for (let index = 0; index < WARM_UP_PROMPTS + task.prompts; index += 1) {
    const parkedMs = await arrivalMs(sessions, 0);
    const residentMs = await arrivalMs(sessions, sessions.length - RESIDENT_COUNT / 2);
    if (index < WARM_UP_PROMPTS) continue;
    times.parked.push(parkedMs);
    times.resident.push(residentMs);
  }
  return {
    rssBytes: rss,
    eachBytes: (held - before) / sessions.length,
    parkedMs: median(times.parked),
    residentMs: median(times.resident),
  };
}

/** Asks the session at a place in the order of last use, which makes it the last. */
async function arrivalMs(sessions: Session[], place: number): Promise<number> {
  const [session] = sessions.splice(place, 1);
  if (!session) throw new Error(`there is no session ${place}`);
  sessions.push(session);
  const began = nowUs();
  const { reply, stopReason } = await session.prompt(PROMPT);
  const ms = (Number(reply) - began) / 1e3;
  if (!(ms > 0)) throw new Error(`the prompt ended with ${stopReason} and said: ${reply}`);
  return ms;
}
