import { ModelError } from '../errors.ts';
import { AttemptClock, type DeadlineName } from './attempt-clock.ts';
import { weighedLength } from './content.ts';
import { EventStreamReader } from './event-stream.ts';
import type {
  ModelAttempt,
  ModelDeadlines,
  ModelEvent,
  ModelRequest,
  ModelResponse,
  Usage,
} from './model.ts';
import { parseObject } from './parse-event.ts';
import { readRateLimits } from './rate-limits.ts';
import { estimateUsage } from './read-usage.ts';
import type { RedactedResponse } from './redacted-response.ts';
import type { ResponseAccumulator } from './response-accumulator.ts';
import type { StreamedType } from './streamed-text.ts';
import type { AnswerHead, AnswerReader, Exchange, StreamedPost, Transport } from './transport.ts';

/** More than this of an error body is not read. */
const MAX_ERROR_BYTES = 64 * 1024;
/** More than this of one response is not read. */
const MAX_RESPONSE_BYTES = 256 * 1024 * 1024;

/** Who makes attempts: knows what depends on the provider. */
export interface AttemptOwner {
  /** The response with what it does not say itself. */
  complete(response: ModelResponse, request: ModelRequest): ModelResponse;
  /** What an answer says that is no response, by its text or the beginning of it. */
  refusal(head: AnswerHead, text: string): ModelError;
  /** What is told of a failure. @param usage  of what had come by then: it is paid for all the same */
  failure(error: unknown, usage: Usage | undefined): ModelError;
}

export interface AttemptOptions {
  readonly owner: AttemptOwner;
  readonly request: ModelRequest;
  readonly deadlines: ModelDeadlines;
  readonly accumulator: ResponseAccumulator;
  readonly redacted: RedactedResponse;
  /** `[DONE]` is enough of an end. */
  readonly lenient: boolean;
  readonly onEvent: (event: ModelEvent) => void;
}

/**
 * - `waiting` — for the head of the answer
 * - `events` — an event stream is read
 * - `text` — something else is gathered: an error, a response in one piece, a page
 * - `over` — the terminal event is told; terminal
 */
type AttemptState = 'waiting' | 'events' | 'text' | 'over';

/** One request, from its sending to its terminal event. */
export class Attempt implements ModelAttempt, AnswerReader {
  readonly #options: AttemptOptions;
  readonly #clock: AttemptClock;
  readonly #events = new EventStreamReader();
  #state: AttemptState = 'waiting';
  #exchange: Exchange | undefined;
  #head: AnswerHead | undefined;
  #byteCount = 0;
  /** What is gathered in the state `text`. */
  #parts: Buffer[] = [];

  constructor(options: AttemptOptions) {
    this.#options = options;
    this.#clock = new AttemptClock(options.deadlines, (deadline, afterMs) => this.#late(deadline, afterMs));
  }

  /** @param toPost  what it throws is what the attempt fails with */
  send(transport: Transport, toPost: () => StreamedPost): void {
    if (this.#isOver) return;
    try {
      this.#exchange = transport.post(toPost(), this);
    } catch (error) {
      this.fail(error);
    }
  }

  cancel(): void {
    const error = new ModelError({ kind: 'cancelled', message: 'the model call was cancelled' });
    this.#close(error, error);
  }

  /** Ends the attempt with this error, unless it is over. */
  fail(error: unknown, reason = new Error('the attempt is over')): void {
    this.#tell('reasoning', this.#options.redacted.cutOff('reasoning'));
    this.#tell('text', this.#options.redacted.cutOff('text'));
    this.#close(error, reason);
  }

  connected(): void {
    this.#clock.enter('first byte');
  }

  head(head: AnswerHead): void {
    this.#clock.enter('idle');
    this.#head = head;
    const isStream = head.status === 200 && contentType(head).includes('text/event-stream');
    this.#state = isStream ? 'events' : 'text';
    if (head.status === 200) this.#options.onEvent({ type: 'began', limits: readRateLimits(head) });
  }

  bytes(bytes: Buffer): void {
    this.#byteCount += bytes.length;
    try {
      if (this.#state === 'events') this.#readEvents(this.#events.push(bytes));
      else if (this.#state === 'text') this.#gather(bytes);
    } catch (error) {
      this.fail(error);
    }
  }

  ended(): void {
    try {
      if (this.#state === 'events') this.#readEvents(this.#events.end());
      else this.#readText();
    } catch (error) {
      this.fail(error);
    }
    this.#finish(false);
  }

  failed(error: Error): void {
    if (this.#isPaidFor) this.#finish(false);
    else this.fail(error);
  }

  get #isOver(): boolean {
    return this.#state === 'over';
  }

  /** The response is whole: what breaks or is late after that is only its usage. */
  get #isPaidFor(): boolean {
    return this.#state === 'events' && this.#options.accumulator.isFinished;
  }

  #late(deadline: DeadlineName, afterMs: number): void {
    const missing = deadline === 'total' ? 'end' : deadline === 'idle' ? 'content' : deadline;
    const error = new ModelError({
      kind: 'timeout',
      message: `no ${missing} within ${afterMs} ms (${deadline} deadline)`,
      retryable: true,
    });
    if (!this.#isPaidFor) return this.fail(error, error);
    this.#exchange?.abort(error);
    this.#finish(false);
  }

  #readEvents(events: readonly string[]): void {
    if (this.#byteCount > MAX_RESPONSE_BYTES) {
      throw new ModelError({
        kind: 'bad-response',
        message: `the response is longer than ${MAX_RESPONSE_BYTES} bytes`,
      });
    }
    const { accumulator } = this.#options;
    const before = accumulator.contentCount;
    let isDone = false;
    for (const data of events) {
      isDone = data.trimEnd() === '[DONE]';
      if (isDone) break;
      accumulator.push(data);
    }
    // An event that brings nothing is a sign of life of the server, not of the model.
    if (accumulator.contentCount > before) this.#clock.content();
    this.#tellArrived();
    if (isDone) this.#finish(true);
  }

  #gather(bytes: Buffer): void {
    this.#parts.push(bytes);
    if (this.#byteCount >= this.#maxTextBytes) {
      this.#readText();
      this.#finish(false);
    }
  }

  /** No event stream: a server that ignores `stream`, whose answer is as good, or else an error or a proxy's page. */
  #readText(): void {
    this.#exchange?.leave();
    const head = this.#head!;
    const text = Buffer.concat(this.#parts).toString(
      'utf8',
      0,
      Math.min(this.#byteCount, this.#maxTextBytes),
    );
    const { accumulator, owner } = this.#options;
    if (head.status === 200 && isJson(head) && parseObject(text)) accumulator.push(text);
    if (!accumulator.isFinished) throw owner.refusal(head, text);
    this.#tellArrived();
  }

  get #maxTextBytes(): number {
    const head = this.#head!;
    return head.status === 200 && isJson(head) ? MAX_RESPONSE_BYTES : MAX_ERROR_BYTES;
  }

  /** Nothing more is read. @param isDone  `[DONE]` was */
  #finish(isDone: boolean): void {
    if (this.#isOver) return;
    const { accumulator, lenient, owner, redacted, request } = this.#options;
    this.#exchange?.leave();
    try {
      const response = accumulator.end(isDone && lenient);
      this.#tell('reasoning', redacted.rest('reasoning'));
      this.#tell('text', redacted.rest('text'));
      const usage = accumulator.hasUsage ? response.usage : estimate(request, accumulator);
      this.#end({ type: 'end', response: owner.complete(redacted.whole({ ...response, usage }), request) });
    } catch (error) {
      this.fail(error);
    }
  }

  #tellArrived(): void {
    const { accumulator, redacted } = this.#options;
    for (const { type, text } of accumulator.takeArrived()) this.#tell(type, redacted.piece(type, text));
  }

  #tell(type: StreamedType, text: string): void {
    if (text !== '' && !this.#isOver) this.#options.onEvent({ type, text });
  }

  /** @param reason  why the exchange ends: what a recording keeps of it */
  #close(error: unknown, reason: Error): void {
    if (this.#isOver) return;
    const { accumulator, owner, request } = this.#options;
    // Before the end is told: what was told was recorded.
    this.#exchange?.abort(reason);
    const usage = accumulator.contentCount > 0 ? estimate(request, accumulator) : undefined;
    this.#end({ type: 'failed', error: owner.failure(error, usage) });
  }

  #end(event: ModelEvent): void {
    if (this.#isOver) return;
    this.#state = 'over';
    this.#clock.stop();
    this.#options.onEvent(event);
  }
}

function contentType(head: AnswerHead): string {
  return head.header('content-type') ?? 'text/event-stream';
}

function isJson(head: AnswerHead): boolean {
  return contentType(head).includes('application/json');
}

function estimate({ messages, tools }: ModelRequest, { chars }: ResponseAccumulator): Usage {
  return estimateUsage(weighedLength(messages) + (tools?.length ?? 0), chars);
}
