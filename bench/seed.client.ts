/** One measurement of `seed`, in a process of its own with --expose-gc. Run by it: npm run bench -- seed */
import { Volume } from 'memfs';
import { baseImage, SessionPool, type BaseImage, type Session } from 'skein';
import { answerParent, taskOfThisChild } from './support/child.ts';
import { heldBytes, makeMany } from './support/make-many.ts';
import { fixture } from './support/skein-loop.ts';
import { threadBytes } from './support/thread-meter.ts';
import { makeFiles, NEW_LINE, pathOf, PROMPT } from './support/workload.ts';

/**
 * - `start`: `pool.start`, nothing asked yet
 * - `open`: `pool.start` with a tool module, so that the session's first step has run in its thread
 * - `edit`: `pool.start` and a prompt in which the model reads and edits one file
 * - `map`, `memfs`: every file copied, as without a base image
 */
export type SeedWay = 'start' | 'open' | 'edit' | 'map' | 'memfs';

export interface SeedTask {
  readonly way: SeedWay;
  readonly baseURL: string;
  readonly fileCount: number;
  /** Sessions (or copies) that are made and held. */
  readonly count: number;
}

export interface Seed {
  /** Packing the base image, once; 0 where there is none. */
  readonly imageMs: number;
  /** What it takes, in bytes; 0 where there is none. */
  readonly imageBytes: number;
  /** The middle one of all. */
  readonly eachMs: number;
  /** Held on the main thread by each, in bytes. */
  readonly mainBytes: number;
  /** Held in the session thread by each, in bytes. */
  readonly threadBytes: number;
}

const WARM_UP_COUNT = 20;

const task = taskOfThisChild<SeedTask>();
const files = makeFiles(task.fileCount);
answerParent(task.way === 'map' || task.way === 'memfs' ? await copies(task.way) : await sessions(task.way));

async function copies(way: 'map' | 'memfs'): Promise<Seed> {
  const make = (): unknown => (way === 'map' ? new Map(Object.entries(files)) : Volume.fromJSON(files, '/'));
  for (let index = 0; index < WARM_UP_COUNT; index += 1) make();
  const before = await heldBytes();
  const { made, eachMs } = await makeMany(task.count, () => Promise.resolve(make()));
  const mainBytes = ((await heldBytes()) - before) / made.length;
  return { imageMs: 0, imageBytes: 0, eachMs, mainBytes, threadBytes: 0 };
}

async function sessions(way: 'start' | 'open' | 'edit'): Promise<Seed> {
  const imageBegin = performance.now();
  const base = baseImage.fromFiles(files);
  const imageMs = performance.now() - imageBegin;
  // One thread, so that what all sessions hold there can be read in one place.
  const pool = await SessionPool.open({
    threads: { min: 1, max: 1 },
    providers: { bench: { baseURL: task.baseURL, apiKey: 'bench' } },
  });
  const make = (): Promise<Session> => startSession(pool, base, way);
  for (let index = 0; index < WARM_UP_COUNT; index += 1) await (await make()).close();
  await threadBytes(pool);

  const threadBefore = await threadBytes(pool);
  const mainBefore = await heldBytes();
  const { made, eachMs } = await makeMany(task.count, make);
  const mainEach = ((await heldBytes()) - mainBefore) / made.length;
  const threadEach = ((await threadBytes(pool)) - threadBefore) / made.length;
  if (pool.sessionIds().length !== made.length) throw new Error('not all sessions are open');
  return { imageMs, imageBytes: base.byteLength, eachMs, mainBytes: mainEach, threadBytes: threadEach };
}

async function startSession(pool: SessionPool, base: BaseImage, way: SeedWay): Promise<Session> {
  const tools = way === 'open' ? ['coding-agent', fixture('no-tools.mjs')] : ['coding-agent'];
  const session = await pool.start({ model: 'bench:one-edit', base, tools });
  if (way !== 'edit') return session;
  const { files: after } = await session.prompt(PROMPT);
  const text = after.get(pathOf(0));
  if (typeof text !== 'string' || !text.includes(NEW_LINE)) throw new Error('the file was not edited');
  return session;
}
