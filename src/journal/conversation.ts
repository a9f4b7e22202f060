import type { Dialect } from '../model/dialect.ts';
import type { KeptReasoning, Message } from '../model/message.ts';
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
    const messages = this.#messages;
    const last = messages.length - 1;
    const keptCount = dialect.encodeLast ? Math.max(0, last) : messages.length;
    let encoding = this.#encodings.get(dialect.key);
    // An undo can make the last message of one that was not.
    if (!encoding || encoding.count > keptCount) {
      encoding = { text: '', count: 0 };
      this.#encodings.set(dialect.key, encoding);
    }
    for (; encoding.count < keptCount; encoding.count += 1) {
      encoding.text = joined(encoding.text, dialect.encode(messages, encoding.count));
    }
    if (!dialect.encodeLast || last < 0) return encoding.text;
    return joined(encoding.text, dialect.encodeLast(messages, last));
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

  addAssistant(text: string, calls: readonly ToolCall[], reasoning?: KeptReasoning): void {
    const content = text === '' && calls.length > 0 ? null : text;
    const kept = reasoning && { reasoning };
    if (calls.length === 0) {
      this.#add({ role: 'assistant', content, ...kept });
      return;
    }
    const tool_calls = calls.map((call) => ({
      id: call.id,
      type: 'function' as const,
      function: { name: call.name, arguments: call.arguments === '' ? '{}' : call.arguments },
    }));
    this.#add({ role: 'assistant', content, tool_calls, ...kept });
  }

  addResult(result: ToolResult): void {
    this.#add({ role: 'tool', tool_call_id: result.callId, content: result.content });
  }

  #add(message: Message): void {
    this.#messages.push(message);
    this.#length += lengthOf(message);
  }
}

function joined(text: string, more: string): string {
  if (more === '') return text;
  return text === '' ? more : `${text},${more}`;
}

function lengthOf(message: Message): number {
  const length = message.content?.length ?? 0;
  if (message.role !== 'assistant') return length;
  const { tool_calls: calls = [], reasoning } = message;
  const details = reasoning && reasoning.details.length > 0 ? JSON.stringify(reasoning.details).length : 0;
  return calls.reduce(
    (sum, call) => sum + call.function.arguments.length,
    length + (reasoning?.text.length ?? 0) + details,
  );
}
