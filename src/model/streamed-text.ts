import type { ModelEvent } from './model.ts';

/** Text or reasoning that has come in since the last look. */
interface Arrived {
  readonly type: 'text' | 'reasoning';
  text: string;
}

/** Text and reasoning of one response, as they arrive. */
export class StreamedText {
  text = '';
  reasoning = '';
  #arrived: Arrived[] = [];

  add(type: 'text' | 'reasoning', text: string): void {
    if (type === 'text') this.text += text;
    else this.reasoning += text;
    const last = this.#arrived.at(-1);
    if (last?.type === type) last.text += text;
    else this.#arrived.push({ type, text });
  }

  /** What came since the last call, pieces of one kind that follow each other joined. */
  take(): readonly ModelEvent[] {
    const arrived = this.#arrived;
    if (arrived.length > 0) this.#arrived = [];
    return arrived;
  }
}
