import type { Dialect } from '../model/dialect.ts';
import type { Message } from '../model/message.ts';
import type { ToolCall, ToolResult } from '../tools/tool.ts';

/** What has been encoded of a conversation in one dialect. */
interface Encoding {
  text: string;
  /** How many messages are in it. */
  count: number;
}

/**
 * A session's messages. Each is encoded once for each dialect that the session's models speak, because the whole history
 * goes out with every model call: joining text is cheap, encoding a long history again and again is not. Messages are
 * encoded when they are first wanted: a fork that is never asked anything has no text of its own.
 */
export class Conversation {
  readonly #messages: Message[] = [];
  #length = 0;
  readonly #encodings = new Map<string, Encoding>();

  get messages(): readonly Message[] {
    return this.#messages;
  }

  /** The inside of a JSON array of all messages. */
  encoded(dialect: Dialect): string {
    let encoding = this.#encodings.get(dialect.key);
    if (!encoding) {
      encoding = { text: '', count: 0 };
      this.#encodings.set(dialect.key, encoding);
    }
    for (; encoding.count < this.#messages.length; encoding.count += 1) {
      const text = dialect.encode(this.#messages[encoding.count]!);
      if (text !== '') encoding.text = encoding.text === '' ? text : `${encoding.text},${text}`;
    }
    return encoding.text;
  }

  /** Characters of the messages, roughly; nothing is encoded for it. */
  get length(): number {
    return this.#length;
  }

  /** Keeps the first `keptCount` messages and adds others after them. */
  restore(keptCount: number, messages: readonly Message[]): void {
    if (keptCount > this.#messages.length) {
      throw new RangeError(`${keptCount} of ${this.#messages.length} messages cannot be kept`);
    }
    for (const [key, { count }] of this.#encodings) if (keptCount < count) this.#encodings.delete(key);
    for (const message of this.#messages.splice(keptCount)) this.#length -= lengthOf(message);
    for (const message of messages) this.#add(message);
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
    this.#messages.push(message);
    this.#length += lengthOf(message);
  }
}

function lengthOf(message: Message): number {
  const calls = message.role === 'assistant' ? (message.tool_calls ?? []) : [];
  return calls.reduce(
    (length, call) => length + call.function.arguments.length,
    message.content?.length ?? 0,
  );
}
