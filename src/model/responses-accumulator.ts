import { ModelError } from '../errors.ts';
import type { ToolCall } from '../tools/tool.ts';
import { providerError } from './classify-error.ts';
import { NO_USAGE, type FinishReason, type ModelResponse, type Usage } from './model.ts';
import { newCallId } from './new-call-id.ts';
import { parseEvent } from './parse-event.ts';
import { readResponsesUsage } from './read-usage.ts';
import type { ResponseAccumulator } from './response-accumulator.ts';
import { asItem, type PieceField, type RawItem, type ResponsesItem } from './responses-item.ts';
import { ResponsesItems } from './responses-items.ts';
import { StreamedText, type Arrived } from './streamed-text.ts';
import { TextTemplate } from './text-template.ts';
import { MAX_CALLS, tooManyCalls } from './tool-call-accumulator.ts';

/** An event of a Responses stream, as far as it is read. Nothing of it is certain. */
interface Event {
  readonly type?: unknown;
  readonly object?: unknown;
  readonly error?: unknown;
  readonly response?: RawResponse | null;
  readonly item?: RawItem | null;
  readonly item_id?: unknown;
  readonly output_index?: unknown;
  readonly content_index?: unknown;
  readonly summary_index?: unknown;
  readonly delta?: unknown;
  readonly part?: unknown;
}

interface RawResponse {
  readonly status?: unknown;
  readonly model?: unknown;
  readonly output?: unknown;
  readonly usage?: unknown;
  readonly error?: unknown;
  readonly incomplete_details?: { readonly reason?: unknown } | null;
}

/** Where the pieces of an event go, and under which name its closing event has the whole. */
interface Channel {
  readonly field: PieceField;
  readonly whole: string;
  readonly shown?: 'text' | 'reasoning';
}

/** What a piece of text adds to: one part of one item. */
interface Place {
  readonly item: ResponsesItem;
  readonly channel: Channel;
  readonly at: number;
}

/** Event types without their `.delta` and `.done`. */
const CHANNELS: Readonly<Record<string, Channel>> = {
  'response.output_text': { field: 'text', whole: 'text', shown: 'text' },
  'response.refusal': { field: 'text', whole: 'refusal', shown: 'text' },
  'response.reasoning_summary_text': { field: 'summary', whole: 'text', shown: 'reasoning' },
  'response.reasoning_text': { field: 'thought', whole: 'text', shown: 'reasoning' },
  'response.function_call_arguments': { field: 'arguments', whole: 'arguments' },
  'response.custom_tool_call_input': { field: 'arguments', whole: 'input' },
  'response.apply_patch_call_operation_diff': { field: 'arguments', whole: 'diff' },
};

const LAST_EVENTS = new Set([
  'response.completed',
  'response.incomplete',
  'response.failed',
  'response.cancelled',
]);

const INCOMPLETE: Readonly<Record<string, FinishReason>> = {
  max_output_tokens: 'length',
  content_filter: 'content-filter',
};

/**
 * From the events of one Responses stream to its response. Deltas are for those who read along: where an item's end, or the
 * response's, says something else, that counts. A response without its last event is none.
 */
export class ResponsesAccumulator implements ResponseAccumulator {
  readonly #items = new ResponsesItems();
  readonly #streamed = new StreamedText();
  readonly #template = new TextTemplate('delta');
  /** Where deltas go that the template reads: where the learnt one went. Undefined where the last event was no delta. */
  #place: Place | undefined;
  #finishReason: FinishReason | undefined;
  #usage: Usage | undefined;
  #model = '';
  #chars = 0;
  /** Which paragraph of reasoning the last piece was of. */
  #paragraph: { readonly item: ResponsesItem; readonly at: number } | undefined;
  contentCount = 0;

  /** @throws {ModelError} for an error, a response that failed, or an event that makes no sense */
  push(data: string): void {
    const place = this.#place;
    const delta = place && this.#template.match(data);
    if (place === undefined || delta === undefined) this.#parse(data);
    else this.#addDelta(place, delta);
  }

  #parse(data: string): void {
    // Any other event may be the reason why the next delta goes elsewhere.
    this.#place = undefined;
    const event: Event & RawResponse = parseEvent(data);
    // Nothing follows the last event.
    if (this.isFinished) return;
    const type = typeof event.type === 'string' ? event.type : '';
    if (type === 'error' || (type === '' && event.error && event.object !== 'response'))
      throw providerError(event.error ?? event);
    // The body of an answer that is no stream is all of it in one.
    const response = event.object === 'response' ? event : event.response;
    if (typeof response?.model === 'string') this.#model = response.model;
    if (LAST_EVENTS.has(type) || response === event) this.#finish(type, response ?? {});
    else if (type === 'response.output_item.added') this.#items.find(event, true).begun = asItem(event.item);
    else if (type === 'response.output_item.done') this.#itemDone(event);
    else this.#piece(data, type, event);
  }

  takeArrived(): readonly Arrived[] {
    return this.#streamed.take();
  }

  get isFinished(): boolean {
    return this.#finishReason !== undefined;
  }

  get hasUsage(): boolean {
    return this.#usage !== undefined;
  }

  get chars(): number {
    return this.#chars;
  }

  end(done: boolean): ModelResponse {
    const finishReason = this.#finishReason ?? (done && this.#items.areEnded ? 'stop' : undefined);
    if (!finishReason) throw incomplete('the stream ended before its response did; nothing of it was used');
    const items = this.#items.inOrder();
    const toolCalls = finishReason === 'stop' ? this.#calls(items) : [];
    const details = finishReason === 'stop' ? detailsOf(items, toolCalls) : [];
    return {
      text: this.#whole('text'),
      reasoning: this.#whole('reasoning'),
      toolCalls,
      finishReason: toolCalls.length > 0 ? 'tool-calls' : finishReason,
      usage: this.#usage ?? NO_USAGE,
      model: this.#model,
      ...(details.length > 0 && { reasoningDetails: details }),
    };
  }

  #piece(data: string, type: string, event: Event): void {
    const [, name = '', end] = /^(.*)\.(delta|done)$/.exec(type) ?? [];
    const channel = Object.hasOwn(CHANNELS, name) ? CHANNELS[name] : undefined;
    if (!channel) return;
    const text = end === 'delta' ? event.delta : (event as Readonly<Record<string, unknown>>)[channel.whole];
    if (typeof text !== 'string') return;
    const item = this.#items.find(event, false);
    const index = channel.field === 'summary' ? event.summary_index : event.content_index;
    const place = { item, channel, at: Number.isInteger(index) ? (index as number) : 0 };
    if (end === 'delta') {
      this.#addDelta(place, text);
      if (this.#template.learn(data, text)) this.#place = place;
    } else this.#addNews(place, item.setWhole(channel.field, place.at, text));
  }

  #addDelta(place: Place, delta: string): void {
    place.item.addPiece(place.channel.field, place.at, delta);
    this.#addNews(place, delta);
  }

  #addNews({ item, channel: { shown }, at }: Place, news: string): void {
    if (news === '') return;
    this.contentCount += 1;
    this.#chars += news.length;
    if (shown === 'reasoning') this.#beginParagraph(item, at);
    if (shown) this.#streamed.add(shown, news);
  }

  /** Paragraphs of reasoning come as parts of their own, with nothing between. */
  #beginParagraph(item: ResponsesItem, at: number): void {
    const isSame = this.#paragraph?.item === item && this.#paragraph.at === at;
    this.#paragraph = { item, at };
    if (!isSame && this.#streamed.reasoning !== '') this.#streamed.add('reasoning', '\n\n');
  }

  #itemDone(event: Event): void {
    const item = this.#items.find(event, true);
    item.ended = asItem(event.item);
    this.contentCount += 1;
    this.#showRest();
  }

  #finish(type: string, response: RawResponse): void {
    const status = typeof response.status === 'string' ? response.status : type.slice('response.'.length);
    if (response.usage) this.#usage = readResponsesUsage(response.usage);
    if (Array.isArray(response.output)) this.#items.complete(response.output);
    if (status === 'completed') this.#finishReason = 'stop';
    else if (status === 'incomplete') this.#finishReason = incompleteReason(response);
    else throw providerError(response.error ?? { message: `the response's status is "${status}"` });
    this.#showRest();
  }

  /** What only the whole has brought is shown too, unless something else was shown in its place. */
  #showRest(): void {
    for (const type of ['reasoning', 'text'] as const) {
      const whole = this.#whole(type);
      const shown = this.#streamed[type];
      if (whole.length <= shown.length || !whole.startsWith(shown)) continue;
      const rest = whole.slice(shown.length);
      this.contentCount += 1;
      this.#chars += rest.length;
      this.#streamed.add(type, rest);
    }
  }

  #whole(type: 'text' | 'reasoning'): string {
    const items = this.#items.inOrder();
    if (type === 'text') return items.map((item) => (item.type === 'message' ? item.said : '')).join('');
    const thoughts = items.map((item) => (item.type === 'reasoning' ? item.thought : ''));
    return thoughts.filter((thought) => thought !== '').join('\n\n');
  }

  #calls(items: readonly ResponsesItem[]): ToolCall[] {
    const calls = items.filter(({ isCall }) => isCall);
    if (calls.length > MAX_CALLS) throw tooManyCalls();
    const ids = new Set<string>();
    return calls.map((item) => {
      const text = item.argumentText;
      if (text === undefined) {
        throw incomplete('the response ended without all of a tool call; nothing of it was used');
      }
      const id = item.callId === '' || ids.has(item.callId) ? newCallId() : item.callId;
      ids.add(id);
      return { id, name: item.name, arguments: text.trim() === '' ? '{}' : text };
    });
  }
}

/**
 * What has to go back as it came: everything, where there is reasoning that can go back, a message's phase, a call that is no
 * function's, or an order that text and calls alone do not show. Nothing, where it would be refused: a call without the
 * reasoning that led to it, a call whose id was made up here.
 */
function detailsOf(items: readonly ResponsesItem[], calls: readonly ToolCall[]): readonly unknown[] {
  const raw = items.flatMap(({ ended }) => ended ?? []);
  const types = items.map(({ type }) => type);
  const thoughts = raw.filter((_, index) => types[index] === 'reasoning');
  const goesBack = (thought: RawItem): boolean =>
    typeof thought.encrypted_content === 'string' ||
    (Array.isArray(thought.content) && thought.content.length > 0);
  const areIdsTheirs = calls.every(({ id }) => items.some(({ callId }) => callId === id));
  if (!areIdsTheirs || raw.length < items.length || !thoughts.every(goesBack)) return [];
  const isPlain =
    thoughts.length === 0 &&
    !raw.some(({ phase }) => typeof phase === 'string') &&
    types.every((type, index) => type === 'function_call' || (type === 'message' && index === 0));
  return isPlain ? [] : raw;
}

function incompleteReason({ incomplete_details: details }: RawResponse): FinishReason {
  const reason = typeof details?.reason === 'string' ? details.reason : '';
  const known = Object.hasOwn(INCOMPLETE, reason) ? INCOMPLETE[reason] : undefined;
  if (known) return known;
  throw new ModelError({
    kind: 'provider',
    message: `the provider ended the response with "${reason}"`,
    retryable: true,
  });
}

function incomplete(message: string): ModelError {
  return new ModelError({ kind: 'incomplete-stream', message, retryable: true });
}
