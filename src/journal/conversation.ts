import { project, type Compaction } from '../context/compaction.ts';
import { weightOfMessage } from '../context/estimate.ts';
import type { Dialect } from '../model/dialect.ts';
import { contentLength } from '../model/content.ts';
import type { KeptReasoning, Message, UserContent } from '../model/message.ts';
import type { ToolCall, ToolResult } from '../tools/tool.ts';

/** What has been encoded of a conversation in one dialect. */
interface Encoding {
  text: string;
  /** How many messages are in it. */
  count: number;
}

/**
 * A session's messages, and what of them is sent: all, unless a compaction says otherwise. Each is encoded once for each dialect that the session's models speak, because the whole history
 * goes out with every model call: joining text is cheap, encoding a long history again and again is not. Messages are
 * encoded when they are first wanted: a fork that is never asked anything has no text of its own.
 */
export class Conversation {
  readonly #messages: Message[] = [];
  #length = 0;
  #compaction: Compaction | null = null;
  /** The same array as the messages, while nothing is left out. */
  #sent = this.#messages;
  /** By dialect; undefined while nothing is encoded. */
  #encodings: Map<string, Encoding> | undefined;
  #weight = 0;
  #weighedCount = 0;

  get messages(): readonly Message[] {
    return this.#messages;
  }

  /** What a model is sent of them. */
  get sent(): readonly Message[] {
    return this.#sent;
  }

  /** Null while all is sent. */
  get compaction(): Compaction | null {
    return this.#compaction;
  }

  /** What is sent, as `weightOf` weighs it. */
  get sentWeight(): number {
    for (; this.#weighedCount < this.#sent.length; this.#weighedCount += 1) {
      this.#weight += weightOfMessage(this.#sent[this.#weighedCount]!);
    }
    return this.#weight;
  }

  /** The inside of a JSON array of the messages that are sent. */
  encoded(dialect: Dialect): string {
    const messages = this.#sent;
    const last = messages.length - 1;
    const keptCount = dialect.encodeLast ? Math.max(0, last) : messages.length;
    const encodings = (this.#encodings ??= new Map());
    let encoding = encodings.get(dialect.key);
    // An undo can make the last message of one that was not.
    if (!encoding || encoding.count > keptCount) {
      encoding = { text: '', count: 0 };
      encodings.set(dialect.key, encoding);
    }
    for (; encoding.count < keptCount; encoding.count += 1) {
      encoding.text = joined(encoding.text, dialect.encode(messages, encoding.count));
    }
    if (!dialect.encodeLast || last < 0) return encoding.text;
    return joined(encoding.text, dialect.encodeLast(messages, last));
  }

  /** Drops what has been encoded: it is as long as the messages, and made again when it is next wanted. */
  dropEncoded(): void {
    this.#encodings = undefined;
  }

  /** Characters of the messages, roughly; nothing is encoded for it. */
  get length(): number {
    return this.#length;
  }

  /** From now on this is what is sent. */
  compact(compaction: Compaction | null): void {
    this.#compaction = compaction;
    this.#sent = compaction ? [...project(this.#messages, compaction)] : this.#messages;
    this.#encodings = undefined;
    this.#weight = 0;
    this.#weighedCount = 0;
  }

  /** Keeps the first `keptCount` messages and adds others after them. @param compaction  of what it is then */
  restore(keptCount: number, messages: readonly Message[], compaction: Compaction | null = null): void {
    if (keptCount > this.#messages.length) {
      throw new RangeError(`${keptCount} of ${this.#messages.length} messages cannot be kept`);
    }
    const isAllSent = this.#compaction === null && compaction === null;
    for (const [key, { count }] of this.#encodings ?? []) if (keptCount < count) this.#encodings?.delete(key);
    for (const message of this.#messages.splice(keptCount)) this.#length -= lengthOf(message);
    for (const message of messages) this.#add(message);
    if (!isAllSent) return this.compact(compaction);
    this.#weight = 0;
    this.#weighedCount = 0;
  }

  addSystem(content: string): void {
    this.#add({ role: 'system', content });
  }

  addUser(content: UserContent): void {
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
    if (this.#sent !== this.#messages) this.#sent.push(message);
    this.#length += lengthOf(message);
  }
}

function joined(text: string, more: string): string {
  if (more === '') return text;
  return text === '' ? more : `${text},${more}`;
}

function lengthOf(message: Message): number {
  const length = contentLength(message.content ?? '');
  if (message.role !== 'assistant') return length;
  const { tool_calls: calls = [], reasoning } = message;
  const details = reasoning && reasoning.details.length > 0 ? JSON.stringify(reasoning.details).length : 0;
  return calls.reduce(
    (sum, call) => sum + call.function.arguments.length,
    length + (reasoning?.text.length ?? 0) + details,
  );
}
