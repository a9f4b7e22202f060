/** A provider whose chunks never repeat (a time in each, say) is not learnt from for ever. */
const MAX_MISSES = 8;
/** Differ from chunk to chunk, and no dialect reads them: a number that counts up, and padding of random length. */
const UNREAD_KEYS = ['"sequence_number"', '"obfuscation"'] as const;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Where a value stands in a chunk: a string with its quotes, or the digits of a whole number. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Reads chunks that bring nothing but a piece of text without parsing them: nearly all chunks of a stream are the same
 * but for that one string, and for a number and a padding that nobody reads. A chunk that has the same around such
 * values as one that was parsed is the same JSON with others in their places. (Parsing costs 1.5 to 2.3 µs a chunk,
 * this costs 0.2 to 0.5.)
 */
export class TextTemplate {
  readonly #key: string;
  /** What stands before each value that differs; empty as long as nothing is learnt. */
  #heads: readonly string[] = [];
  /** What stands after the last. */
  #tail = '';
  /** Which of the values is the text. */
  #textAt = 0;
  #misses = 0;

  /** @param key  of the string that is the text */
  constructor(key: string) {
    this.#key = JSON.stringify(key);
  }

  /** The text of a chunk like the learnt one, else undefined. */
  match(data: string): string | undefined {
    if (this.#heads.length === 0) return undefined;
    let text: string | undefined;
    let at = 0;
    for (let index = 0; index < this.#heads.length; index += 1) {
      const head = this.#heads[index]!;
      const start = at + head.length;
      // Not `startsWith`: V8 compiles that into a loop over characters, 1.2 µs for 190 of them; this compares memory.
      if (data.slice(at, start) !== head) return undefined;
      const isText = index === this.#textAt;
      at = endOfValue(data, start, isText);
      if (at === -1) return undefined;
      if (isText) text = readString(data, start, at);
    }
    if (data.slice(at) !== this.#tail) return undefined;
    this.#misses = 0;
    return text;
  }

  /**
   * Takes a chunk as the pattern. It was parsed, `text` is what its key has, and it brought nothing else.
   * @returns whether it is the pattern now
   */
  learn(data: string, text: string): boolean {
    if (this.#misses === MAX_MISSES) return false;
    this.#misses += 1;
    const span = spanOf(data, this.#key, true);
    if (!span || readString(data, span.start, span.end) !== text) return false;
    // With a second key of that name nobody could say which is the text's. Inside a string the key cannot stand: its
    // quotes would be escaped.
    if (data.indexOf(this.#key) !== data.lastIndexOf(this.#key)) return false;
    const unread = UNREAD_KEYS.flatMap((key) => spanOf(data, key, false) ?? []);
    const spans = [span, ...unread].sort((a, b) => a.start - b.start);
    this.#heads = spans.map(({ start }, index) => data.slice(spans[index - 1]?.end ?? 0, start));
    this.#tail = data.slice(spans.at(-1)!.end);
    this.#textAt = spans.indexOf(span);
    return true;
  }
}

/** The value of the first key of that name, unless it is one that must stay as it is. */
function spanOf(data: string, key: string, mayEscape: boolean): Span | undefined {
  const at = data.indexOf(key);
  if (at === -1) return undefined;
  const colon = /\s*:\s*/y;
  colon.lastIndex = at + key.length;
  // Without a colon it is no key but a string that says the same.
  if (!colon.test(data)) return undefined;
  const start = colon.lastIndex;
  const end = endOfValue(data, start, mayEscape);
  return end === -1 ? undefined : { start, end };
}

/**
 * Behind the string or the whole number that begins there; -1 where neither does, or a string has what may not be in it.
 * @param mayEscape  whether escapes may be in it. They are skipped, not checked.
 */
function endOfValue(data: string, start: number, mayEscape: boolean): number {
  if (data.charCodeAt(start) !== QUOTE) return endOfDigits(data, start);
  for (let index = start + 1; index < data.length; index += 1) {
    const code = data.charCodeAt(index);
    if (code === QUOTE) return index + 1;
    if (code < 0x20 || (code === BACKSLASH && !mayEscape)) return -1;
    if (code === BACKSLASH) index += 1;
  }
  return -1;
}

function endOfDigits(data: string, start: number): number {
  let end = start;
  while (data.charCodeAt(end) >= 0x30 && data.charCodeAt(end) <= 0x39) end += 1;
  // A number of several digits that begins with zero is no JSON.
  const isNumber = end === start + 1 || (end > start && data.charCodeAt(start) !== 0x30);
  return isNumber ? end : -1;
}

/** What the string there says; undefined where it is a number, or an escape in it is none: the parser will say so. */
function readString(data: string, start: number, end: number): string | undefined {
  if (data.charCodeAt(start) !== QUOTE) return undefined;
  const text = data.slice(start + 1, end - 1);
  if (!text.includes('\\')) return text;
  try {
    return JSON.parse(data.slice(start, end)) as string;
  } catch {
    return undefined;
  }
}
