/**
 * The service that is killed: keeps sessions busy over one store, and says on stdout what it has acknowledged, each time
 * at once. A line on stdin asks it to finish and to close.
 */
import { appendFileSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SessionEvent } from '../../../src/pool/events.ts';
import { SessionPool } from '../../../src/pool/pool.ts';
import type { Session } from '../../../src/pool/session.ts';
import type { Tool } from '../../../src/tools/tool.ts';
import { FIRST_FILES, treeHash } from '../shared/prompt-plan.ts';
import { Prng } from '../shared/prng.ts';
import { TOLD_CHARS, type Acknowledgement } from './acknowledgement.ts';
import { EFFECTS, killPrompt } from './plan.ts';

interface ServiceOptions {
  readonly store: string;
  readonly baseURL: string;
  readonly effects: string;
  readonly seed: number;
  readonly round: number;
  readonly sessions: number;
  readonly isolation: 'thread' | 'process';
}

const PROMPTS_EACH = 10;
const options = JSON.parse(process.argv[2] ?? '{}') as ServiceOptions;
const prng = new Prng(options.seed).fork(`service ${options.round}`);
let isFinishing = false;
process.stdin.once('data', () => (isFinishing = true));

function say(line: Acknowledgement): void {
  // Synchronous: what was said is in the pipe when the process is killed.
  writeSync(1, `${JSON.stringify(line)}\n`);
}

function effectTool(name: string, idempotent: boolean): Tool {
  return {
    name,
    description: 'Does something outside.',
    parameters: { type: 'object', properties: { tag: { type: 'string' } }, required: ['tag'] },
    effects: 'outside',
    idempotent,
    async execute({ tag }: { tag: string }) {
      await sleep(prng.below(8));
      appendFileSync(options.effects, `${tag}\n`);
      await sleep(prng.below(8));
      return `did ${tag}`;
    },
  };
}

const hostTools = [effectTool(EFFECTS.host, false), effectTool(EFFECTS.repeatable, true)];
const moduleUrl = new URL('../../../test/harness/kill9/effect-tools.mjs', import.meta.url);
moduleUrl.searchParams.set('log', options.effects);

const pool = await SessionPool.open({
  store: `sqlite:${options.store}`,
  isolation: options.isolation,
  providers: { scripted: { baseURL: options.baseURL } },
  tools: hostTools,
  threads: { max: 4 },
});
const mine = pool.sessionIds().filter((id) => id.startsWith('k'));
say({ type: 'open', sessions: pool.sessionIds().length, resumed: pool.recovery.resumed });

/** Waits for what an earlier process left; then one prompt after the other. */
async function serve(place: number): Promise<void> {
  let session = mine
    .filter((id) => id.startsWith(`k${place}.`))
    .map((id) => pool.session(id))
    .findLast((one) => one?.status().quarantine === null);
  const numbers = new Map<string, number>();
  if (session) await finishOld(session, numbers);
  while (!isFinishing) {
    session ??= await startSession(String(place));
    const number = (numbers.get(session.id) ?? 0) + 1;
    numbers.set(session.id, number);
    await prompt(session, number);
    // Of no more use; it stays in the store, to be looked at.
    const isHalted = session.status().quarantine !== null;
    if (number < PROMPTS_EACH && !isHalted) continue;
    if (!isHalted) await session.close();
    session = undefined;
  }
}

async function startSession(place: string): Promise<Session> {
  const session = await pool.start({
    id: `k${place}.${options.round}.${prng.below(1e6)}`,
    model: 'scripted:scripted',
    files: FIRST_FILES,
    tools: ['coding-agent', moduleUrl, ...hostTools],
  });
  say({ type: 'started', session: session.id });
  return session;
}

async function finishOld(session: Session, numbers: Map<string, number>): Promise<void> {
  const accepted = session.messages().filter(({ role }) => role === 'user').length;
  const { promptId } = session.status();
  // Sent again by a caller that does not know whether it was accepted: with its key it is the same prompt.
  const number = promptId === null ? accepted : Number(promptId.split('/').at(-1));
  numbers.set(session.id, number);
  if (promptId !== null) await prompt(session, number);
}

async function prompt(session: Session, number: number): Promise<void> {
  const { text } = killPrompt(options.seed, session.id, number);
  try {
    for await (const event of session.stream(text, { idempotencyKey: `key ${number}` })) {
      tell(session.id, text, event);
    }
  } catch (error) {
    say({ type: 'refused', session: session.id, code: String((error as { code?: unknown }).code ?? error) });
    await sleep(100);
  }
}

function tell(session: string, text: string, event: SessionEvent): void {
  const { promptId } = event;
  if (event.type === 'prompt-started') {
    say({ type: 'accepted', session, text, promptId });
  } else if (event.type === 'tool-ended') {
    const { turn, callId, content } = event;
    say({ type: 'answered', session, promptId, turn, callId, content: content.slice(0, TOLD_CHARS) });
  } else if (event.type === 'prompt-ended') {
    const { stopReason, files } = event.result;
    say({ type: 'ended', session, promptId, stopReason, tree: treeHash(files) });
  }
}

/** A new caller, first of all: how soon is it served? */
async function probe(): Promise<void> {
  const session = await startSession('probe');
  await prompt(session, 1);
  await session.close();
}

await Promise.all([probe(), ...Array.from({ length: options.sessions }, (_, place) => serve(place))]);
await pool.close();
say({ type: 'closed' });
process.exit(0);
