import { ModelError } from '../errors.ts';
import { providerError } from './classify-error.ts';
import {
  NO_USAGE,
  UNKNOWN_COST,
  type Cost,
  type FinishReason,
  type ModelEvent,
  type ModelResponse,
  type Usage,
} from './model.ts';
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
  readonly finish_reason?: unknown;
  readonly usage?: unknown;
}

interface Delta {
  readonly content?: unknown;
  readonly refusal?: unknown;
  readonly reasoning_content?: unknown;
  readonly reasoning?: unknown;
  readonly reasoning_text?: unknown;
  readonly tool_calls?: readonly ToolCallPiece[] | null;
}

const FINISH_REASONS: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool-calls',
  function_call: 'tool-calls',
  content_filter: 'content-filter',
};

/** Text or reasoning that has come in since the last look. */
interface Arrived {
  readonly type: 'text' | 'reasoning';
  text: string;
}

/** From the chunks of one stream to its response. */
export class ChatAccumulator {
  readonly #calls = new ToolCallAccumulator();
  readonly #template = new TextTemplate();
  #text = '';
  #reasoning = '';
  #arrived: Arrived[] = [];
  #finishReason: FinishReason | undefined;
  #usage: Usage | undefined;
  #model = '';
  /** Pieces of text, reasoning or calls so far: what a reader would call content. */
  contentCount = 0;

  /** @throws {ModelError} for an error event, an unknown finish reason, or a chunk that makes no sense */
  push(data: string): void {
    const text = this.#template.match(data);
    if (text === undefined) this.#parse(data);
    else this.#add('text', text);
  }

  /** The text and reasoning that came since the last call, pieces of one kind that follow each other joined. */
  takeArrived(): readonly ModelEvent[] {
    const arrived = this.#arrived;
    if (arrived.length > 0) this.#arrived = [];
    return arrived;
  }

  #parse(data: string): void {
    const chunk = parseChunk(data);
    if (chunk.error !== undefined && chunk.error !== null) throw providerError(chunk.error);
    if (typeof chunk.model === 'string' && chunk.model !== '') this.#model = chunk.model;
    if (chunk.usage) this.#usage = readUsage(chunk.usage);
    const choice = Array.isArray(chunk.choices) ? (chunk.choices as readonly Choice[])[0] : undefined;
    // Another than the first choice is another answer, not more of this one.
    if (!choice || (typeof choice.index === 'number' && choice.index !== 0)) return;
    if (choice.usage) this.#usage = readUsage(choice.usage);
    if (choice.delta) this.#delta(choice.delta);
    this.#finish(choice.finish_reason);
    if (isPlainText(chunk, choice)) this.#template.learn(data, choice.delta.content);
  }

  /**
   * The stream is over.
   * @param done  `[DONE]` was seen, and the provider is one for which that is enough
   * @throws {ModelError} `incomplete-stream` when the response is not whole
   */
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
    return {
      text: this.#text,
      reasoning: this.#reasoning,
      toolCalls,
      finishReason: !whole ? finishReason : toolCalls.length > 0 ? 'tool-calls' : 'stop',
      usage: this.#usage ?? NO_USAGE,
      model: this.#model,
    };
  }

  /** Whether the finish reason has come: only usage can follow. */
  get isFinished(): boolean {
    return this.#finishReason !== undefined;
  }

  /** Whether the provider reported tokens. */
  get hasUsage(): boolean {
    return this.#usage !== undefined;
  }

  /** What `[DONE]` alone means: nothing, unless everything that was begun is whole. */
  #impliedFinish(): FinishReason | undefined {
    if (this.#calls.size === 0) return this.#text === '' ? undefined : 'stop';
    return this.#calls.calls().every((call) => isJson(call.arguments)) ? 'tool-calls' : undefined;
  }

  #delta(delta: Delta): void {
    const { content } = delta;
    if (typeof content === 'string') this.#add('text', content);
    else if (Array.isArray(content)) this.#addParts(content);
    if (typeof delta.refusal === 'string') this.#add('text', delta.refusal);
    this.#add('reasoning', firstText(delta.reasoning_content, delta.reasoning, delta.reasoning_text));
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

  #add(type: 'text' | 'reasoning', text: string): void {
    if (text === '') return;
    this.contentCount += 1;
    if (type === 'text') this.#text += text;
    else this.#reasoning += text;
    const last = this.#arrived.at(-1);
    if (last?.type === type) last.text += text;
    else this.#arrived.push({ type, text });
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
    firstText(delta.reasoning_content, delta.reasoning, delta.reasoning_text) === '' &&
    !chunk.usage &&
    !choice.usage &&
    !choice.finish_reason
  );
}

function parseChunk(data: string): Chunk {
  let chunk: unknown;
  try {
    chunk = JSON.parse(data);
  } catch (cause) {
    throw new ModelError({
      kind: 'bad-response',
      message: 'the provider sent an event that is not JSON',
      cause,
    });
  }
  if (typeof chunk !== 'object' || chunk === null) {
    throw new ModelError({ kind: 'bad-response', message: 'the provider sent an event that is no object' });
  }
  return chunk;
}

function firstText(...candidates: readonly unknown[]): string {
  for (const candidate of candidates) {
    if (typeof candidate === 'string' && candidate !== '') return candidate;
  }
  return '';
}

/** The beginning of a JSON text: what is malformed otherwise is the model's own fault, and the tool tells it so. */
function isCutJson(text: string): boolean {
  try {
    JSON.parse(text);
    return false;
  } catch (error) {
    const reason = String((error as Error).message);
    const at = /at position (\d+)/.exec(reason);
    const endsEarly = at !== null && Number(at[1]) >= text.length;
    return endsEarly || /Unexpected end|Unterminated/.test(reason);
  }
}

function isJson(text: string): boolean {
  if (text === '') return true;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function readUsage(raw: unknown): Usage {
  const usage = raw as Record<string, unknown>;
  const inside = (key: string): Record<string, unknown> => (usage[key] ?? {}) as Record<string, unknown>;
  const inputTokens = count(usage['prompt_tokens']);
  const outputTokens = count(usage['completion_tokens']);
  return {
    inputTokens,
    outputTokens,
    totalTokens: count(usage['total_tokens']) || inputTokens + outputTokens,
    reasoningTokens: count(inside('completion_tokens_details')['reasoning_tokens']),
    cachedTokens:
      count(inside('prompt_tokens_details')['cached_tokens']) || count(usage['prompt_cache_hit_tokens']),
    cacheWriteTokens: count(inside('prompt_tokens_details')['cache_write_tokens']),
    estimated: false,
    cost: costOf(usage['cost']),
  };
}

/** OpenRouter's own figure, in credits of one US dollar. */
function costOf(usd: unknown): Cost {
  if (typeof usd !== 'number' || !Number.isFinite(usd) || usd < 0) return UNKNOWN_COST;
  return { usd, basis: 'provider', unpriced: 0 };
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0;
}
