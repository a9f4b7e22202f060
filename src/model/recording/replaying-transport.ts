import { setTimeout } from 'node:timers/promises';
import { ModelError } from '../../errors.ts';
import type { StreamedExchange, StreamedPost, StreamedResponse, Transport } from '../transport.ts';
import { replayedError, type RecordedAnswer, type RecordedExchange } from './exchange.ts';
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

  post(request: StreamedPost): StreamedExchange {
    const cut = new AbortController();
    const play = async (): Promise<StreamedResponse> => {
      const exchange = this.#exchanges.take(request.body, request.origin);
      request.onConnected();
      const replay = new Replay(exchange, cut.signal, this.#hasTiming);
      return replay.head();
    };
    return { response: play(), abort: (reason) => cut.abort(reason) };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** One exchange as it was. */
class Replay {
  readonly #exchange: RecordedExchange;
  readonly #aborted: AbortSignal;
  readonly #hasTiming: boolean;
  readonly #startedMs = performance.now();

  constructor(exchange: RecordedExchange, aborted: AbortSignal, hasTiming: boolean) {
    this.#exchange = exchange;
    this.#aborted = aborted;
    this.#hasTiming = hasTiming;
  }

  async head(): Promise<StreamedResponse> {
    const { answer } = this.#exchange;
    if (!answer) {
      await this.#end();
      throw new Error('the recorded exchange ended without an answer');
    }
    await this.#reach(answer.afterMs);
    return this.#response(answer);
  }

  #response(answer: RecordedAnswer): StreamedResponse {
    const reads = answer.reads.values();
    const told = Object.entries(answer.headers);
    const headers = Object.fromEntries(this.#hasTiming ? told : told.filter(([name]) => !TIMELY.test(name)));
    let isLeft = false;
    return {
      status: answer.status,
      header: (name) => headers[name],
      headerNames: () => Object.keys(headers),
      next: async () => {
        if (isLeft) return undefined;
        const { value, done } = reads.next();
        if (done) {
          await this.#end();
          return undefined;
        }
        const [afterMs, text] = value;
        await this.#reach(afterMs);
        return Buffer.from(text);
      },
      drain: () => {
        isLeft = true;
      },
    };
  }

  /** @throws what the exchange failed with */
  async #end(): Promise<void> {
    const { end } = this.#exchange;
    await this.#reach(end.afterMs);
    if (end.how === 'failed') throw replayedError(end.error);
    if (end.how === 'cancelled') {
      throw new ModelError({
        kind: 'not-recorded',
        message: 'the recorded call was cancelled here; what would have followed is not known',
      });
    }
  }

  /** @throws the reason of the abort */
  async #reach(afterMs: number): Promise<void> {
    this.#aborted.throwIfAborted();
    if (!this.#hasTiming) return;
    const waitMs = this.#startedMs + afterMs - performance.now();
    if (waitMs <= 0) return;
    try {
      await setTimeout(waitMs, undefined, { signal: this.#aborted });
    } catch {
      throw this.#aborted.reason;
    }
  }
}
