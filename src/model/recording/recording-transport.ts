import { StringDecoder } from 'node:string_decoder';
import { ModelError } from '../../errors.ts';
import type { Redactor } from '../../redactor.ts';
import type { AnswerHead, AnswerReader, Exchange, StreamedPost, Transport } from '../transport.ts';
import { recordedError, RECORDING_VERSION, type RecordedAnswer, type RecordedEnd } from './exchange.ts';
import { cleanReads } from './clean-reads.ts';
import type { ExchangeWriter } from './exchange-writer.ts';
import { NOBODY } from './exchange-name.ts';

/** Others may name the account. */
const KEPT_HEADER = /^content-type$|^retry-after|ratelimit/;

/**
 * Keeps what goes through another transport, as the client sees it: an exchange is on disk before the client knows its
 * end, so that what was journalled was recorded. What cannot be kept is told to the writer's owner, and goes through all
 * the same.
 */
export class RecordingTransport implements Transport {
  readonly #inner: Transport;
  readonly #provider: string;
  readonly #writer: ExchangeWriter;
  readonly #redactor: Redactor;

  constructor(
    inner: Transport,
    options: { readonly provider: string; readonly writer: ExchangeWriter; readonly redactor: Redactor },
  ) {
    this.#inner = inner;
    this.#provider = options.provider;
    this.#writer = options.writer;
    this.#redactor = options.redactor;
  }

  post(request: StreamedPost, reader: AnswerReader): Exchange {
    const draft = new ExchangeDraft(request, this.#provider, this.#redactor, this.#writer);
    const exchange = this.#inner.post(request, new RecordingReader(reader, draft));
    return {
      abort(reason) {
        draft.end(howItWasLeft(reason));
        exchange.abort(reason);
      },
      leave() {
        draft.end({ how: 'left' }, { isWhole: true });
        exchange.leave();
      },
    };
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}

/** Notes what is told and passes it on. */
class RecordingReader implements AnswerReader {
  readonly #inner: AnswerReader;
  readonly #draft: ExchangeDraft;

  constructor(inner: AnswerReader, draft: ExchangeDraft) {
    this.#inner = inner;
    this.#draft = draft;
  }

  connected(): void {
    this.#inner.connected();
  }

  head(head: AnswerHead): void {
    this.#draft.begin(head);
    this.#inner.head(head);
  }

  bytes(bytes: Buffer): void {
    this.#draft.read(bytes);
    this.#inner.bytes(bytes);
  }

  ended(): void {
    this.#draft.end({ how: 'ended' });
    this.#inner.ended();
  }

  failed(error: Error): void {
    this.#draft.end(howItFailed(error));
    this.#inner.failed(error);
  }
}

type EndWithoutTime = RecordedEnd extends infer End
  ? End extends unknown
    ? Omit<End, 'afterMs'>
    : never
  : never;

function howItFailed(error: Error): EndWithoutTime {
  return { how: 'failed', error: recordedError(error) };
}

/** A deadline has passed, the call was cancelled, or the client has seen enough. */
function howItWasLeft(reason: Error): EndWithoutTime {
  if (!(reason instanceof ModelError)) return { how: 'left' };
  return reason.kind === 'cancelled' ? { how: 'cancelled' } : howItFailed(reason);
}

/** An exchange as far as it has come; written once, at its end. */
class ExchangeDraft {
  readonly #post: StreamedPost;
  readonly #provider: string;
  readonly #redactor: Redactor;
  readonly #writer: ExchangeWriter;
  readonly #number: number;
  readonly #startedAt = new Date();
  readonly #startedMs = performance.now();
  readonly #decoder = new StringDecoder('utf8');
  readonly #reads: [afterMs: number, text: string][] = [];
  #head: Omit<RecordedAnswer, 'reads'> | undefined;
  #isOver = false;

  constructor(post: StreamedPost, provider: string, redactor: Redactor, writer: ExchangeWriter) {
    this.#post = post;
    this.#provider = provider;
    this.#redactor = redactor;
    this.#writer = writer;
    this.#number = writer.begin();
  }

  begin({ status, header, headerNames }: AnswerHead): void {
    const headers = headerNames()
      .filter((name) => KEPT_HEADER.test(name))
      .map((name) => [name, this.#redactor.redact(header(name) ?? '')]);
    this.#head = { status, headers: Object.fromEntries(headers), afterMs: this.#nowMs() };
  }

  read(bytes: Buffer): void {
    this.#reads.push([this.#nowMs(), this.#decoder.write(bytes)]);
  }

  /** @param options.isWhole  the client has taken the answer for a whole one */
  end(how: EndWithoutTime, { isWhole }: { readonly isWhole: boolean } = { isWhole: false }): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { sessionId, turn, attempt } = this.#post.origin ?? NOBODY;
    const { url } = this.#post;
    const redactor = this.#redactor;
    const body = redactor.redact(this.#post.body);
    this.#writer.write(
      { number: this.#number, isBodyRedacted: body !== this.#post.body },
      {
        version: RECORDING_VERSION,
        sessionId,
        turn,
        attempt,
        provider: this.#provider,
        path: redactor.redact(url.pathname + url.search),
        startedAt: this.#startedAt.toISOString(),
        body,
        answer: this.#head ? { ...this.#head, reads: cleanReads(this.#reads, redactor, isWhole) } : null,
        end: this.#cleanEnd(how),
      },
    );
  }

  #cleanEnd(how: EndWithoutTime): RecordedEnd {
    const afterMs = this.#nowMs();
    if (how.how !== 'failed') return { how: how.how, afterMs };
    const message = this.#redactor.redactMessage(how.error.message);
    return { how: 'failed', afterMs, error: { ...how.error, message } };
  }

  #nowMs(): number {
    return Math.round(performance.now() - this.#startedMs);
  }
}
