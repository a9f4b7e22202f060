import type { JournalEntry, StopReason } from '../../../src/journal/entries.ts';
import { SessionRecord } from '../../../src/journal/session-record.ts';
import type { ToolCall, ToolResult } from '../../../src/tools/tool.ts';
import { applyOp, FIRST_FILES, treeHash, type PlannedPrompt, type Tree } from './prompt-plan.ts';
import { checkConversation, checkResponse, checkResult } from './check-turn.ts';
import type { Violations } from './violations.ts';

/** A prompt as the journal has it. */
export interface JournaledPrompt {
  readonly promptId: string;
  readonly text: string;
  readonly key: string | undefined;
  /** Null while it has not ended. */
  stopReason: StopReason | null;
  errorCode: string | null;
  /** Hash of the files when it had ended, by the plan and not by skein. */
  tree: string;
  /** Answers to calls, by turn (from 1) and call id. */
  readonly results: Map<string, ToolResult>;
  responses: number;
  /** Losses of its thread or of the process since it last got anywhere. */
  lossesInARow: number;
}

/** The prompts of a session in the order in which they were accepted. */
export type JournalView = ReadonlyMap<string, JournaledPrompt>;

export function resultKey(turn: number, callId: string): string {
  return `${turn} ${callId}`;
}

/**
 * Goes through a journal entry by entry, with nothing of skein's but the entries' types: each prompt once, each call
 * answered once and as planned, the files after each prompt equal to the plan's. At last skein has to read it, too.
 */
export function checkJournal(
  sessionId: string,
  entries: readonly JournalEntry[],
  planOf: (text: string) => PlannedPrompt | undefined,
  violations: Violations,
): JournalView {
  const walk = new Walk(sessionId, planOf, violations);
  for (const [index, entry] of entries.entries()) walk.take(entry, index);
  walk.compareWith(entries);
  return walk.prompts;
}

class Walk {
  readonly prompts = new Map<string, JournaledPrompt>();
  readonly #place: string;
  readonly #planOf: (text: string) => PlannedPrompt | undefined;
  readonly #violations: Violations;
  /** By the plan's calls, and by the changes that skein journalled. */
  readonly #planned: Tree = new Map(Object.entries(FIRST_FILES));
  readonly #kept = new Map<string, Uint8Array | string>(Object.entries(FIRST_FILES));
  /** The plan's files when each prompt had ended, and at the start (null). */
  readonly #points = new Map<string | null, Tree>([[null, new Map(this.#planned)]]);
  readonly #waiting: JournaledPrompt[] = [];
  /** Paths that the entry at hand says something about. */
  readonly #touched = new Set<string>();
  #calls: readonly ToolCall[] = [];

  constructor(
    sessionId: string,
    planOf: (text: string) => PlannedPrompt | undefined,
    violations: Violations,
  ) {
    this.#place = sessionId;
    this.#planOf = planOf;
    this.#violations = violations;
  }

  take(entry: JournalEntry, index: number): void {
    switch (entry.type) {
      case 'opened':
        if (index !== 0) this.#fail('does not fold', `a second opened entry at ${index}`);
        return;
      case 'prompt-accepted':
        return this.#accepted(entry);
      case 'model-responded':
        return this.#responded(entry.response.toolCalls, entry.response.text);
      case 'step-ended':
        if (this.#active) this.#active.lossesInARow = 0;
        this.#keep(entry.changes);
        for (const result of entry.results) this.#answered(result);
        return this.#compare();
      case 'effect-ended':
        this.#keep(entry.changes);
        this.#answered(entry.result);
        return this.#compare();
      case 'call-settled':
        return this.#answered(entry.result);
      case 'step-lost':
        if (this.#active && entry.reason !== 'cancelled') this.#active.lossesInARow += 1;
        return;
      case 'prompt-ended':
        return this.#ended(entry);
      case 'restored':
        return this.#restored(entry);
      case 'step-began':
      case 'attempts-failed':
      case 'compacted':
      case 'effect-began':
      case 'budget-reached':
      case 'budget-set':
      case 'resumed':
      case 'taken-up':
      case 'quarantined':
      case 'released':
      case 'closed':
        return;
    }
  }

  compareWith(entries: readonly JournalEntry[]): void {
    try {
      const record = SessionRecord.fold(entries);
      const files = new Map<string, string | Uint8Array>(Object.entries(FIRST_FILES));
      for (const [path, bytes] of record.overlay) {
        if (bytes) files.set(path, bytes);
        else files.delete(path);
      }
      if (treeHash(files) !== treeHash(this.#kept)) this.#fail('wrong tree', 'the record’s files are others');
      const waiting = [record.active, ...record.queue].flatMap((prompt) => prompt?.promptId ?? []);
      if (waiting.join() !== this.#waiting.map(({ promptId }) => promptId).join()) {
        this.#fail('does not fold', `the record waits for ${waiting.join() || 'nothing'}`);
      }
      if (record.active) return;
      checkConversation(record.conversation.messages, this.#place, this.#violations);
      checkConversation(record.conversation.sent, this.#place, this.#violations);
    } catch (error) {
      this.#fail('does not fold', String(error));
    }
  }

  get #active(): JournaledPrompt | undefined {
    return this.#waiting[0];
  }

  #accepted(entry: Extract<JournalEntry, { type: 'prompt-accepted' }>): void {
    const { promptId, text, idempotencyKey } = entry;
    for (const other of this.prompts.values()) {
      const again = other.promptId === promptId || other.text === text;
      if (again) this.#fail('doubled prompt', `${text} was accepted as ${other.promptId} and ${promptId}`);
    }
    const prompt: JournaledPrompt = {
      promptId,
      text,
      key: idempotencyKey,
      stopReason: null,
      errorCode: null,
      tree: '',
      results: new Map(),
      responses: 0,
      lossesInARow: 0,
    };
    this.prompts.set(promptId, prompt);
    this.#waiting.push(prompt);
  }

  #responded(calls: readonly ToolCall[], text: string): void {
    const prompt = this.#active;
    if (!prompt) return this.#fail('wrong response', 'a model response without a prompt');
    this.#checkAnswers(prompt);
    checkResponse(this.#planOf(prompt.text), prompt.responses, calls, text, (detail) =>
      this.#fail('wrong response', `${prompt.text}, turn ${prompt.responses}: ${detail}`),
    );
    prompt.responses += 1;
    this.#calls = calls;
  }

  #answered(result: ToolResult): void {
    const prompt = this.#active;
    const index = this.#calls.findIndex(({ id }) => id === result.callId);
    if (!prompt || index < 0) {
      return this.#fail('wrong result', `an answer to no call of the turn: ${result.callId}`);
    }
    const key = resultKey(prompt.responses, result.callId);
    if (prompt.results.has(key)) {
      return this.#fail('answered twice', `${prompt.text}, ${result.name} ${result.callId}`);
    }
    prompt.results.set(key, result);
    const planned = this.#planOf(prompt.text)?.turns[prompt.responses - 1]?.[index];
    if (!planned) return;
    const wrong = checkResult(planned, result);
    if (wrong !== undefined) this.#fail('wrong result', `${prompt.text}, ${result.name}: ${wrong}`);
    if (!planned.op || result.isError) return;
    this.#touched.add(planned.op.path);
    const problem = applyOp(this.#planned, planned.op);
    if (problem !== undefined) this.#fail('wrong result', `${prompt.text}, ${result.name}: ${problem}`);
  }

  #ended(entry: Extract<JournalEntry, { type: 'prompt-ended' }>): void {
    const prompt = this.prompts.get(entry.promptId);
    const place = this.#waiting.findIndex(({ promptId }) => promptId === entry.promptId);
    if (!prompt) return this.#fail('order', `${entry.promptId} ended and was never accepted`);
    if (place < 0) return this.#fail('ended twice', `${prompt.text} (${entry.stopReason})`);
    prompt.stopReason = entry.stopReason;
    prompt.errorCode = entry.error?.code ?? null;
    if (place === 0) this.#checkAnswers(prompt);
    if (place > 0 && entry.stopReason === 'end')
      this.#fail('order', `${prompt.text} overtook another prompt`);
    const plan = this.#planOf(prompt.text);
    if (entry.stopReason === 'end' && plan && prompt.responses !== plan.turns.length + 1) {
      this.#fail('wrong response', `${prompt.text} ended after ${prompt.responses} responses`);
    }
    this.#waiting.splice(place, 1);
    if (place === 0) this.#calls = [];
    if (place === 0) this.#points.set(prompt.promptId, new Map(this.#planned));
    prompt.tree = treeHash(this.#planned);
    if (prompt.tree !== treeHash(this.#kept))
      this.#fail('wrong tree', `after ${prompt.text}: ${this.#difference()}`);
  }

  /** Back at a point, or, in a fork, where another session's journal has to be believed. */
  #restored(entry: Extract<JournalEntry, { type: 'restored' }>): void {
    const { from, overlay } = entry;
    if (this.#active) this.#fail('order', `${this.#active.text} is in progress, and the session is restored`);
    this.#kept.clear();
    for (const [path, text] of Object.entries(FIRST_FILES)) this.#kept.set(path, text);
    this.#keep(overlay);
    this.#touched.clear();
    const isFork = from.sessionId !== this.#place;
    const tree = isFork
      ? new Map([...this.#kept.keys()].map((path) => [path, this.#textOf(path)!]))
      : this.#points.get(from.promptId);
    if (!tree) return this.#fail('wrong tree', `restored to ${from.promptId}, which has not ended`);
    this.#planned.clear();
    for (const [path, text] of tree) this.#planned.set(path, text);
    if (isFork) this.#points.set(null, tree);
    if (treeHash(this.#planned) !== treeHash(this.#kept)) {
      this.#fail('wrong tree', `restored to ${from.promptId}: ${this.#difference()}`);
    }
  }

  #checkAnswers(prompt: JournaledPrompt): void {
    for (const { id, name } of this.#calls) {
      if (prompt.results.has(resultKey(prompt.responses, id))) continue;
      this.#fail('unanswered call', `${prompt.text}, turn ${prompt.responses}, ${name}`);
    }
  }

  #keep(changes: readonly { readonly path: string; readonly bytes: Uint8Array | null }[]): void {
    for (const { path, bytes } of changes) {
      if (bytes) this.#kept.set(path, bytes);
      else this.#kept.delete(path);
      this.#touched.add(path);
    }
  }

  /** A file that is wrong now may be right again when the prompt ends. */
  #compare(): void {
    for (const path of this.#touched) {
      if (this.#textOf(path) === this.#planned.get(path)) continue;
      this.#fail('wrong tree', `${this.#active?.text ?? 'no prompt'}: ${path}`);
    }
    this.#touched.clear();
  }

  #textOf(path: string): string | undefined {
    const kept = this.#kept.get(path);
    return kept === undefined ? undefined : Buffer.from(kept).toString();
  }

  #difference(): string {
    const paths = new Set([...this.#planned.keys(), ...this.#kept.keys()]);
    return [...paths].filter((path) => this.#textOf(path) !== this.#planned.get(path)).join(', ');
  }

  #fail(kind: string, detail: string): void {
    this.#violations.add(kind, this.#place, detail);
  }
}
