import { startScriptedModel } from '../../../src/model/scripted/server.ts';
import { MemoryStore } from '../../../src/journal/memory-store.ts';
import { SessionPool } from '../../../src/pool/pool.ts';
import type { Session } from '../../../src/pool/session.ts';
import { none, told, type Figure } from '../shared/figures.ts';
import { checkJournal } from '../shared/check-journal.ts';
import { answerOf, call, fileTurns, FIRST_FILES, type PlannedPrompt } from '../shared/prompt-plan.ts';
import { Prng } from '../shared/prng.ts';
import { Violations } from '../shared/violations.ts';

const SHAPES = ['fatal-array', 'fatal-map', 'fatal-json', 'fatal-split'];
const NEIGHBOURS = 4;
const PROMPTS_EACH = 12;
const TOOLS = ['fault-tools', 'fatal-tools'].map(
  (name) => new URL(`../../../test/harness/chaos/${name}.mjs`, import.meta.url),
);

/** The memory shapes that end a process, one after the other, beside sessions at work in the same shards. */
export async function runFatal(
  seed: number,
  times: number,
): Promise<{ figures: Figure[]; violations: Violations }> {
  const violations = new Violations();
  const plans = new Map<string, PlannedPrompt>();
  const model = await startScriptedModel({
    rules: [
      {
        answer: (conversation) => {
          const plan = plans.get(conversation.user);
          return plan ? answerOf(plan, conversation) : { text: 'nobody knows this prompt' };
        },
      },
    ],
  });
  // It is asked before it is closed: closed sessions leave a store that is not durable.
  const store = new MemoryStore();
  const pool = await SessionPool.open({
    store,
    isolation: 'process',
    providers: { scripted: { baseURL: model.baseURL } },
    threads: { max: 4, maxHeapMb: 64 },
  });
  const start = (): Promise<Session> =>
    pool.start({ model: 'scripted:scripted', files: FIRST_FILES, tools: ['coding-agent', ...TOOLS] });
  let count = 0;
  const prompt = async (session: Session, shape: string | null): Promise<boolean> => {
    const number = (count += 1);
    const text = `fatal ${number}`;
    const turns = fileTurns(new Prng(seed).fork(text), number);
    if (shape !== null) turns[1]!.push(call(shape, {}, 'crashed'));
    plans.set(text, { text, turns, reply: `done: ${text}` });
    const { stopReason } = await session.prompt(text);
    if (stopReason !== 'end') violations.add('wrong end', text, stopReason);
    return stopReason === 'end';
  };
  const leave = async (session: Session): Promise<void> => {
    checkJournal(session.id, store.read(session.id), (text) => plans.get(text), violations);
    await session.close();
  };

  let isOver = false;
  let beside = 0;
  const neighbours = Array.from({ length: NEIGHBOURS }, async () => {
    while (!isOver) {
      const session = await start();
      for (let n = 0; n < PROMPTS_EACH && !isOver; n += 1) {
        await prompt(session, null);
        beside += 1;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      await leave(session);
    }
  });
  let alive = 0;
  for (let n = 0; n < times; n += 1) {
    const session = await start();
    if (await prompt(session, SHAPES[n % SHAPES.length]!)) alive += 1;
    await leave(session);
  }
  isOver = true;
  await Promise.all(neighbours);
  await pool.close();
  await model.close();
  const figures = [
    {
      name: 'fatal: service alive',
      goal: `${times} of ${times}`,
      measured: `${alive} of ${times}`,
      ok: alive === times,
    },
    told('fatal: prompts of neighbours', beside),
    none('fatal: lost, doubled, wrong', violations.list.length),
  ];
  return { figures, violations };
}
