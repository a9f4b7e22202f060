import { textOf as saidIn } from '../../../src/model/content.ts';
import type { Message } from '../../../src/model/message.ts';
import type { JournalEntry } from '../../../src/journal/entries.ts';
import type { ToolCall, ToolResult } from '../../../src/tools/tool.ts';
import type { FileChange } from '../../../src/workspace/workspace.ts';

/** What a session was right after a prompt, or at its start. */
export interface ModelPoint {
  readonly promptId: string | null;
  /** One line a message; see {@link lineOf}. */
  readonly messages: readonly string[];
  /** Changed files over the first ones, in order of last change; null: deleted. */
  readonly files: ReadonlyMap<string, string | null>;
  /** Where its prompt began. */
  readonly previous: ModelPoint | null;
}

/**
 * What a session is and was at each point, said once more without the product's own fold: a mistake there must not be
 * made here too. Takes journal entries in order.
 */
export class SessionModel {
  readonly points = new Map<string | null, ModelPoint>();
  #messages: string[] = [];
  #files = new Map<string, string | null>();
  #system: string | null = null;
  /** The prompts that have not ended; the first is in progress. */
  #waiting: { readonly promptId: string; readonly text: string }[] = [];
  #hasAsked = false;
  #calls: readonly ToolCall[] = [];
  readonly #results = new Map<string, ToolResult>();
  #current: ModelPoint = { promptId: null, messages: [], files: new Map(), previous: null };

  constructor() {
    this.points.set(null, this.#current);
  }

  /** The latest point. */
  get current(): ModelPoint {
    return this.#current;
  }

  /** Model responses in the conversation. */
  get responseCount(): number {
    return this.#messages.filter((line) => line.startsWith('assistant ')).length;
  }

  /** Any entry but a restored one. */
  take(entry: JournalEntry): void {
    switch (entry.type) {
      case 'prompt-accepted':
        this.#waiting.push(entry);
        return;
      case 'step-ended':
        this.#system ??= entry.opening?.system ?? null;
        this.#change(entry.changes);
        this.#answer(...entry.results);
        if (entry.next.wait === 'model') this.#ask();
        return;
      case 'model-responded': {
        const { text, toolCalls } = entry.response;
        this.#closeTurn();
        this.#messages.push(assistantLine(text, toolCalls));
        this.#calls = toolCalls;
        return;
      }
      case 'effect-ended':
        this.#change(entry.changes);
        this.#answer(entry.result);
        return;
      case 'call-settled':
        this.#answer(entry.result);
        return;
      case 'prompt-ended':
        this.#ended(entry.promptId);
        return;
      default:
        return;
    }
  }

  /**
   * An undo, or the beginning of a fork.
   * @param from  the point that the entry names: of this session, or of the one that it was forked from
   * @returns what is wrong
   */
  restore(entry: Extract<JournalEntry, { type: 'restored' }>, from: ModelPoint): string | undefined {
    const messages = [...this.#messages.slice(0, entry.keptMessages), ...entry.messages.map(lineOf)];
    const files = new Map(entry.overlay.map(({ path, bytes }) => [path, textOf(bytes)] as const));
    this.#messages = messages;
    this.#files = files;
    this.#system ??= entry.opening?.system ?? null;
    const isUndo = this.points.get(from.promptId) === from;
    // A fork's start is what it took over.
    this.#current = isUndo ? from : { ...from, promptId: null, previous: null };
    if (!isUndo) this.points.set(null, this.#current);
    if (messages.join('\n') !== from.messages.join('\n')) {
      return `restored to ${from.promptId} it has the messages ${messages.join(' | ')}, there were ${from.messages.join(' | ')}`;
    }
    // In the same order, too: a listing shows it.
    const [has, had] = [files, from.files].map((map) => JSON.stringify([...map]));
    return has === had
      ? undefined
      : `restored to ${from.promptId} it has the files ${has}, there were ${had}`;
  }

  /** The prompt in progress has come to its thread. */
  #ask(): void {
    const [active] = this.#waiting;
    if (!active || this.#hasAsked) return;
    if (this.#messages.length === 0 && this.#system !== null) this.#messages.push(`system ${this.#system}`);
    this.#messages.push(`user ${active.text}`);
    this.#hasAsked = true;
  }

  #ended(promptId: string): void {
    const isActive = this.#waiting[0]?.promptId === promptId;
    this.#waiting = this.#waiting.filter((prompt) => prompt.promptId !== promptId);
    if (isActive) {
      this.#closeTurn();
      this.#hasAsked = false;
      this.#current = {
        promptId,
        messages: [...this.#messages],
        files: new Map(this.#files),
        previous: this.#current,
      };
    }
    this.points.set(promptId, this.#current);
  }

  /** Results are told in the order of the calls. */
  #closeTurn(): void {
    for (const { id } of this.#calls) {
      const result = this.#results.get(id);
      if (result) this.#messages.push(`tool ${id} ${result.content}`);
    }
    this.#calls = [];
    this.#results.clear();
  }

  #answer(...results: readonly ToolResult[]): void {
    for (const result of results) this.#results.set(result.callId, result);
  }

  #change(changes: readonly FileChange[]): void {
    for (const { path, bytes } of changes) {
      this.#files.delete(path);
      this.#files.set(path, textOf(bytes));
    }
  }
}

/** A message as the model has it. */
export function lineOf(message: Message): string {
  if (message.role === 'tool') return `tool ${message.tool_call_id} ${message.content}`;
  if (message.role !== 'assistant') return `${message.role} ${saidIn(message.content)}`;
  const calls = (message.tool_calls ?? []).map(({ id, function: { name } }) => ({ id, name }));
  return assistantLine(message.content ?? '', calls);
}

function assistantLine(
  text: string,
  calls: readonly { readonly id: string; readonly name: string }[],
): string {
  return `assistant ${text} [${calls.map(({ id, name }) => `${id}:${name}`).join(' ')}]`;
}

function textOf(bytes: Uint8Array | null): string | null {
  return bytes && Buffer.from(bytes).toString();
}
