export type StreamedType = 'text' | 'reasoning';

/** Text or reasoning that has come in since the last look. */
export interface Arrived {
  readonly type: StreamedType;
  readonly text: string;
}

/** One that can still grow. */
interface Growing {
  readonly type: StreamedType;
  text: string;
}

/** Text and reasoning of one response, as they arrive. */
export class StreamedText {
  text = '';
  reasoning = '';
  #arrived: Growing[] = [];

  add(type: StreamedType, text: string): void {
    if (type === 'text') this.text += text;
    else this.reasoning += text;
    const last = this.#arrived.at(-1);
    if (last?.type === type) last.text += text;
    else this.#arrived.push({ type, text });
  }

  /** What came since the last call, pieces of one kind that follow each other joined. */
  take(): readonly Arrived[] {
    const arrived = this.#arrived;
    if (arrived.length > 0) this.#arrived = [];
    return arrived;
  }
}
