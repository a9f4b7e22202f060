import { ModelError } from '../../../src/errors.ts';
import { textOf } from '../../../src/model/content.ts';
import type { Message } from '../../../src/model/message.ts';
import { NO_USAGE, type ModelRequest, type ModelResponse } from '../../../src/model/model.ts';
import type { ModelCaller, ModelCallOptions } from '../../../src/pool/model-caller.ts';
import type { ToolCall } from '../../../src/tools/tool.ts';
import { Prng } from '../shared/prng.ts';
import { IDEMPOTENT_TOOL } from './journal-watch.ts';
import type { SimDisk } from './sim-store.ts';
import type { World } from './world.ts';

/** Text of the calls that end their thread, and that never end. */
export const DEADLY = 'BOOM';
export const ENDLESS = 'SPIN';

/** A prompt's text says all that the model will answer to it: `seed` draws the calls, `turns` is when it stops. */
export function promptText(seed: number, turns: number): string {
  return `seed=${seed} turns=${turns}`;
}

/** What a session's first message says. */
export function systemText(sessionId: string): string {
  return `This is the system text of ${sessionId}.`;
}

/** The model's name tells who asks: a fork has its parent's messages. */
export function modelOf(sessionId: string): string {
  return `sim:${sessionId}`;
}

/**
 * A model that answers by the conversation alone, so that the right answer is known, behind a network that does what
 * networks do. Checks each request: a provider would take it, and nothing is asked that was answered before.
 */
export class SimModel implements ModelCaller {
  readonly #world: World;
  readonly #disk: SimDisk;
  /** Sessions with a call under way. */
  readonly #busy = new Set<string>();
  #isClosed = false;

  constructor(world: World, disk: SimDisk) {
    this.#world = world;
    this.#disk = disk;
  }

  /** Calls under way. */
  get callCount(): number {
    return this.#busy.size;
  }

  complete(
    _provider: string,
    request: ModelRequest,
    { signal, onText }: ModelCallOptions,
  ): Promise<ModelResponse> {
    if (signal.aborted || this.#isClosed) return Promise.reject(cancelled());
    const messages = JSON.parse(`[${request.messages}]`) as Message[];
    const sessionId = request.model;
    this.#check(sessionId, messages);
    const response = answerTo(messages);
    if (this.#busy.has(sessionId)) this.#world.fail(`two model calls of ${sessionId} at once`);
    this.#busy.add(sessionId);
    this.#world.trace(`model asked by ${sessionId}, ${messages.length} messages`);
    return new Promise<ModelResponse>((resolve, reject) => {
      const stops: (() => void)[] = [];
      const settle = (how: () => void): void => {
        for (const stop of stops) stop();
        signal.removeEventListener('abort', cancel);
        this.#busy.delete(sessionId);
        how();
      };
      const cancel = (): void => {
        stops.push(
          this.#world.after(this.#world.prng.below(3), 'model call stops', () => {
            this.#world.reach('model: cancelled');
            settle(() => reject(cancelled()));
          }),
        );
      };
      signal.addEventListener('abort', cancel, { once: true });
      const later = (delayMs: number, what: string, happen: () => void): void => {
        stops.push(this.#world.after(delayMs, what, happen));
      };
      const error = this.#fault();
      const shown = onText === undefined || error?.isEarly ? 0 : this.#world.prng.below(3);
      let at = 1 + this.#world.prng.below(40);
      for (let piece = 0; piece < shown; piece += 1) {
        later(at, `text for ${sessionId}`, () => onText?.('text', `${piece} `));
        at += 1 + this.#world.prng.below(10);
      }
      if (!error) {
        return later(at, `model answers ${sessionId}`, () => settle(() => resolve(response)));
      }
      this.#world.reach(`model: ${error.kind}${shown > 0 ? ' after text' : ''}`);
      const { kind, retryable, retryAfterMs } = error;
      later(at + error.afterMs, `model fails ${sessionId} ${kind}`, () => {
        const failure = new ModelError({
          kind,
          message: `simulated ${kind}`,
          retryable,
          retryAfterMs,
        });
        settle(() => reject(failure));
      });
    });
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return Promise.resolve();
  }

  #fault():
    | {
        kind: ModelError['kind'];
        retryable: boolean;
        isEarly: boolean;
        afterMs: number;
        retryAfterMs?: number;
      }
    | undefined {
    if (!this.#world.faulty(0.15)) return undefined;
    const { prng } = this.#world;
    const isEarly = prng.chance(0.6);
    switch (prng.below(5)) {
      case 0:
        return {
          kind: 'rate-limited',
          retryable: true,
          isEarly: true,
          afterMs: 0,
          retryAfterMs: prng.below(200),
        };
      case 1:
        return { kind: 'connect', retryable: true, isEarly, afterMs: 0 };
      case 2:
        // Says nothing more, until its deadline or until it is cancelled.
        return { kind: 'timeout', retryable: true, isEarly, afterMs: 2_000 };
      case 3:
        return { kind: 'incomplete-stream', retryable: true, isEarly, afterMs: 0 };
      default:
        return { kind: 'auth', retryable: false, isEarly: true, afterMs: 0 };
    }
  }

  #check(sessionId: string, messages: readonly Message[]): void {
    const problem = providerRefuses(messages);
    if (problem !== undefined) this.#world.fail(`a provider would refuse what ${sessionId} asks: ${problem}`);
    const answered = messages.filter(({ role }) => role === 'assistant').length;
    const kept = this.#disk.watch(sessionId)?.model.responseCount;
    if (kept !== answered) {
      this.#world.fail(`${sessionId} asks for response ${answered + 1}, and its journal has ${kept}`);
    }
  }
}

/** Why a provider would refuse the conversation: each call is to be answered once, in order, before anything else. */
export function providerRefuses(messages: readonly Message[]): string | undefined {
  let wanted: string[] = [];
  for (const [index, message] of messages.entries()) {
    if (message.role === 'tool') {
      if (wanted.shift() !== message.tool_call_id) return `message ${index} answers ${message.tool_call_id}`;
      continue;
    }
    if (wanted.length > 0) return `message ${index} comes before the answer to ${wanted[0]}`;
    if (message.role === 'system' && index > 0) return `message ${index} is a second system message`;
    if (message.role === 'assistant') wanted = (message.tool_calls ?? []).map(({ id }) => id);
  }
  return wanted.length > 0 ? `no answer to ${wanted[0]}` : undefined;
}

/** The one right answer to a conversation. */
export function answerTo(messages: readonly Message[]): ModelResponse {
  const from = messages.findLastIndex(({ role }) => role === 'user');
  const text = textOf(messages[from]?.content ?? '');
  const turn = messages.slice(from).filter(({ role }) => role === 'assistant').length;
  const [, seed = '0', turns = '0'] = /seed=(\d+) turns=(\d+)/.exec(text) ?? [];
  const usage = { ...NO_USAGE, inputTokens: 10, outputTokens: 1, totalTokens: 11 };
  const calls = turn >= Number(turns) ? [] : callsOf(Number(seed), turn);
  return {
    text: calls.length === 0 ? `reply to ${text}` : '',
    reasoning: '',
    toolCalls: calls,
    finishReason: calls.length === 0 ? 'stop' : 'tool-calls',
    usage,
    model: 'simulated',
  };
}

function callsOf(seed: number, turn: number): ToolCall[] {
  const prng = new Prng(seed).fork(`turn ${turn}`);
  // Some providers number the calls of each response anew.
  const prefix = prng.chance(0.3) ? 'call' : `${seed}-${turn}`;
  return Array.from({ length: prng.pick([1, 1, 2, 3, 5]) }, (_, index) => {
    const { name, input } = callOf(prng, `${seed}.${turn}.${index}`);
    const text = JSON.stringify(input);
    return { id: `${prefix}_${index}`, name, arguments: prng.chance(0.05) ? text.slice(0, -2) : text };
  });
}

function callOf(prng: Prng, token: string): { name: string; input: object } {
  const path = `f${prng.below(4)}`;
  switch (prng.pick(CALL_KINDS)) {
    case 'write':
      return { name: 'write', input: { path, content: `${token}\nEND\n` } };
    case 'edit':
      // Done twice, it shows twice.
      return { name: 'edit', input: { path, old_string: 'END', new_string: `${token}\nEND` } };
    case 'read':
      return { name: 'read', input: { path } };
    case 'list':
      return { name: 'list', input: {} };
    case 'search':
      return { name: 'search', input: { pattern: 'END' } };
    case 'effect':
      return { name: 'effect', input: { token } };
    case 'effect-again':
      return { name: IDEMPOTENT_TOOL, input: { token } };
    case 'look':
      return { name: 'look', input: { token } };
    case 'unknown':
      return { name: 'no_such_tool', input: {} };
    case 'deadly':
      return { name: 'write', input: { path, content: DEADLY } };
    case 'endless':
      return { name: 'write', input: { path, content: ENDLESS } };
  }
}

const CALL_KINDS = [
  ...Array<'write'>(8).fill('write'),
  ...Array<'edit'>(8).fill('edit'),
  ...Array<'read'>(8).fill('read'),
  ...Array<'effect'>(5).fill('effect'),
  'list',
  'search',
  'effect-again',
  'look',
  'look',
  'unknown',
  'deadly',
  'endless',
] as const;

function cancelled(): ModelError {
  return new ModelError({ kind: 'cancelled', message: 'the model call was cancelled' });
}
