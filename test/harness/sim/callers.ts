import { SkeinError } from '../../../src/errors.ts';
import type { SessionEvent } from '../../../src/pool/events.ts';
import type { StreamOptions } from '../../../src/pool/options.ts';
import type { PromptResult } from '../../../src/pool/prompt-result.ts';
import type { Session } from '../../../src/pool/session.ts';
import { differentFiles, filesAfter } from './check-session.ts';
import { promptText } from './sim-model.ts';
import type { SimDisk } from './sim-store.ts';
import type { World } from './world.ts';

/** What a caller may be told in place of a result, and what must then be so. */
const REFUSALS: ReadonlySet<string> = new Set([
  'mailbox_full',
  'session_closed',
  'session_quarantined',
  'pool_closed',
  'prompt_parked',
  'storage_full',
  'session_exists',
  'unknown_session',
  'session_busy',
  'nothing_to_undo',
]);
/** After these nothing was accepted. */
const NOT_ACCEPTED: ReadonlySet<string> = new Set(['mailbox_full', 'session_closed', 'session_quarantined']);

interface KeyedPrompt {
  readonly key: string;
  readonly text: string;
}

/** Everybody who sends prompts, and who checks what comes back. Their notes outlive the process. */
export class Callers {
  readonly #world: World;
  readonly #disk: SimDisk;
  readonly #keyed = new Map<string, KeyedPrompt[]>();
  #promptCount = 0;
  /** What callers of this life still wait for. */
  readonly waiting = new Set<string>();

  constructor(world: World, disk: SimDisk) {
    this.#world = world;
    this.#disk = disk;
  }

  /** Sends a prompt of some kind. @returns its result; undefined when it was refused */
  async prompt(session: Session, options: StreamOptions = {}): Promise<PromptResult | undefined> {
    const text = this.#newText();
    return this.#watched(`prompt ${text}`, text, session.id, async () => {
      const result = await session.prompt(text, options);
      this.#checkResult(session.id, text, result);
      return result;
    });
  }

  /** Reads a prompt's events, all of them or some. */
  async stream(session: Session, options: StreamOptions = {}): Promise<void> {
    const text = this.#newText();
    const most = this.#world.prng.chance(0.2) ? this.#world.prng.below(6) : Infinity;
    await this.#watched(`stream ${text}`, text, session.id, async () => {
      const events: SessionEvent[] = [];
      for await (const event of session.stream(text, options)) {
        this.#world.trace(`event ${event.promptId} ${event.type}`);
        events.push(event);
        this.#checkEvent(session.id, text, events);
        if (event.type === 'prompt-ended') this.#checkResult(session.id, text, event.result);
        if (events.length >= most) break;
      }
      if (most < Infinity) this.#world.reach('caller: left a stream early');
      else if (events.at(-1)?.type !== 'prompt-ended') this.#world.fail(`the stream of ${text} has no end`);
    });
  }

  /** Sends a prompt with a key, often one that was sent before, also to an earlier process. */
  async keyed(session: Session): Promise<void> {
    const { prng } = this.#world;
    const earlier = this.#keyed.get(session.id) ?? [];
    this.#keyed.set(session.id, earlier);
    const isRepeat = earlier.length > 0 && prng.chance(0.6);
    const prompt = isRepeat ? prng.pick(earlier) : { key: `k${earlier.length}`, text: this.#newText() };
    if (!isRepeat) earlier.push(prompt);
    if (isRepeat && prng.chance(0.1)) return this.#mismatch(session, prompt);
    const before = this.#promptIdOf(session.id, prompt.key);
    await this.#watched(`keyed ${prompt.key} ${prompt.text}`, undefined, session.id, async () => {
      const result = await session.prompt(prompt.text, { idempotencyKey: prompt.key });
      const promptId = this.#promptIdOf(session.id, prompt.key);
      if (result.promptId !== promptId || (before !== undefined && before !== promptId)) {
        this.#world.fail(
          `key ${prompt.key} of ${session.id} is ${before}, ${promptId} and ${result.promptId}`,
        );
      }
      if (before !== undefined) this.#world.reach('key: sent again, one prompt');
      this.#checkResult(session.id, prompt.text, result);
    });
  }

  /** Follows something that a caller does to its end, and says what may not come of it. */
  async act(what: string, action: () => Promise<unknown>): Promise<void> {
    await this.#watched(what, undefined, '', action);
  }

  async #mismatch(session: Session, { key }: KeyedPrompt): Promise<void> {
    if (this.#promptIdOf(session.id, key) === undefined) return;
    try {
      await session.prompt(this.#newText(), { idempotencyKey: key });
      this.#world.fail(`key ${key} of ${session.id} was taken for another text`);
    } catch (error) {
      const code = error instanceof SkeinError ? error.code : String(error);
      if (code !== 'idempotency_mismatch') this.#unless(REFUSALS.has(code), `key ${key}: ${code}`);
      else this.#world.reach('key: refused for another text');
    }
  }

  async #watched<Value>(
    what: string,
    text: string | undefined,
    sessionId: string,
    action: () => Promise<Value>,
  ): Promise<Value | undefined> {
    const name = `${what} of ${sessionId} (${this.#world.now.toFixed(0)})`;
    this.waiting.add(name);
    this.#world.trace(`caller: ${name}`);
    try {
      const value = await action();
      this.#world.trace(`caller: ${name} done`);
      return value;
    } catch (error) {
      const code = error instanceof SkeinError ? error.code : 'not one of ours';
      this.#world.trace(`caller: ${name} ${code}`);
      this.#unless(REFUSALS.has(code), `${name}: ${error instanceof Error ? error.stack : String(error)}`);
      this.#world.reach(`caller: ${code}`);
      const prompts = [...(this.#disk.watch(sessionId)?.prompts.values() ?? [])];
      if (text !== undefined && NOT_ACCEPTED.has(code) && prompts.some((prompt) => prompt.text === text)) {
        this.#world.fail(`${name} was refused (${code}) and accepted`);
      }
      return undefined;
    } finally {
      this.waiting.delete(name);
    }
  }

  /** What a caller is told was journalled before, and is the right answer. */
  #checkResult(sessionId: string, text: string, result: PromptResult): void {
    const { promptId, stopReason, reply, turns } = result;
    const kept = this.#disk.watch(sessionId)?.prompts.get(promptId);
    this.#world.reach(`prompt: ${stopReason}`);
    if (kept?.text !== text || kept.ended !== stopReason) {
      return this.#world.fail(
        `a caller of ${promptId} is told ${stopReason}, and the journal says ${kept?.ended}`,
      );
    }
    if (stopReason === 'end') {
      const wanted = Number(/turns=(\d+)/.exec(text)?.[1]) + 1;
      if (reply !== `reply to ${text}` || turns !== wanted) {
        this.#world.fail(`the answer to ${promptId} is ${reply} in ${turns} turns, not ${wanted}`);
      }
    }
    if (!this.#world.prng.chance(0.1)) return;
    const entries = this.#disk.journals.get(sessionId)?.entries ?? [];
    const problem = differentFiles(result.files, filesAfter(entries, promptId));
    if (problem !== undefined) this.#world.fail(`the result of ${promptId}: ${problem}`);
  }

  #checkEvent(sessionId: string, text: string, events: readonly SessionEvent[]): void {
    const event = events.at(-1);
    if (!event) return;
    const before = events.slice(0, -1);
    const { promptId } = event;
    const wrong = (problem: string): void => this.#world.fail(`events of ${promptId}: ${problem}`);
    if (this.#disk.watch(sessionId)?.prompts.get(promptId)?.text !== text)
      wrong('told before it was accepted');
    if (before.some((other) => other.promptId !== promptId)) wrong('of two prompts');
    if (before.some(({ seq }) => seq >= event.seq)) wrong('not in order');
    if (before.some(({ type }) => type === 'prompt-ended')) wrong(`${event.type} after its end`);
    if (event.type === 'prompt-started' && before.length > 0) wrong('it started late');
    if (event.type !== 'tool-ended' && event.type !== 'tool-started') return;
    const same = before.filter(
      (other) =>
        (other.type === 'tool-started' || other.type === 'tool-ended') &&
        other.turn === event.turn &&
        other.callId === event.callId,
    );
    const wanted = event.type === 'tool-started' ? 0 : 1;
    if (same.length !== wanted) wrong(`${event.type} ${event.callId} after ${same.length} others of it`);
  }

  #promptIdOf(sessionId: string, key: string): string | undefined {
    const prompts = this.#disk.watch(sessionId)?.prompts ?? new Map();
    return [...prompts].find(([, prompt]) => prompt.key === key)?.[0];
  }

  #newText(): string {
    return promptText((this.#promptCount += 1), this.#world.prng.pick([0, 1, 2, 2, 3, 5]));
  }

  #unless(holds: boolean, problem: string): void {
    if (!holds) this.#world.fail(problem);
  }
}
