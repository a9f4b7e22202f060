import { join } from 'node:path';
import type { RecordedExchange } from './exchange.ts';
import { digest, exchangeFile, REDACTED_BODY } from './exchange-name.ts';
import { TapeCount, type RecordingTape } from './tape.ts';
import { writeWhole } from './write-whole.ts';

/** Writes the exchanges of one model thread, each as a file of its own. */
export class ExchangeWriter {
  readonly #directory: string;
  readonly #counts: Int32Array;
  readonly #onLost: (reason: string) => void;

  /** @param onLost  an exchange could not be written: the recording has a gap */
  constructor(tape: RecordingTape, onLost: (reason: string) => void) {
    this.#directory = tape.directory;
    this.#counts = new Int32Array(tape.counts);
    this.#onLost = onLost;
  }

  /** A request is sent. @returns its number, no other thread's */
  begin(): number {
    return Atomics.add(this.#counts, TapeCount.begun, 1) + 1;
  }

  write(
    { number, isBodyRedacted }: { readonly number: number; readonly isBodyRedacted: boolean },
    exchange: RecordedExchange,
  ): void {
    const { sessionId, turn, attempt, body } = exchange;
    const name = exchangeFile({
      number,
      session: digest(sessionId),
      turn,
      attempt,
      body: isBodyRedacted ? REDACTED_BODY : digest(body),
    });
    try {
      writeWhole(join(this.#directory, name), `${JSON.stringify(exchange)}\n`);
      Atomics.add(this.#counts, TapeCount.written, 1);
    } catch (error) {
      Atomics.add(this.#counts, TapeCount.lost, 1);
      this.#onLost(error instanceof Error ? error.message : String(error));
    }
  }
}
