import { startScriptedModel } from '../../src/model/scripted/server.ts';
import type { ScriptedModelScript, ScriptedRule } from '../../src/model/scripted/script.ts';
import type { JournalStore } from '../../src/journal/store.ts';
import { assemble } from '../../src/pool/assemble.ts';
import type { PoolOptions, SessionOptions } from '../../src/pool/options.ts';
import { SessionPool } from '../../src/pool/pool.ts';
import type { Session } from '../../src/pool/session.ts';
import type { SessionEvent } from '../../src/pool/events.ts';

/** A pool whose only provider is a scripted model of its own, over real HTTP. */
export interface Stage extends AsyncDisposable {
  readonly pool: SessionPool;
  readonly baseURL: string;
  readonly requestCount: () => number;
  start(options?: SessionOptions): Promise<Session>;
}

export async function stage(
  script: ScriptedModelScript | readonly ScriptedRule[],
  options: PoolOptions = {},
  store?: JournalStore,
): Promise<Stage> {
  const rules = 'rules' in script ? script : { rules: script };
  const server = await startScriptedModel(rules);
  const providers = { scripted: { baseURL: server.baseURL }, ...options.providers };
  const pool = store
    ? await SessionPool.over(assemble({ ...options, providers }, store))
    : await SessionPool.open({ ...options, providers });
  return {
    pool,
    baseURL: server.baseURL,
    requestCount: () => server.requestCount,
    start: (sessionOptions = {}) => pool.start({ model: 'scripted:scripted', ...sessionOptions }),
    async [Symbol.asyncDispose]() {
      await pool.close({ deadlineMs: 0 });
      await server.close();
    },
  };
}

/** Runs `use` and tears the stage down, whatever comes of it. (Node 20 has no `await using`.) */
export async function onStage<Result>(
  script: ScriptedModelScript | readonly ScriptedRule[],
  options: PoolOptions,
  use: (stage: Stage) => Promise<Result>,
): Promise<Result> {
  const made = await stage(script, options);
  try {
    return await use(made);
  } finally {
    await made[Symbol.asyncDispose]();
  }
}

/** One answer a turn of the prompt, in order. */
export function turns(...answers: NonNullable<ScriptedRule['answer']>[]): ScriptedRule[] {
  return answers.map((answer, turn) => ({ match: { turn }, answer }));
}

export async function collect(events: AsyncIterable<SessionEvent>): Promise<SessionEvent[]> {
  const all: SessionEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

/** Events in short, text joined: what a whole sequence is compared by. */
export function outline(events: readonly SessionEvent[]): string[] {
  const lines: string[] = [];
  for (const event of events) {
    switch (event.type) {
      case 'text': {
        const last = lines.at(-1);
        if (last?.startsWith('text ')) lines[lines.length - 1] = last + event.text;
        else lines.push(`text ${event.text}`);
        break;
      }
      case 'tool-started':
        lines.push(`tool-started ${event.name}`);
        break;
      case 'tool-ended':
        lines.push(`tool-ended ${event.name} ${event.isError ? event.content.split(': ')[1] : 'ok'}`);
        break;
      case 'step-retried':
        lines.push(`step-retried ${event.reason}`);
        break;
      case 'model-retried':
        lines.push(`model-retried ${event.kind}${event.discarded ? ', text void' : ''}`);
        break;
      case 'model-fell-back':
        lines.push(
          `model-fell-back ${event.kind}, ${event.from} to ${event.to}${event.discarded ? ', text void' : ''}`,
        );
        break;
      case 'gate-waiting':
        lines.push(`gate-waiting ${event.reason}`);
        break;
      case 'prompt-ended':
        lines.push(`prompt-ended ${event.result.stopReason}`);
        break;
      default:
        lines.push(event.type);
    }
  }
  return lines;
}
