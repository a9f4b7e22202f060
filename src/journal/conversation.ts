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
 * A session's messages. Each is encoded once, when it is added, because the whole history goes out with every
 * model call: joining text is cheap, encoding a long history again and again is not.
 */
export class Conversation {
  readonly #messages: Message[] = [];
  #encoded = '';

  get messages(): readonly Message[] {
    return this.#messages;
  }

  /** The inside of a JSON array of all messages. */
  get encoded(): string {
    return this.#encoded;
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
    const text = JSON.stringify(message);
    this.#encoded = this.#encoded === '' ? text : `${this.#encoded},${text}`;
  }
}
