/** The measurement of `thread-start`, in a process of its own. Run by it: npm run bench -- thread-start */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { SessionPool } from 'skein';
import { answerParent, taskOfThisChild } from './support/child.ts';
import { fixture, fixturePath } from './support/skein-loop.ts';

export interface ThreadStartTask {
  readonly rounds: number;
}

/** One value a round, ms. */
export interface ThreadStart {
  readonly bareMs: number[];
  readonly sessionMs: number[];
  /** The same step in a thread that runs already and has loaded the module. */
  readonly warmMs: number[];
}

const WARM_UP_ROUNDS = 2;

const task = taskOfThisChild<ThreadStartTask>();
const result: ThreadStart = { bareMs: [], sessionMs: [], warmMs: [] };
for (let round = -WARM_UP_ROUNDS; round < task.rounds; round += 1) {
  const bare = await bareThread();
  const [session, warm] = await sessionThread();
  if (round < 0) continue;
  result.bareMs.push(bare);
  result.sessionMs.push(session);
  result.warmMs.push(warm);
}
answerParent(result);

async function bareThread(): Promise<number> {
  const begin = performance.now();
  const worker = new Worker(fixturePath('bare-worker.cjs'));
  await once(worker, 'message');
  const elapsed = performance.now() - begin;
  await worker.terminate();
  return elapsed;
}

/** A session with a tool module has its first step, in which the module is loaded, while it starts. */
async function sessionThread(): Promise<[coldMs: number, warmMs: number]> {
  const pool = await SessionPool.open({
    threads: { max: 1 },
    providers: { bench: { baseURL: 'http://127.0.0.1:9/v1', apiKey: 'bench' } },
  });
  const times: number[] = [];
  for (let turn = 0; turn < 2; turn += 1) {
    const begin = performance.now();
    await pool.start({ model: 'bench:none', tools: ['coding-agent', fixture('no-tools.mjs')] });
    times.push(performance.now() - begin);
  }
  await pool.close();
  return [times[0] ?? Number.NaN, times[1] ?? Number.NaN];
}
