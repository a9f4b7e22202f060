import { describeContent } from '../model/content.ts';
import type { Message } from '../model/message.ts';
import type { ModelResponse } from '../model/model.ts';
import type { Redactor } from '../redactor.ts';

/** A part of a message, as the conventions' JSON schemas have them. */
type Part =
  | { readonly type: 'text' | 'reasoning'; readonly content: string }
  | { readonly type: 'tool_call'; readonly id: string; readonly name: string; readonly arguments: unknown }
  | { readonly type: 'tool_call_response'; readonly id: string; readonly response: string };

/**
 * Content for a trace: without known secrets and without what looks like one. A trace leaves the machine and is read by
 * others, as a log is.
 */
export class TraceContent {
  readonly #redactor: Redactor;

  constructor(redactor: Redactor) {
    this.#redactor = redactor;
  }

  /** `gen_ai.input.messages`. */
  input(messages: readonly Message[]): string {
    return JSON.stringify(messages.map((message) => ({ role: message.role, parts: this.#parts(message) })));
  }

  /** `gen_ai.output.messages`. */
  output({ text, reasoning, toolCalls, finishReason }: ModelResponse): string {
    const parts: Part[] = [];
    if (reasoning !== '') parts.push({ type: 'reasoning', content: this.text(reasoning) });
    if (text !== '') parts.push({ type: 'text', content: this.text(text) });
    for (const call of toolCalls) parts.push(this.#call(call.id, call.name, call.arguments));
    return JSON.stringify([{ role: 'assistant', parts, finish_reason: finishReason }]);
  }

  /** JSON as a model wrote it. */
  json(text: string): string {
    return this.text(this.#redactor.redactJson(text));
  }

  text(text: string): string {
    return this.#redactor.redactMessage(text);
  }

  #parts(message: Message): readonly Part[] {
    if (message.role === 'tool') {
      const { tool_call_id: id, content } = message;
      return [{ type: 'tool_call_response', id, response: this.text(content) }];
    }
    const parts: Part[] = [];
    const reasoning = message.role === 'assistant' ? message.reasoning?.text : undefined;
    if (reasoning) parts.push({ type: 'reasoning', content: this.text(reasoning) });
    // Images by name: a span is no place for megabytes.
    const said = describeContent(message.content ?? '');
    if (said !== '') parts.push({ type: 'text', content: this.text(said) });
    for (const { id, function: called } of message.role === 'assistant' ? (message.tool_calls ?? []) : []) {
      parts.push(this.#call(id, called.name, called.arguments));
    }
    return parts;
  }

  #call(id: string, name: string, args: string): Part {
    return { type: 'tool_call', id, name, arguments: parsed(this.json(args)) };
  }
}

/** The conventions want a value; a model may have written something else. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}
