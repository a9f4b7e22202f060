/** One measurement of `fork`, in a process of its own with --expose-gc. Run by it: npm run bench -- fork */
import { cp, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { baseImage, SessionPool, startScriptedModel, type Session } from 'skein';
import { answerParent, taskOfThisChild } from './support/child.ts';
import { heldBytes, makeMany } from './support/make-many.ts';
import { makeFiles, NEW_LINE, OLD_LINE, pathOf } from './support/workload.ts';

/**
 * - `fork`: `session.fork()`, from where the session is
 * - `again`: `session.fork({ at })` a prompt in the middle, each time the same one
 * - `past`: each time another one, for which the journal is read and folded up to there
 * - `map`, `directory`: every file copied, in memory and on the disk
 */
export type ForkWay = 'fork' | 'again' | 'past' | 'map' | 'directory';

export interface ForkTask {
  readonly way: ForkWay;
  readonly store: 'memory' | 'sqlite';
  readonly fileCount: number;
  /** Prompts of the parent; each reads a file of 4 KB and writes it. */
  readonly promptCount: number;
  /** Forks (or copies) that are made and held. */
  readonly count: number;
}

export interface Fork {
  /** The middle one of all. */
  readonly eachMs: number;
  /** Held in memory by each, in bytes. */
  readonly heldBytes: number;
  /** What each adds to the store's file, in bytes; 0 in memory. */
  readonly storedBytes: number;
  /** The parent's conversation, in characters of JSON. */
  readonly conversationLength: number;
}

const WARM_UP_COUNT = 20;

const task = taskOfThisChild<ForkTask>();
const files = makeFiles(task.fileCount);
const place = await mkdtemp(join(tmpdir(), 'skein-bench-'));
let answer: Fork;
try {
  if (task.way === 'map') answer = await measure(() => Promise.resolve(new Map(Object.entries(files))));
  else if (task.way === 'directory') answer = await copiedDirectories();
  else answer = await forks(task.way);
} finally {
  await rm(place, { recursive: true, force: true });
}
answerParent(answer);

async function copiedDirectories(): Promise<Fork> {
  const from = join(place, 'from');
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(from, path)), { recursive: true });
    await writeFile(join(from, path), text);
  }
  let copies = 0;
  return measure(() => cp(from, join(place, `copy-${(copies += 1)}`), { recursive: true }));
}

async function forks(way: 'fork' | 'again' | 'past'): Promise<Fork> {
  const path = task.store === 'sqlite' ? join(place, 'store.db') : undefined;
  const server = await startScriptedModel({
    rules: [
      {
        match: { user: 'module (?<path>\\S+)', turn: 0 },
        answer: { calls: [{ name: 'read', arguments: { path: '{{path}}' } }] },
      },
      { match: { turn: 1 }, rewrite: { pattern: OLD_LINE, replacement: NEW_LINE, as: 'write' } },
      { answer: { text: 'It is at revision 2.' } },
    ],
  });
  const open = (): Promise<SessionPool> =>
    SessionPool.open({
      providers: { bench: { baseURL: server.baseURL } },
      ...(path === undefined ? {} : { store: `sqlite:${path}` }),
    });
  let pool = await open();
  let parent = await pool.start({ model: 'bench:scripted', base: baseImage.fromFiles(files) });
  for (let index = 0; index < task.promptCount; index += 1) await parent.prompt(`module ${pathOf(index)}`);
  if (parent.status().changedFiles !== task.promptCount) throw new Error('the parent did not do its work');
  const middle = Math.ceil(task.promptCount / 2);
  let turn = 0;
  const make = (): Promise<Session> => {
    if (way === 'fork') return parent.fork();
    const prompt = way === 'again' ? middle : middle - 2 + ((turn += 1) % 5);
    return parent.fork({ at: `${parent.id}/${prompt}` });
  };
  for (let index = 0; index < WARM_UP_COUNT; index += 1) await (await make()).close();
  if (path !== undefined) {
    // What is in the log goes to the file, which can then be weighed.
    await pool.close();
    pool = await open();
    parent = pool.session(parent.id) ?? parent;
    await (await make()).close();
  }
  const openBefore = pool.sessionIds().length;
  const storedBefore = path === undefined ? 0 : (await stat(path)).size;
  const result = await measure(make);
  if (pool.sessionIds().length !== openBefore + task.count) throw new Error('not all forks are open');
  const conversationLength = JSON.stringify(parent.messages()).length;
  await pool.close();
  const stored = path === undefined ? 0 : (await stat(path)).size;
  return { ...result, storedBytes: (stored - storedBefore) / task.count, conversationLength };
}

async function measure(make: () => Promise<unknown>): Promise<Fork> {
  const before = await heldBytes();
  const { made, eachMs } = await makeMany(task.count, make);
  const held = ((await heldBytes()) - before) / made.length;
  return { eachMs, heldBytes: held, storedBytes: 0, conversationLength: 0 };
}
