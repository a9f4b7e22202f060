import { StringDecoder } from 'node:string_decoder';
import { ModelError } from '../errors.ts';

/** Longest single event, in characters: a provider's whole tool call fits, a runaway line does not fill the memory. */
export const MAX_EVENT_CHARS = 4 * 1024 * 1024;

/**
 * Reads server-sent events: bytes in, the `data` of each event out. Any line ending, comments and other fields
 * skipped, several data lines joined, code points cut between chunks put together
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html).
 */
export class EventStreamReader {
  readonly #decoder = new StringDecoder('utf8');
  /** The line that is not finished, in the pieces it came in: joining them at each chunk takes quadratic time. */
  #rest: string[] = [];
  #restChars = 0;
  /** A carriage return at the end of the last chunk: it may be half of a line ending. */
  #held = '';
  #isFirst = true;
  /** The data lines of the event that is not finished. */
  #data: string | undefined;

  /** @throws {ModelError} `bad-response` when an event is longer than {@link MAX_EVENT_CHARS} */
  push(chunk: Buffer): string[] {
    const events: string[] = [];
    let text = this.#held + this.#decoder.write(chunk);
    this.#held = '';
    if (this.#isFirst && text !== '') {
      this.#isFirst = false;
      if (text.charCodeAt(0) === 0xfeff) text = text.slice(1);
    }
    if (text.includes('\r')) {
      if (text.endsWith('\r')) {
        this.#held = '\r';
        text = text.slice(0, -1);
      }
      text = text.replace(/\r\n?/g, '\n');
    }
    if (this.#restChars > 0 && text.includes('\n')) {
      text = this.#rest.join('') + text;
      this.#rest = [];
      this.#restChars = 0;
    }
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      this.#line(text, start, end, events);
      start = end + 1;
    }
    if (start < text.length) {
      this.#rest.push(text.slice(start));
      this.#restChars += text.length - start;
    }
    if (this.#restChars + (this.#data?.length ?? 0) > MAX_EVENT_CHARS) {
      throw new ModelError({
        kind: 'bad-response',
        message: `the provider sent an event of more than ${MAX_EVENT_CHARS} characters`,
      });
    }
    return events;
  }

  /** The bytes are over. An event without its closing blank line counts only if its line was finished. */
  end(): string[] {
    const data = this.#data;
    this.#data = undefined;
    return data === undefined ? [] : [data];
  }

  #line(text: string, start: number, end: number, events: string[]): void {
    if (start === end) {
      if (this.#data !== undefined) events.push(this.#data);
      this.#data = undefined;
      return;
    }
    if (!text.startsWith('data', start)) return;
    let value = '';
    if (end > start + 4) {
      if (text[start + 4] !== ':') return;
      value = text.slice(text[start + 5] === ' ' ? start + 6 : start + 5, end);
    }
    this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`;
  }
}
