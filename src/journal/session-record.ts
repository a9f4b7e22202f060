import { charsPerTokenOf } from '../context/context-book.ts';
import { weightOf } from '../context/estimate.ts';
import { loopError, loopNote, type Repetition } from '../context/loops.ts';
import type { KeptReasoning } from '../model/message.ts';
import { NO_USAGE, type ModelResponse, type Usage } from '../model/model.ts';
import { addUsage } from '../model/usage.ts';
import type { BudgetOptions, ReachedBudget } from '../protocol/budget.ts';
import type { Opening, SessionSpec, StepInput, StepNext } from '../protocol/messages.ts';
import { READING_TOOLS } from '../tools/keep-output.ts';
import { namedTools } from '../tools/presets.ts';
import type { ToolCall, ToolResult } from '../tools/tool.ts';
import { isScratch } from '../workspace/scratch.ts';
import type { FileChange } from '../workspace/workspace.ts';
import {
  addFailedAttempts,
  beginPrompt,
  type ActivePrompt,
  type PromptPhase,
  type QueuedPrompt,
  type Turn,
} from './active-prompt.ts';
import { Conversation } from './conversation.ts';
import type { JournalEntry, PromptError, StopReason } from './entries.ts';

/** What the coordinator does next for a session: a function of its record alone, so that recovery is only a fold. */
export type Move =
  | { readonly do: 'rest' }
  | { readonly do: 'step'; readonly input: StepInput }
  | { readonly do: 'model' }
  | { readonly do: 'effects'; readonly calls: readonly ToolCall[] }
  | { readonly do: 'end'; readonly stopReason: StopReason; readonly error: PromptError | null };

type HostToolNames = ReadonlyMap<string, { readonly idempotent: boolean }>;

/** Most sessions have none, and an empty map of its own is 200 bytes of each. */
const NO_HOST_TOOLS: HostToolNames = new Map();

/** The state of a session: the fold of its journal and nothing else. One owner, the session's driver. */
export class SessionRecord {
  readonly spec: SessionSpec;
  readonly conversation = new Conversation();
  /** Changed files over the base images, in order of last change; null = deleted. */
  readonly overlay = new Map<string, Uint8Array | null>();
  /** The step that the overlay is the result of; see `StepTask.volumeOf`. */
  volumeOf = 0;
  /** What outside tools changed since that step, and what its thread has otherwise than it was kept. */
  hostChanges: FileChange[] = [];
  opening: Opening | null = null;
  active: ActivePrompt | null = null;
  queue: QueuedPrompt[] = [];
  usage: Usage = NO_USAGE;
  turns = 0;
  closed = false;
  /** Of the latest prompt; see `Mailbox`. Not a count: a number whose entry could not be written is in no journal. */
  lastPromptNumber = 0;
  /** Prompts in a row that ended with `crashed` while no step came to its end; see `QUARANTINE_AFTER`. */
  crashes = 0;
  /** Why it takes no prompts; null while it does. */
  quarantine: string | null = null;
  /** What it may spend; null for no limit of its own. */
  budget: BudgetOptions | null;
  /** The limit that the active prompt waits at; null while it waits at none. */
  pausedAt: ReachedBudget | null = null;
  /** The prompt that ended last or was gone back to: what an active one has done is after it. Null at the start. */
  point: string | null = null;
  /** Prompts that were given an idempotency key, by that key; those that were undone too: a key is never free again. */
  readonly promptsByKey = new Map<string, QueuedPrompt>();
  /** Of this conversation, by what the provider counted last; null while no provider has. See `weightOf`. */
  charsPerToken: number | null = null;

  #toolsWeight: { readonly of: string | null; readonly weight: number } = { of: null, weight: 0 };
  #overlayBytes = 0;
  readonly #hostTools: HostToolNames;

  constructor(spec: SessionSpec) {
    this.spec = spec;
    this.budget = spec.budget ?? null;
    const hostTools = spec.tools.flatMap((tool) =>
      tool.kind === 'host' ? [[tool.name, tool] as const] : [],
    );
    this.#hostTools = hostTools.length === 0 ? NO_HOST_TOOLS : new Map(hostTools);
  }

  /** Rebuilds a record; the first entry must be `opened`. */
  static fold(entries: readonly JournalEntry[]): SessionRecord {
    const [opened, ...rest] = entries;
    if (opened?.type !== 'opened') throw new TypeError('a journal begins with an `opened` entry');
    const record = new SessionRecord(opened.spec);
    for (const entry of rest) record.apply(entry);
    return record;
  }

  /** Built-in tools of the session that open files. */
  get readers(): readonly string[] {
    const { tools, skills } = this.spec;
    const named = tools.flatMap((tool) => (tool.kind === 'named' ? namedTools(tool.name, skills) : []));
    return READING_TOOLS.filter((name) => named.some((tool) => tool.name === name));
  }

  /** Changed files that the session comes to; see {@link isScratch}. */
  get changedFileCount(): number {
    let count = 0;
    for (const path of this.overlay.keys()) if (!isScratch(path)) count += 1;
    return count;
  }

  /** Whether the tool of this call is a function of the caller, run on the main thread. */
  isHostTool(name: string): boolean {
    return this.#hostTools.has(name);
  }

  /** Roughly what it takes in memory: messages, twice (as objects and encoded), and changed files. */
  get byteLength(): number {
    return 2 * this.conversation.length + this.#overlayBytes;
  }

  /** What the model is sent, tools included, as `weightOf` weighs it. */
  get sentWeight(): number {
    return this.conversation.sentWeight + this.toolsWeight;
  }

  /** Of the definitions of the tools that the model is offered. */
  get toolsWeight(): number {
    const tools = this.opening?.tools ?? null;
    if (this.#toolsWeight.of !== tools) this.#toolsWeight = { of: tools, weight: weightOf(tools ?? '') };
    return this.#toolsWeight.weight;
  }

  /** The active prompt has its last answer: a response that asked for nothing. */
  get isAnswered(): boolean {
    return this.active?.phase.at === 'over' && this.active.phase.stopReason !== 'max-turns';
  }

  /** The active prompt has used up its tool rounds; calls that the model asks for now are not run. */
  get isAtTurnLimit(): boolean {
    return this.active !== null && this.spec.maxTurns > 0 && this.active.roundsDone >= this.spec.maxTurns;
  }

  /** The call is an outside effect whose intent is journalled: it may have happened. */
  hasBegun(callId: string): boolean {
    return this.active?.turn?.begun.has(callId) ?? false;
  }

  /** Calls of the open turn that have no result yet. */
  get unansweredCalls(): readonly ToolCall[] {
    const turn = this.active?.turn;
    return turn ? turn.calls.filter((call) => !turn.results.has(call.id)) : [];
  }

  /**
   * Calls whose intent is journalled and whose result is not, in a record that nobody drives: the process ended in
   * between, so they may have happened. Those that may be run again are left out.
   */
  get unknownOutcomes(): readonly ToolCall[] {
    return this.unansweredCalls.filter((call) => this.hasBegun(call.id) && !this.isIdempotent(call.name));
  }

  /** The tool of this call may be run again when its result was lost. */
  isIdempotent(name: string): boolean {
    return this.#hostTools.get(name)?.idempotent ?? false;
  }

  apply(entry: JournalEntry): void {
    switch (entry.type) {
      case 'opened':
        throw new TypeError('a journal has one `opened` entry, the first');
      case 'step-began':
        if (this.active) this.active.openStepId = entry.stepId;
        return;
      case 'prompt-accepted':
        return this.#accepted(entry);
      case 'step-ended':
        return this.#stepEnded(entry);
      case 'step-lost':
        return this.#stepLost(entry);
      case 'restored':
        return this.#restored(entry);
      case 'taken-up':
        if (this.active) this.active.processLosses += 1;
        return;
      case 'call-settled':
        if (this.active) gotOn(this.active);
        this.#settle(entry.result);
        return this.#leaveOutside();
      case 'model-responded':
        return this.#modelResponded(entry);
      case 'attempts-failed':
        if (this.active)
          this.usage = addUsage(this.usage, addFailedAttempts(this.active, entry.failedAttempts));
        return;
      case 'compacted':
        return this.#compacted(entry);
      case 'effect-began':
        this.active?.turn?.begun.add(entry.callId);
        return this.#leaveOutside();
      case 'effect-ended':
        this.#change(entry.changes);
        this.hostChanges.push(...entry.changes);
        this.#settle(entry.result);
        return this.#leaveOutside();
      case 'budget-reached': {
        const { type: _, at: __, ...reached } = entry;
        this.pausedAt = reached.action === 'pause' ? reached : null;
        return;
      }
      case 'resumed':
        this.pausedAt = null;
        return;
      case 'budget-set':
        this.budget = entry.budget;
        return;
      case 'prompt-ended':
        return this.#promptEnded(entry);
      case 'quarantined':
        this.quarantine = entry.reason;
        return;
      case 'released':
        this.quarantine = null;
        this.crashes = 0;
        return;
      case 'closed':
        this.closed = true;
        return;
    }
  }

  /** What to do next. */
  nextMove(): Move {
    const { active } = this;
    if (!active) return { do: 'rest' };
    switch (active.phase.at) {
      case 'prompt':
        return { do: 'step', input: { type: 'prompt' } };
      case 'model':
        return { do: 'model' };
      case 'turn':
        return { do: 'step', input: turnInput(active) };
      case 'outside': {
        const { callIds } = active.phase;
        const calls = this.unansweredCalls.filter((call) => callIds.includes(call.id));
        return { do: 'effects', calls };
      }
      case 'over':
        return { do: 'end', stopReason: active.phase.stopReason, error: active.phase.error };
    }
  }

  #accepted(entry: Extract<JournalEntry, { type: 'prompt-accepted' }>): void {
    const { promptId, text, content, schema, priority, idempotencyKey, at } = entry;
    const body = { text, ...(content ? { content } : {}), ...(schema ? { schema } : {}) };
    const prompt: QueuedPrompt = { promptId, ...body, priority, acceptedAt: at };
    this.lastPromptNumber = Number(promptId.slice(promptId.lastIndexOf('/') + 1));
    this.queue.push(prompt);
    if (idempotencyKey !== undefined) this.promptsByKey.set(idempotencyKey, prompt);
    this.#activateNext();
  }

  #stepEnded(entry: Extract<JournalEntry, { type: 'step-ended' }>): void {
    if (entry.threadless) {
      // The files are as they were; a first one gives them a number that no thread has yet.
      if (this.volumeOf === 0) this.volumeOf = entry.stepId;
    } else {
      this.crashes = 0;
      this.volumeOf = entry.stepId;
      const { changes, redacted = [] } = entry;
      this.hostChanges = changes.filter(({ path }) => redacted.includes(path));
      this.#change(changes);
    }
    if (entry.opening) this.opening = entry.opening;
    const { active } = this;
    if (!active) return;
    gotOn(active);
    active.openStepId = null;
    for (const result of entry.results) this.#settle(result);
    if (entry.next.wait === 'nothing') {
      active.phase = overAfter(entry.next);
      if (entry.next.stopReason !== 'invalid-output') active.output = entry.next.output ?? null;
    } else if (entry.next.wait === 'repair') {
      this.conversation.addUser(entry.next.message);
      active.isRepaired = true;
      active.turn = null;
      active.phase = { at: 'model' };
    } else if (entry.next.wait === 'outside') {
      active.phase = { at: 'outside', callIds: entry.next.callIds };
    } else if (active.phase.at === 'prompt') {
      if (this.conversation.messages.length === 0 && this.opening?.system) {
        this.conversation.addSystem(this.opening.system);
      }
      active.textAt = this.conversation.messages.length;
      this.conversation.addUser(active.content ?? active.text);
      active.phase = { at: 'model' };
    } else if (active.turn && this.unansweredCalls.length === 0) {
      const { loops } = this.spec;
      active.repeated = loops ? active.loops.take(active.turn.calls, active.turn.results) : [];
      this.#closeTurn(active.turn, active.repeated);
      active.turn = null;
      active.roundsDone += 1;
      const error = loops && loopError(active.repeated, loops);
      active.phase = error ? { at: 'over', stopReason: 'loop', error } : { at: 'model' };
    }
  }

  #stepLost({ reason, suspects }: Extract<JournalEntry, { type: 'step-lost' }>): void {
    if (!this.active) return;
    this.active.openStepId = null;
    // Ended by us, for no fault of its own.
    if (reason === 'cancelled') return;
    if (reason === 'process') this.active.processLosses += 1;
    else this.active.losses += 1;
    const deaths = this.active.turn?.deaths;
    for (const callId of suspects) deaths?.set(callId, (deaths.get(callId) ?? 0) + 1);
  }

  #modelResponded(entry: Extract<JournalEntry, { type: 'model-responded' }>): void {
    const { active } = this;
    if (!active) return;
    const { response } = entry;
    const { inputTokens, estimated } = response.usage;
    // Another model counts otherwise.
    if (!estimated && inputTokens > 0 && entry.model === undefined) {
      this.charsPerToken = charsPerTokenOf(this.sentWeight, inputTokens) ?? this.charsPerToken;
    }
    this.usage = addUsage(this.usage, addFailedAttempts(active, entry.failedAttempts));
    this.conversation.addAssistant(response.text, response.toolCalls, keptReasoning(response));
    this.usage = addUsage(this.usage, response.usage);
    this.turns += 1;
    active.usage = addUsage(active.usage, response.usage);
    active.turns += 1;
    active.reply = response.text;
    active.finishReason = response.finishReason;
    active.turn = {
      text: response.text,
      usage: response.usage,
      calls: response.toolCalls,
      results: new Map(),
      begun: new Set(),
      deaths: new Map(),
    };
    active.repeated = [];
    active.phase = { at: 'turn' };
  }

  #compacted({ compaction, usage }: Extract<JournalEntry, { type: 'compacted' }>): void {
    this.conversation.compact(compaction);
    if (!usage) return;
    this.usage = addUsage(this.usage, usage);
    if (this.active) this.active.usage = addUsage(this.active.usage, usage);
  }

  #promptEnded(entry: Extract<JournalEntry, { type: 'prompt-ended' }>): void {
    const { promptId, stopReason, failedAttempts } = entry;
    if (stopReason === 'crashed') this.crashes += 1;
    this.queue = this.queue.filter((prompt) => prompt.promptId !== promptId);
    if (this.active?.promptId === promptId) {
      this.usage = addUsage(this.usage, addFailedAttempts(this.active, failedAttempts));
      if (this.active.turn) this.#closeTurn(this.active.turn);
      this.active = null;
      this.pausedAt = null;
      this.point = promptId;
      this.#activateNext();
    }
  }

  #restored(entry: Extract<JournalEntry, { type: 'restored' }>): void {
    const { from, keptMessages, messages, compaction, overlay, opening, stepId } = entry;
    if (this.active) throw new TypeError('a session is restored between its prompts');
    this.conversation.restore(keptMessages, messages, compaction);
    this.overlay.clear();
    this.#overlayBytes = 0;
    this.#change(overlay);
    this.hostChanges = [];
    if (opening) this.opening = opening;
    // 0 has the first step say what requests begin with.
    this.volumeOf = this.opening ? stepId : 0;
    this.point = from.sessionId === this.spec.sessionId ? from.promptId : null;
  }

  /** Every call of a turn gets exactly one result, in call order: providers refuse a history that lacks one. */
  #closeTurn(turn: Turn, repeated: readonly Repetition[] = []): void {
    const { loops } = this.spec;
    for (const call of turn.calls) {
      const result = turn.results.get(call.id);
      if (!result) continue;
      const count = repeated.find(({ callId }) => callId === call.id)?.count ?? 0;
      const isWarned = loops && count >= loops.warnAfter;
      const content = isWarned ? result.content + loopNote(count) : result.content;
      this.conversation.addResult({ ...result, content });
    }
  }

  /** Leaves `outside` when every call there is answered, or allowed to run in the session's thread. */
  #leaveOutside(): void {
    const { active } = this;
    if (active?.phase.at !== 'outside' || !active.turn) return;
    const { turn } = active;
    const settled = active.phase.callIds.every((callId) => {
      if (turn.results.has(callId)) return true;
      const call = turn.calls.find((candidate) => candidate.id === callId);
      return call !== undefined && turn.begun.has(callId) && !this.isHostTool(call.name);
    });
    if (settled) active.phase = { at: 'turn' };
  }

  #settle(result: ToolResult): void {
    this.active?.turn?.results.set(result.callId, result);
  }

  #change(changes: readonly FileChange[]): void {
    for (const { path, bytes } of changes) {
      this.#overlayBytes += (bytes?.length ?? 0) - (this.overlay.get(path)?.length ?? 0);
      this.overlay.delete(path);
      this.overlay.set(path, bytes);
    }
  }

  #activateNext(): void {
    if (this.active) return;
    const next = this.queue.shift();
    if (!next) return;
    this.active = beginPrompt(next);
  }
}

/** Undefined when there was none, and of responses that an earlier version kept. */
function keptReasoning({ reasoning, reasoningDetails = [], from }: ModelResponse): KeptReasoning | undefined {
  if (!from || (reasoning === '' && reasoningDetails.length === 0)) return undefined;
  return { from, text: reasoning, details: reasoningDetails };
}

/** Losses are counted until something is achieved. */
function gotOn(active: ActivePrompt): void {
  active.losses = 0;
  active.processLosses = 0;
}

function overAfter(next: Extract<StepNext, { wait: 'nothing' }>): PromptPhase {
  const { stopReason } = next;
  const error = stopReason === 'invalid-output' ? { code: 'output_invalid', message: next.problem } : null;
  return { at: 'over', stopReason, error };
}

function turnInput(active: ActivePrompt): StepInput {
  const { turn, schema } = active;
  const answer = schema &&
    turn?.calls.length === 0 && {
      text: turn.text,
      schema,
      isCut: active.finishReason === 'length',
      isRepair: active.isRepaired,
    };
  return {
    type: 'turn',
    roundsDone: active.roundsDone,
    calls: turn?.calls ?? [],
    settled: turn ? [...turn.results.values()] : [],
    begun: turn ? [...turn.begun] : [],
    ...(answer ? { answer } : {}),
  };
}
