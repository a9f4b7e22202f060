import { percentile } from './statistics.ts';
import { BETWEEN_TOKENS_MS, DELTAS } from './workload.ts';

/** Characters of a token of the paced scenarios: the time it was sent, then a blank. */
const WIDTH = 16;

/** Microseconds of the machine's monotonic clock, the same one in every process. */
export function nowUs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e6 + Math.floor(nanoseconds / 1e3);
}

/** The text of a token that is sent now. */
export function stampedToken(): string {
  return `${String(nowUs()).padStart(WIDTH - 1, '0')} `;
}

export interface TokenDelays {
  readonly count: number;
  /** From the server's write to the listener, ms. */
  readonly sentToSeen: Spread;
  /** Between two tokens of one response, less the {@link BETWEEN_TOKENS_MS} they were sent apart, ms. */
  readonly gap: Spread;
}

export interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Notes when the tokens of any number of conversations are seen. */
export class TokenClock {
  readonly #delays: number[] = [];
  readonly #gaps: number[] = [];

  /** A listener for one conversation's text. Several tokens in one piece were all seen when the piece was. */
  listener(): (text: string) => void {
    let seen = 0;
    let previousUs = 0;
    return (text) => {
      const now = nowUs();
      if (text.length % WIDTH !== 0) return;
      for (let at = 0; at < text.length; at += WIDTH) {
        this.#delays.push((now - Number(text.slice(at, at + WIDTH))) / 1e3);
        if (seen % DELTAS !== 0) this.#gaps.push(Math.max(0, (now - previousUs) / 1e3 - BETWEEN_TOKENS_MS));
        seen += 1;
        previousUs = now;
      }
    };
  }

  summary(): TokenDelays {
    return { count: this.#delays.length, sentToSeen: spread(this.#delays), gap: spread(this.#gaps) };
  }
}

function spread(values: readonly number[]): Spread {
  return {
    p50: percentile(values, 0.5),
    p99: percentile(values, 0.99),
    max: percentile(values, 1),
  };
}
