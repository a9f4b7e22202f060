import type { ContextBook } from '../context/context-book.ts';
import { headOf, type Compaction } from '../context/compaction.ts';
import { weightOf, weightOfMessage } from '../context/estimate.ts';
import { readOverflow } from '../context/overflow.ts';
import { cutsFor, planReplacement, planTrim, type PlannedCompaction } from '../context/plan-compaction.ts';
import { DEFAULT_CONTEXT, roomIn, type ContextSettings, type Room } from '../context/room.ts';
import { mechanicalSummary, summaryMessage, summaryRequest } from '../context/summary.ts';
import { touchedFiles } from '../context/touched-files.ts';
import { ModelError } from '../errors.ts';
import { headChars } from '../head-chars.ts';
import type { ActivePrompt } from '../journal/active-prompt.ts';
import type { CompactionKind, PromptError } from '../journal/entries.ts';
import type { SessionRecord } from '../journal/session-record.ts';
import type { Message } from '../model/message.ts';
import type { Usage } from '../model/model.ts';
import { comparePaths } from '../workspace/paths.ts';
import { isScratch } from '../workspace/scratch.ts';
import type { SessionEventBody } from './events.ts';
import type { SessionContext } from './session-context.ts';

/** Asks the model, by the way that every call of it takes. @throws {ModelError} */
export type AskModel = (
  messages: readonly Message[],
) => Promise<{ readonly text: string; readonly usage: Usage }>;

/** Of what a summary may weigh, of the room that there is; what goes beyond is cut. */
const SUMMARY_SHARE = 0.2;
/** What the summarising model may be shown, of the same. */
const TRANSCRIPT_SHARE = 0.6;
/** What a compaction should leave free, so that the next one is not due at once. */
const GOAL_SHARE = 0.75;
/** What a summary is taken to weigh before it is there: characters. */
const EXPECTED_SUMMARY = 4_000;

/**
 * Keeps what one of a session's models is sent within its window: leaves out long results of old calls first, then has old turns
 * summarised. The conversation itself stays whole; what is sent of it is an entry of the journal.
 */
export class ContextKeeper {
  readonly #session: SessionContext;
  readonly #active: ActivePrompt;
  readonly #model: string;
  readonly #ask: AskModel;
  readonly #tell: (event: SessionEventBody) => void;

  constructor(
    session: SessionContext,
    active: ActivePrompt,
    parts: {
      /** `provider:name`, the session's own or a fallback. */
      readonly model: string;
      readonly ask: AskModel;
      readonly tell: (event: SessionEventBody) => void;
    },
  ) {
    this.#session = session;
    this.#active = active;
    this.#model = parts.model;
    this.#ask = parts.ask;
    this.#tell = parts.tell;
  }

  /**
   * Makes room where the next request would not fit, or did not.
   * @param overflow  how the provider refused it; null before it was sent
   * @returns why the prompt has to end: there is no room to be made
   * @throws {ModelError} of kind `cancelled` @throws what the journal throws
   */
  async makeRoom(overflow: ModelError | null): Promise<PromptError | undefined> {
    const before = this.#tokens;
    if (overflow) this.#learn(overflow, before);
    const room = this.#room();
    if (!room) return undefined;
    const least = this.#leastTokens;
    if (least > room.hardTokens) return this.#full(room, overflow, least);
    if (!overflow && before <= room.dueTokens(this.#compaction?.afterTokens ?? 0)) return undefined;

    // A provider that refuses what should have fitted counts otherwise than we do: then what was sent is the measure.
    const limit = overflow ? Math.min(room.softTokens, before) : room.softTokens;
    const after = await this.#compact(before, limit);
    const fits = after <= room.hardTokens && (!overflow || after < before);
    return fits ? undefined : this.#full(room, overflow, after);
  }

  /** What a prompt ends with whose request was refused as too long, and that cannot be made shorter. */
  full(overflow: ModelError): PromptError {
    const tokens = this.#tokens;
    this.#learn(overflow, tokens);
    return this.#full(this.#room() ?? this.#roomIn(tokens), overflow, tokens);
  }

  get #record(): SessionRecord {
    return this.#session.record;
  }

  get #book(): ContextBook {
    return this.#session.ports.context;
  }

  get #compaction(): Compaction | null {
    return this.#record.conversation.compaction;
  }

  get #tokens(): number {
    return this.#tokensOf(this.#record.sentWeight);
  }

  #tokensOf(weight: number): number {
    return this.#book.tokensOf(this.#model, { sentWeight: weight, charsPerToken: this.#charsPerToken });
  }

  /** As the conversation's own responses tell it, which are those of the session's own model. */
  get #charsPerToken(): number | null {
    const { charsPerToken, spec } = this.#record;
    return this.#model === spec.model ? charsPerToken : null;
  }

  get #settings(): ContextSettings {
    return this.#record.spec.context ?? DEFAULT_CONTEXT;
  }

  /** The least that anybody knows of; null when nobody does, and then nothing is left out. */
  #room(): Room | null {
    const windows = [this.#book.windowOf(this.#model), this.#settings.windowTokens];
    const known = windows.filter((tokens) => tokens !== null);
    return known.length === 0 ? null : this.#roomIn(Math.min(...known));
  }

  #roomIn(windowTokens: number): Room {
    return roomIn(windowTokens, this.#settings, this.#record.spec.modelOptions);
  }

  /** What every request has: system, tools, the task, the prompt in progress. */
  get #leastTokens(): number {
    const { messages } = this.#record.conversation;
    const { textAt } = this.#active;
    const head = headOf(messages);
    const prompt = textAt !== null && textAt >= head ? weightOfMessage(messages[textAt]!) : 0;
    const weight = messages.slice(0, head).reduce((sum, message) => sum + weightOfMessage(message), prompt);
    return this.#tokensOf(weight + this.#record.toolsWeight);
  }

  #learn(error: ModelError, tokens: number): void {
    this.#book.learnOverflow(this.#model, readOverflow(error.message), this.#record.sentWeight, tokens);
  }

  /** @returns the tokens that are sent then, by estimate */
  async #compact(before: number, limit: number): Promise<number> {
    const goal = limit * GOAL_SHARE;
    const planning = {
      messages: this.#record.conversation.messages,
      compaction: this.#compaction,
      keepTurns: this.#settings.keepTurns,
    };
    const tokensOf = (plan: PlannedCompaction): number =>
      this.#tokensOf(plan.weight + this.#record.toolsWeight);
    const trim = planTrim(planning);
    if (tokensOf(trim) <= goal) return this.#write('trimmed', trim, tokensOf(trim), before, null);

    const cuts = cutsFor(planning);
    const expected: Message = { role: 'user', content: ' '.repeat(EXPECTED_SUMMARY) };
    const planned = (cut: number, summary: Message): PlannedCompaction =>
      planReplacement(planning, cut, summary, this.#active.textAt);
    const cut = cuts.find((place) => tokensOf(planned(place, expected)) <= goal) ?? cuts.at(-1);
    if (cut === undefined) {
      // There is only the last turn left. Its results are the model's to ask for again, in parts.
      const all = tokensOf(trim) <= limit ? trim : planTrim({ ...planning, keepTurns: 0 });
      if (tokensOf(all) >= before) return before;
      return this.#write('trimmed', all, tokensOf(all), before, null);
    }

    const { how, text, usage } = await this.#summaryOf(cut, limit);
    const summary = summaryMessage({
      summary: text,
      count: cut - headOf(planning.messages),
      files: this.#filesUpTo(cut),
    });
    let plan = planned(cut, summary);
    if (tokensOf(plan) > limit) {
      const trimBefore = planning.messages.length;
      const { compaction } = plan;
      plan = planTrim({
        ...planning,
        compaction: { ...compaction, trimBefore, afterTokens: 0 },
        keepTurns: 0,
      });
    }
    return this.#write(how, plan, tokensOf(plan), before, usage);
  }

  async #write(
    how: CompactionKind,
    { compaction }: PlannedCompaction,
    afterTokens: number,
    beforeTokens: number,
    usage: Usage | null,
  ): Promise<number> {
    const at = this.#session.ports.clock.epochMs();
    await this.#session.write({
      type: 'compacted',
      how,
      compaction: { ...compaction, afterTokens },
      beforeTokens,
      usage,
      at,
    });
    this.#tell({ type: 'compacted', turn: this.#active.turns + 1, how, beforeTokens, afterTokens });
    return afterTokens;
  }

  /** The model's own summary of what is before the cut; a list of it where the model gives none. */
  async #summaryOf(
    cut: number,
    limit: number,
  ): Promise<{ how: CompactionKind; text: string; usage: Usage | null }> {
    const { messages } = this.#record.conversation;
    const { replacement = [], promptAt = null, upTo = headOf(messages) } = this.#compaction ?? {};
    const prompt = promptAt === null ? [] : messages.slice(promptAt, promptAt + 1);
    const old = [...replacement, ...prompt, ...messages.slice(upTo, cut)];
    const charsPerToken = this.#charsPerToken ?? this.#book.charsPerToken(this.#model);
    const maxWeight = limit * charsPerToken;
    let usage: Usage | null = null;
    try {
      const response = await this.#ask(summaryRequest(old, maxWeight * TRANSCRIPT_SHARE));
      usage = response.usage;
      const text = fitting(response.text.trim(), maxWeight * SUMMARY_SHARE);
      if (text !== '') return { how: 'summarised', text, usage };
    } catch (error) {
      if (!(error instanceof ModelError) || error.kind === 'cancelled') throw error;
      // What it has used all the same is told with the turn's other failed attempts.
    }
    return { how: 'listed', text: fitting(mechanicalSummary(old), maxWeight * SUMMARY_SHARE), usage };
  }

  /** By the calls, and by what the session has really changed. */
  #filesUpTo(cut: number): { readonly read: readonly string[]; readonly changed: readonly string[] } {
    const { conversation, overlay } = this.#record;
    const { read, changed } = touchedFiles(conversation.messages.slice(0, cut));
    const others = [...overlay.keys()].filter((path) => !isScratch(path) && !changed.includes(path));
    others.sort(comparePaths);
    return { read, changed: [...changed, ...others] };
  }

  #full(room: Room, overflow: ModelError | null, tokens: number): PromptError {
    const { kind, status } = overflow ?? {};
    return {
      code: 'context_full',
      message: this.#explain(room, overflow, tokens),
      ...(kind === undefined ? {} : { kind, status: status ?? null }),
      retryable: false,
    };
  }

  #explain(room: Room, overflow: ModelError | null, tokens: number): string {
    const { conversation } = this.#record;
    const { messages } = conversation;
    const head = headOf(messages);
    const [system, task] = [messages[0], messages[head - 1]];
    const parts = [
      ['system prompt', system?.role === 'system' ? weightOfMessage(system) : 0],
      ['tools', this.#record.toolsWeight],
      ['task', task && task !== system ? weightOfMessage(task) : 0],
    ] as const;
    const named = parts.map(([name, weight]) => `${name} ${count(this.#tokensOf(weight))}`);
    const rest = tokens - parts.reduce((sum, [, weight]) => sum + this.#tokensOf(weight), 0);
    if (rest > 0) named.push(`what cannot be left out of the conversation ${count(rest)}`);
    const needed = `about ${count(tokens)} tokens (${named.join(', ')})`;
    const reserve =
      room.reserveTokens > 0 ? `, of which ${count(room.reserveTokens)} are kept for the answer` : '';
    const window = `the window of ${this.#model} has ${count(room.windowTokens)} tokens${reserve}`;
    if (!overflow) return `${window}, and this conversation needs ${needed}`;
    return `the conversation was refused as too long, and no more of it can be left out: it needs ${needed}; ${window}; ${overflow.message}`;
  }
}

function count(tokens: number): string {
  return tokens.toLocaleString('en-US');
}

/** The beginning of a text that is too long. */
function fitting(text: string, maxWeight: number): string {
  const weight = weightOf(text);
  return weight <= maxWeight ? text : `${headChars(text, Math.floor((text.length * maxWeight) / weight))}…`;
}
