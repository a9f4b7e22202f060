/** One crowd of `gate`, in a process of its own. Run by it: npm run bench -- gate */
import { OpenAI } from 'openai';
import { SessionPool } from 'skein';
import { answerParent, taskOfThisChild } from './support/child.ts';

export interface GateTask {
  readonly contestant: 'skein' | 'openai';
  readonly baseURL: string;
  readonly sessions: number;
  readonly runMs: number;
  /** Of the `openai` package. */
  readonly maxRetries: number;
}

export interface GateOutcome {
  /** Sessions of which something failed; they stop then. */
  readonly failed: number;
  readonly firstFailures: readonly string[];
}

const { contestant, baseURL, sessions, runMs, maxRetries } = taskOfThisChild<GateTask>();
const failures: string[] = [];
const untilMs = performance.now() + runMs;

/** Asks until the time is over, or something fails. */
async function work(index: number, ask: (text: string) => Promise<void>): Promise<void> {
  try {
    while (performance.now() < untilMs) await ask(`session ${index}`);
  } catch (error) {
    failures.push(`session ${index}: ${(error as Error).message}`);
  }
}

const indexes = Array.from({ length: sessions }, (_, index) => index);
const asks = contestant === 'skein' ? await skeinSessions() : openaiLoops();
// What still waits when the time is over has not failed.
const all = Promise.all(asks.map((ask, index) => work(index, ask)));
await Promise.race([all, new Promise((resolve) => setTimeout(resolve, runMs))]);
answerParent({ failed: failures.length, firstFailures: failures.slice(0, 3) } satisfies GateOutcome);

async function skeinSessions(): Promise<((text: string) => Promise<void>)[]> {
  const pool = await SessionPool.open({ providers: { limited: { baseURL, apiKey: 'bench' } } });
  return Promise.all(
    indexes.map(async () => {
      const session = await pool.start({ model: 'limited:limited', tools: [] });
      return async (text: string) => {
        const { stopReason, error } = await session.prompt(text);
        if (stopReason !== 'end') throw new Error(`${stopReason}: ${error?.message ?? ''}`);
      };
    }),
  );
}

/** What a person writes who needs no more than this: each session retries by itself, as the package does. */
function openaiLoops(): ((text: string) => Promise<void>)[] {
  const client = new OpenAI({ baseURL, apiKey: 'bench', maxRetries });
  return indexes.map(() => {
    const messages: OpenAI.ChatCompletionMessageParam[] = [];
    return async (text: string) => {
      messages.push({ role: 'user', content: text });
      const stream = await client.chat.completions.create({ model: 'limited', messages, stream: true });
      let reply = '';
      for await (const chunk of stream) reply += chunk.choices[0]?.delta.content ?? '';
      messages.push({ role: 'assistant', content: reply });
    };
  });
}
