import type { ToolCall, ToolResult } from '../tools/tool.ts';

/** One message of a session, in the form of Chat Completions: what providers, logs and other tools read. */
export type Message =
  | { readonly role: 'system'; readonly content: string }
  | { readonly role: 'user'; readonly content: string }
  | {
      readonly role: 'assistant';
      readonly content: string | null;
      readonly tool_calls?: readonly {
        readonly id: string;
        readonly type: 'function';
        readonly function: { readonly name: string; readonly arguments: string };
      }[];
    }
  | { readonly role: 'tool'; readonly tool_call_id: string; readonly content: string };

/**
 * A session's messages. Each is encoded once, because the whole history goes out with every model call: joining text is
 * cheap, encoding a long history again and again is not. Messages that were restored are another session's objects too,
 * and are encoded when they are first wanted: a fork that is never asked anything has no text of its own.
 */
export class Conversation {
  readonly #messages: Message[] = [];
  #encoded = '';
  /** How many of the messages are in {@link #encoded}. */
  #encodedCount = 0;
  /** Characters of the others, roughly. */
  #restLength = 0;

  get messages(): readonly Message[] {
    return this.#messages;
  }

  /** The inside of a JSON array of all messages. */
  get encoded(): string {
    for (const message of this.#messages.slice(this.#encodedCount)) this.#encode(message);
    this.#restLength = 0;
    return this.#encoded;
  }

  /** Characters of {@link encoded}, roughly; nothing is encoded for it. */
  get length(): number {
    return this.#encoded.length + this.#restLength;
  }

  /** Keeps the first `keptCount` messages and adds others after them. */
  restore(keptCount: number, messages: readonly Message[]): void {
    if (keptCount > this.#messages.length) {
      throw new RangeError(`${keptCount} of ${this.#messages.length} messages cannot be kept`);
    }
    if (keptCount < this.#encodedCount) {
      this.#encoded = '';
      this.#encodedCount = 0;
    }
    this.#messages.length = keptCount;
    for (const message of messages) this.#messages.push(message);
    this.#restLength = this.#messages
      .slice(this.#encodedCount)
      .reduce((length, message) => length + lengthOf(message), 0);
  }

  addSystem(content: string): void {
    this.#add({ role: 'system', content });
  }

  addUser(content: string): void {
    this.#add({ role: 'user', content });
  }

  addAssistant(text: string, calls: readonly ToolCall[]): void {
    const content = text === '' && calls.length > 0 ? null : text;
    if (calls.length === 0) {
      this.#add({ role: 'assistant', content });
      return;
    }
    const tool_calls = calls.map((call) => ({
      id: call.id,
      type: 'function' as const,
      function: { name: call.name, arguments: call.arguments === '' ? '{}' : call.arguments },
    }));
    this.#add({ role: 'assistant', content, tool_calls });
  }

  addResult(result: ToolResult): void {
    this.#add({ role: 'tool', tool_call_id: result.callId, content: result.content });
  }

  #add(message: Message): void {
    const isNext = this.#encodedCount === this.#messages.length;
    this.#messages.push(message);
    if (isNext) this.#encode(message);
    else this.#restLength += lengthOf(message);
  }

  #encode(message: Message): void {
    const text = JSON.stringify(message);
    this.#encoded = this.#encoded === '' ? text : `${this.#encoded},${text}`;
    this.#encodedCount += 1;
  }
}

function lengthOf(message: Message): number {
  const calls = message.role === 'assistant' ? (message.tool_calls ?? []) : [];
  return calls.reduce(
    (length, call) => length + call.function.arguments.length,
    message.content?.length ?? 0,
  );
}
