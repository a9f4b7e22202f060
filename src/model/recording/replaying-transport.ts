import { setTimeout } from 'node:timers/promises';
import { ModelError } from '../../errors.ts';
import type { AnswerReader, Exchange, StreamedPost, Transport } from '../transport.ts';
import { replayedError, type RecordedAnswer, type RecordedEnd, type RecordedExchange } from './exchange.ts';
import { RecordedExchanges } from './recorded-exchanges.ts';
import type { ReplayTape } from './tape.ts';

/** Headers that say how long to wait, or how much is left: facts of the day of the recording. */
const TIMELY = /^retry-after|ratelimit/;

/** Plays a recording instead of asking anybody: the same answers in the same pieces, the same failures. */
export class ReplayingTransport implements Transport {
  readonly #exchanges: RecordedExchanges;
  readonly #hasTiming: boolean;

  constructor(tape: ReplayTape) {
    this.#exchanges = new RecordedExchanges(tape);
    this.#hasTiming = tape.hasTiming;
  }

  post(request: StreamedPost, reader: AnswerReader): Exchange {
    const replay = new Replay(reader, this.#hasTiming);
    void replay.play(() => this.#exchanges.take(request.body, request.origin));
    return replay;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** One exchange as it was. */
class Replay implements Exchange {
  readonly #reader: AnswerReader;
  readonly #hasTiming: boolean;
  readonly #startedMs = performance.now();
  /** The reader is told nothing more. */
  readonly #left = new AbortController();

  constructor(reader: AnswerReader, hasTiming: boolean) {
    this.#reader = reader;
    this.#hasTiming = hasTiming;
  }

  abort(reason: Error): void {
    this.#left.abort(reason);
  }

  leave(): void {
    this.#left.abort();
  }

  /** @param take  what is played; what it throws is what the exchange fails with */
  async play(take: () => RecordedExchange): Promise<void> {
    try {
      const { answer, end } = take();
      this.#reader.connected();
      if (answer) await this.#tell(answer);
      await this.#reach(end.afterMs);
      reportEnd(end);
      if (!answer) throw new Error('the recorded exchange ended without an answer');
      this.#reader.ended();
    } catch (error) {
      if (this.#left.signal.aborted) return;
      this.#reader.failed(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async #tell({ status, headers: recorded, reads, afterMs }: RecordedAnswer): Promise<void> {
    const told = Object.entries(recorded);
    const headers = Object.fromEntries(this.#hasTiming ? told : told.filter(([name]) => !TIMELY.test(name)));
    await this.#reach(afterMs);
    this.#reader.head({
      status,
      header: (name) => headers[name],
      headerNames: () => Object.keys(headers),
    });
    for (const [readAfterMs, text] of reads) {
      await this.#reach(readAfterMs);
      this.#reader.bytes(Buffer.from(text));
    }
  }

  /** @throws when nobody reads any more */
  async #reach(afterMs: number): Promise<void> {
    const { signal } = this.#left;
    signal.throwIfAborted();
    if (!this.#hasTiming) return;
    const waitMs = this.#startedMs + afterMs - performance.now();
    if (waitMs > 0) await setTimeout(waitMs, undefined, { signal });
  }
}

/** @throws what the exchange failed with */
function reportEnd(end: RecordedEnd): void {
  if (end.how === 'failed') throw replayedError(end.error);
  if (end.how === 'cancelled') {
    throw new ModelError({
      kind: 'not-recorded',
      message: 'the recorded call was cancelled here; what would have followed is not known',
    });
  }
}
