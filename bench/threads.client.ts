/** One measurement of `threads`, in a process of its own with --expose-gc. Run by it: npm run bench -- threads */
import { SessionPool, type PromptResult } from 'skein';
import { answerParent, taskOfThisChild } from './support/child.ts';
import { heldBytes } from './support/make-many.ts';
import { fixture } from './support/skein-loop.ts';
import { checkOutcome, makeFiles, PROMPT } from './support/workload.ts';

export interface ThreadsTask {
  readonly baseURL: string;
  /** Session threads, all of them there from the start. */
  readonly threads: number;
  /** - `spin`: prompts whose tool computes for about 10 ms; `turns`: the conversations of `turn-cost` */
  readonly work: 'spin' | 'turns';
  /** Conversations at once. */
  readonly atOnce: number;
  /** Conversations, after a warm-up of a quarter as many. */
  readonly count: number;
}

export interface ThreadsResult {
  /** From opening the pool until each thread had answered a step. */
  readonly startMs: number;
  /** Resident memory that the threads added, each, with that step's session. */
  readonly threadBytes: number;
  readonly perSecond: number;
  /** User and system time of all threads, a conversation. */
  readonly cpuMs: number;
}

const task = taskOfThisChild<ThreadsTask>();
const files = makeFiles();
await heldBytes();
const rssBefore = process.memoryUsage().rss;
const opened = performance.now();
const pool = await SessionPool.open({
  threads: { min: task.threads, max: task.threads },
  providers: { bench: { baseURL: task.baseURL, apiKey: 'bench' } },
});
// As many first steps at once as there are threads: each waits for one of its own.
const first = await Promise.all(
  Array.from({ length: task.threads }, () =>
    pool.start({ model: 'bench:fast', tools: [fixture('no-tools.mjs')] }),
  ),
);
const startMs = performance.now() - opened;
const threadBytes = (process.memoryUsage().rss - rssBefore) / task.threads;
await Promise.all(first.map((session) => session.close()));

await converse(Math.ceil(task.count / 4));
const cpu = process.cpuUsage();
const began = performance.now();
await converse(task.count);
const wallMs = performance.now() - began;
const { user, system } = process.cpuUsage(cpu);
answerParent({
  startMs,
  threadBytes,
  perSecond: (task.count / wallMs) * 1e3,
  cpuMs: (user + system) / 1e3 / task.count,
} satisfies ThreadsResult);

async function converse(count: number): Promise<void> {
  let left = count;
  const one = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await (task.work === 'spin' ? spin() : edit());
    }
  };
  await Promise.all(Array.from({ length: task.atOnce }, one));
}

async function spin(): Promise<void> {
  const { reply } = await prompt({ model: 'bench:spin', tools: [fixture('spin-tool.mjs')] });
  if (reply !== 'Spun.') throw new Error(`unexpected reply: ${reply}`);
}

async function edit(): Promise<void> {
  const result = await prompt({ model: 'bench:fast', files });
  const read = (path: string): string | undefined => {
    const content = result.files.get(path);
    return typeof content === 'string' ? content : undefined;
  };
  checkOutcome({ reply: result.reply, read }, files);
}

async function prompt(options: Parameters<SessionPool['start']>[0]): Promise<PromptResult> {
  const session = await pool.start(options);
  const result = await session.prompt(PROMPT);
  await session.close();
  if (result.stopReason !== 'end') throw new Error(`${result.stopReason}: ${result.error?.message ?? ''}`);
  return result;
}
