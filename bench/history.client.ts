/** One measurement of `history`, in a process of its own. Run by it: npm run bench -- history */
import { baseImage, namedTools, SessionPool, ToolSet, type Message } from 'skein';
import { answerParent, taskOfThisChild } from './support/child.ts';
import { openContestant, type ContestantName } from './support/contestants.ts';
import { mainThreadCpuMs } from './support/cpu-of-thread.ts';
import { checkOutcome, converse, makeFiles, PROMPT, type Contestant } from './support/workload.ts';

export interface HistoryTask {
  readonly contestant: ContestantName;
  readonly baseURL: string;
  /** Turns of each conversation in which a file is read and edited; one more ends it. */
  readonly turns: number;
  /** Conversations at once. */
  readonly atOnce: number;
  /** Conversations, after a warm-up. */
  readonly count: number;
}

export interface HistoryCost {
  /** User and system time of all threads, for a model call and what follows. */
  readonly turnMs: number;
  /** The same of the main thread alone. */
  readonly mainTurnMs: number;
  /** Messages and tools of a request, in bytes, on the average of a conversation; 0 for those that do not keep them. */
  readonly bodyBytes: number;
}

/** Turns of the warm-up, in whatever conversations: everybody begins with compiled code. */
const WARM_UP_TURNS = 600;

const task = taskOfThisChild<HistoryTask>();
const { turns } = task;
let messages: readonly Message[] = [];
const files = makeFiles(turns, 2_048);
const contestant: Contestant =
  task.contestant === 'skein'
    ? await longConversations()
    : await openContestant(task.contestant, task.baseURL);
const model = `edits-${turns}`;

await converseMany(Math.ceil(WARM_UP_TURNS / (turns + 1)));
const cpu = process.cpuUsage();
const main = mainThreadCpuMs();
await converseMany(task.count);
const mainMs = mainThreadCpuMs() - main;
const { user, system } = process.cpuUsage(cpu);
await contestant.close();
const calls = task.count * (turns + 1);
answerParent({
  turnMs: (user + system) / 1e3 / calls,
  mainTurnMs: mainMs / calls,
  bodyBytes: meanBodyBytes(),
} satisfies HistoryCost);

async function converseMany(count: number): Promise<void> {
  let left = count;
  const one = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      checkOutcome(await converse(contestant, { model, files }), files, turns);
    }
  };
  await Promise.all(Array.from({ length: task.atOnce }, one));
}

/** Skein without a limit on turns, its files in a base image. */
async function longConversations(): Promise<Contestant> {
  const pool = await SessionPool.open({ providers: { bench: { baseURL: task.baseURL, apiKey: 'bench' } } });
  const base = baseImage.fromFiles(files);
  return {
    async start({ model: name }) {
      const session = await pool.start({ model: `bench:${name}`, base, maxTurns: 0 });
      return {
        async prompt() {
          const result = await session.prompt(PROMPT);
          // Once: it copies them.
          if (messages.length === 0) messages = session.messages();
          const read = (path: string): string | undefined => {
            const content = result.files.get(path);
            return typeof content === 'string' ? content : undefined;
          };
          return { reply: result.reply, read };
        },
        close: () => session.close(),
      };
    },
    close: () => pool.close(),
  };
}

function meanBodyBytes(): number {
  const tools = JSON.stringify(new ToolSet(namedTools('coding-agent', [])).definitions()).length;
  let sent = 0;
  const bodies: number[] = [];
  for (const message of messages) {
    if (message.role === 'assistant') bodies.push(sent + tools);
    sent += Buffer.byteLength(JSON.stringify(message)) + 1;
  }
  return bodies.reduce((sum, bytes) => sum + bytes, 0) / Math.max(1, bodies.length);
}
