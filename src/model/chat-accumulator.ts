import { ModelError } from '../errors.ts';
import { providerError } from './classify-error.ts';
import { isCutJson, isWholeJson } from './cut-json.ts';
import { NO_USAGE, type FinishReason, type ModelResponse, type Usage } from './model.ts';
import { parseEvent } from './parse-event.ts';
import { readChatUsage } from './read-usage.ts';
import { ReasoningDetails } from './reasoning-details.ts';
import type { ResponseAccumulator } from './response-accumulator.ts';
import { StreamedText, type Arrived } from './streamed-text.ts';
import { TextTemplate } from './text-template.ts';
import { ToolCallAccumulator, type ToolCallPiece } from './tool-call-accumulator.ts';

/** A chunk of a Chat Completions stream, as far as it is read. Nothing of it is certain. */
interface Chunk {
  readonly model?: unknown;
  readonly error?: unknown;
  readonly usage?: unknown;
  readonly choices?: readonly Choice[] | null;
}

interface Choice {
  readonly index?: unknown;
  readonly delta?: Delta | null;
  /** In the body of an answer that is no stream: all of it in one. */
  readonly message?: Delta | null;
  readonly finish_reason?: unknown;
  readonly usage?: unknown;
}

interface Delta {
  readonly content?: unknown;
  readonly refusal?: unknown;
  readonly reasoning_content?: unknown;
  readonly reasoning?: unknown;
  readonly reasoning_text?: unknown;
  readonly reasoning_details?: unknown;
  readonly tool_calls?: readonly ToolCallPiece[] | null;
}

const FINISH_REASONS: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool-calls',
  function_call: 'tool-calls',
  content_filter: 'content-filter',
};

/** From the chunks of one stream to its response. */
export class ChatAccumulator implements ResponseAccumulator {
  readonly #calls = new ToolCallAccumulator();
  readonly #template = new TextTemplate('content');
  readonly #streamed = new StreamedText();
  readonly #details = new ReasoningDetails();
  #finishReason: FinishReason | undefined;
  #usage: Usage | undefined;
  #model = '';
  contentCount = 0;

  /** @throws {ModelError} for an error event, an unknown finish reason, or a chunk that makes no sense */
  push(data: string): void {
    const text = this.#template.match(data);
    if (text === undefined) this.#parse(data);
    else this.#add('text', text);
  }

  takeArrived(): readonly Arrived[] {
    return this.#streamed.take();
  }

  #parse(data: string): void {
    const chunk: Chunk = parseEvent(data);
    if (chunk.error !== undefined && chunk.error !== null) throw providerError(chunk.error);
    if (typeof chunk.model === 'string' && chunk.model !== '') this.#model = chunk.model;
    if (chunk.usage) this.#usage = readChatUsage(chunk.usage);
    const choice = Array.isArray(chunk.choices) ? (chunk.choices as readonly Choice[])[0] : undefined;
    // Another than the first choice is another answer, not more of this one.
    if (!choice || (typeof choice.index === 'number' && choice.index !== 0)) return;
    if (choice.usage) this.#usage = readChatUsage(choice.usage);
    const delta = choice.delta ?? choice.message;
    if (delta) this.#delta(delta);
    this.#finish(choice.finish_reason);
    if (isPlainText(chunk, choice)) this.#template.learn(data, choice.delta.content);
  }

  end(done: boolean): ModelResponse {
    const finishReason = this.#finishReason ?? (done ? this.#impliedFinish() : undefined);
    if (!finishReason) {
      throw new ModelError({
        kind: 'incomplete-stream',
        message: 'the stream ended without a finish reason; nothing of it was used',
        retryable: true,
      });
    }
    // Calls of a response that was cut off or filtered may be half of what was meant: they are not run.
    const whole = finishReason === 'stop' || finishReason === 'tool-calls';
    const toolCalls = whole ? this.#calls.calls() : [];
    // `stop` is what a stop sequence in the middle of a call says too.
    if (finishReason === 'stop' && toolCalls.some((call) => isCutJson(call.arguments))) {
      throw new ModelError({
        kind: 'incomplete-stream',
        message: 'the response stopped inside the arguments of a tool call; nothing of it was used',
        retryable: true,
      });
    }
    const { text, reasoning } = this.#streamed;
    const details = this.#details.whole();
    return {
      text,
      reasoning,
      toolCalls,
      finishReason: !whole ? finishReason : toolCalls.length > 0 ? 'tool-calls' : 'stop',
      usage: this.#usage ?? NO_USAGE,
      model: this.#model,
      ...(details.length > 0 && { reasoningDetails: details }),
    };
  }

  get isFinished(): boolean {
    return this.#finishReason !== undefined;
  }

  get hasUsage(): boolean {
    return this.#usage !== undefined;
  }

  get chars(): number {
    return this.#streamed.text.length + this.#streamed.reasoning.length + this.#calls.chars;
  }

  /** What `[DONE]` alone means: nothing, unless everything that was begun is whole. */
  #impliedFinish(): FinishReason | undefined {
    if (this.#calls.size === 0) return this.#streamed.text === '' ? undefined : 'stop';
    return this.#calls.calls().every((call) => isWholeJson(call.arguments)) ? 'tool-calls' : undefined;
  }

  #delta(delta: Delta): void {
    const { content } = delta;
    if (typeof content === 'string') this.#add('text', content);
    else if (Array.isArray(content)) this.#addParts(content);
    if (typeof delta.refusal === 'string') this.#add('text', delta.refusal);
    this.#add('reasoning', firstText(delta.reasoning_content, delta.reasoning, delta.reasoning_text));
    if (Array.isArray(delta.reasoning_details)) this.#addDetails(delta.reasoning_details);
    if (Array.isArray(delta.tool_calls)) {
      for (const [position, piece] of delta.tool_calls.entries()) {
        if (typeof piece !== 'object' || piece === null) continue;
        this.contentCount += 1;
        this.#calls.add(piece as ToolCallPiece, position);
      }
    }
  }

  /** Content as a list of parts, as Mistral sends it: thinking, whose own content is a list, and text. */
  #addParts(parts: readonly unknown[]): void {
    for (const part of parts as readonly { type?: unknown; text?: unknown; thinking?: unknown }[]) {
      if (part?.type === 'text' && typeof part.text === 'string') this.#add('text', part.text);
      if (part?.type === 'thinking' && Array.isArray(part.thinking)) {
        for (const thought of part.thinking as readonly { text?: unknown }[]) {
          if (typeof thought?.text === 'string') this.#add('reasoning', thought.text);
        }
      }
    }
  }

  #addDetails(details: readonly unknown[]): void {
    for (const [position, detail] of details.entries()) {
      if (this.#details.add(detail, position)) this.contentCount += 1;
    }
  }

  #add(type: 'text' | 'reasoning', text: string): void {
    if (text === '') return;
    this.contentCount += 1;
    this.#streamed.add(type, text);
  }

  #finish(reason: unknown): void {
    if (typeof reason !== 'string' || reason === '') return;
    const known = Object.hasOwn(FINISH_REASONS, reason) ? FINISH_REASONS[reason] : undefined;
    if (!known) {
      throw new ModelError({
        kind: 'provider',
        message: `the provider ended the response with "${reason}"`,
        retryable: true,
      });
    }
    this.#finishReason = known;
  }
}

/** Nothing but a piece of text: what most chunks are. */
function isPlainText(
  chunk: Chunk,
  choice: Choice,
): choice is Choice & { readonly delta: { readonly content: string } } {
  const { delta } = choice;
  return (
    typeof delta?.content === 'string' &&
    delta.content !== '' &&
    !delta.refusal &&
    !delta.tool_calls &&
    !delta.reasoning_details &&
    firstText(delta.reasoning_content, delta.reasoning, delta.reasoning_text) === '' &&
    !chunk.usage &&
    !choice.usage &&
    !choice.finish_reason
  );
}

function firstText(...candidates: readonly unknown[]): string {
  for (const candidate of candidates) {
    if (typeof candidate === 'string' && candidate !== '') return candidate;
  }
  return '';
}
