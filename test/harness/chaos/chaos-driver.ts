import { setTimeout as sleep } from 'node:timers/promises';
import type { SessionEvent } from '../../../src/pool/events.ts';
import type { SessionPool } from '../../../src/pool/pool.ts';
import type { PromptResult } from '../../../src/pool/prompt-result.ts';
import type { Session } from '../../../src/pool/session.ts';
import { FIRST_FILES, treeHash } from '../shared/prompt-plan.ts';
import { Prng } from '../shared/prng.ts';
import type { HistoryWriter } from './history.ts';
import type { ChaosPlan, ChaosPrompt, Mood } from './plan.ts';

export interface DriverOptions {
  readonly pool: SessionPool;
  readonly plan: ChaosPlan;
  readonly history: HistoryWriter;
  readonly sessions: number;
  /** Mean pause between two prompts of a session that is a target, and of one that is not. */
  readonly targetPauseMs: number;
  readonly otherPauseMs: number;
  /** Prompts that a session takes before another takes its place: long conversations are another matter. */
  readonly promptsEach: number;
}

const TOOLS = ['coding-agent', new URL('../../../test/harness/chaos/fault-tools.mjs', import.meta.url)];

/** Sends prompts to many sessions, and writes down all that is heard of them. */
export class ChaosDriver {
  /** Of faults in prompts that were sent. */
  faultCount = 0;
  mood: Mood | 'between' = 'between';
  readonly #options: DriverOptions;
  readonly #live: (Session | undefined)[];
  readonly #inFlight = new Set<Promise<void>>();
  #nextOp = 1;
  #stopped = false;

  constructor(options: DriverOptions) {
    this.#options = options;
    this.#live = Array.from({ length: options.sessions }, () => undefined);
  }

  /** Ends when {@link stop} was called and every prompt has ended. */
  async run(): Promise<void> {
    const loops = this.#live.map((_, index) => this.#loop(index));
    await Promise.all(loops);
    await Promise.all(this.#inFlight);
  }

  stop(): void {
    this.#stopped = true;
  }

  /** A target that is at work; undefined when there is none. */
  pickBusy(prng: Prng): Session | undefined {
    const busy = this.#live
      .slice(0, this.#options.plan.targets)
      .filter((session) => session && session.status().promptId !== null);
    return busy.length === 0 ? undefined : prng.pick(busy);
  }

  async #loop(index: number): Promise<void> {
    const { plan, targetPauseMs, otherPauseMs, promptsEach } = this.#options;
    const prng = new Prng(plan.seed).fork(`driver ${index}`);
    const pauseMs = index < plan.targets ? targetPauseMs : otherPauseMs;
    let number = 0;
    while (!this.#stopped) {
      // Not all at once at the beginning either.
      if (!(await this.#pause(prng.float() * 2 * pauseMs))) break;
      if (this.mood === 'between') continue;
      const session = (this.#live[index] ??= await this.#start(index, number));
      number += 1;
      const sent = [this.#send(session, index, number, prng)];
      if (prng.chance(0.1)) sent.push(this.#send(session, index, (number += 1), prng));
      await Promise.all(sent);
      if (number % promptsEach < 2 && number >= promptsEach) {
        this.#live[index] = undefined;
        await session.close();
      }
    }
  }

  /** @returns false when the run is over */
  async #pause(ms: number): Promise<boolean> {
    const until = performance.now() + ms;
    while (!this.#stopped && performance.now() < until) {
      await sleep(Math.min(250, Math.max(1, until - performance.now())));
    }
    return !this.#stopped;
  }

  #start(index: number, after: number): Promise<Session> {
    return this.#options.pool.start({
      id: `s${index}.${after}`,
      model: 'scripted:scripted',
      files: FIRST_FILES,
      tools: TOOLS,
    });
  }

  /** Sends the prompt once, sometimes twice with one key, and waits for all its ends. */
  async #send(session: Session, index: number, number: number, prng: Prng): Promise<void> {
    const mood: Mood = this.mood === 'storm' ? 'storm' : 'calm';
    const prompt = this.#options.plan.prompt(index, number, mood);
    this.faultCount += prompt.faults.length + (prompt.modelFault ? 1 : 0);
    for (const fault of prompt.faults)
      this.#options.history.add({ type: 'fault', fault, session: session.id });
    if (prompt.modelFault) this.#options.history.add({ type: 'fault', fault: 'model', session: session.id });
    const common = { session: session.id, text: prompt.text, mood, key: `key ${number}` };
    const other = index >= this.#options.plan.targets;
    const ends = [this.#stream(session, prompt, { ...common, other, again: false })];
    if (prng.chance(0.1)) ends.push(this.#prompt(session, prompt, { ...common, other, again: true }));
    await Promise.all(ends);
  }

  async #stream(session: Session, { text }: ChaosPrompt, invoke: Invoke): Promise<void> {
    const op = this.#invoke(invoke);
    try {
      for await (const event of session.stream(text, { idempotencyKey: invoke.key })) this.#heard(op, event);
    } catch (error) {
      this.#failed(op, error);
    }
  }

  async #prompt(session: Session, { text }: ChaosPrompt, invoke: Invoke): Promise<void> {
    const op = this.#invoke(invoke);
    try {
      this.#ok(op, await session.prompt(text, { idempotencyKey: invoke.key, onText: () => undefined }));
    } catch (error) {
      this.#failed(op, error);
    }
  }

  #invoke(invoke: Invoke): number {
    const op = this.#nextOp;
    this.#nextOp += 1;
    this.#options.history.add({ type: 'invoke', op, ...invoke });
    return op;
  }

  #heard(op: number, event: SessionEvent): void {
    const { promptId, seq, type } = event;
    const turn = 'turn' in event ? { turn: event.turn } : {};
    const detail =
      event.type === 'tool-ended' ? { callId: event.callId, content: event.content.slice(0, 80) } : {};
    this.#options.history.add({ type: 'event', op, promptId, seq, event: type, ...turn, ...detail });
    if (event.type === 'prompt-ended') this.#ok(op, event.result);
  }

  #ok(op: number, { promptId, stopReason, files }: PromptResult): void {
    this.#options.history.add({ type: 'ok', op, promptId, stopReason, tree: treeHash(files) });
  }

  #failed(op: number, error: unknown): void {
    const code = (error as { code?: unknown }).code;
    this.#options.history.add({ type: 'fail', op, code: typeof code === 'string' ? code : String(error) });
  }
}

interface Invoke {
  readonly session: string;
  readonly text: string;
  readonly mood: Mood;
  readonly key: string;
  readonly other: boolean;
  readonly again: boolean;
}
