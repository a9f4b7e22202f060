import type { WorkBudget } from './work-budget.ts';

/**
 * Up to this length V8 searches in linear time: its table for shifting past a mismatch holds so many characters of the
 * pattern's end (`kBMMaxShift`). Beyond it a text and a pattern that repeat themselves make `indexOf` quadratic:
 * 100,000 characters in 400,000 took 3.4 s.
 */
const NATIVE_PATTERN_CHARS = 250;
/** A native search takes a part of a step for a character, and to begin one takes several. */
export const CHARS_PER_STEP = 4;
const STEPS_PER_SEARCH = 16;

/**
 * Finds one text in another, in linear time for every input: natively by its head, the rest compared, and once the
 * comparisons have cost more than the text is long, by Knuth, Morris and Pratt's table.
 */
export class TextSearch {
  readonly #text: string;
  readonly #pattern: string;
  readonly #head: string;
  readonly #work: WorkBudget;
  #comparedChars = 0;
  #borders: Int32Array | undefined;

  /** @param pattern  not empty */
  constructor(text: string, pattern: string, work: WorkBudget) {
    this.#text = text;
    this.#pattern = pattern;
    this.#head = pattern.slice(0, NATIVE_PATTERN_CHARS);
    this.#work = work;
  }

  /** The first place at or after `from`; -1 when there is none. */
  next(from: number): number {
    let at = from;
    while (this.#comparedChars <= this.#text.length) {
      const found = this.#text.indexOf(this.#head, at);
      this.#work.spend(((found === -1 ? this.#text.length : found) - at) / CHARS_PER_STEP + STEPS_PER_SEARCH);
      if (found === -1 || this.#head.length === this.#pattern.length) return found;
      // Also where it is found: it may be so at the next place again, and at all of them.
      this.#work.spend(this.#pattern.length / CHARS_PER_STEP);
      this.#comparedChars += this.#pattern.length;
      if (this.#text.startsWith(this.#pattern, found)) return found;
      at = found + 1;
    }
    return this.#nextByTable(at);
  }

  #nextByTable(from: number): number {
    const text = this.#text;
    const pattern = this.#pattern;
    if (!this.#borders) this.#work.spend(2 * pattern.length);
    const borders = (this.#borders ??= bordersOf(pattern));
    let matched = 0;
    for (let at = from; at < text.length; at++) {
      const code = text.charCodeAt(at);
      while (matched > 0 && pattern.charCodeAt(matched) !== code) matched = borders[matched - 1]!;
      if (pattern.charCodeAt(matched) === code) matched++;
      if (matched === pattern.length) {
        this.#work.spend(2 * (at - from));
        return at + 1 - matched;
      }
    }
    this.#work.spend(2 * (text.length - from));
    return -1;
  }
}

/** For each start of a pattern, the length of its longest own start that is also its end. */
function bordersOf(pattern: string): Int32Array {
  const borders = new Int32Array(pattern.length);
  let border = 0;
  for (let at = 1; at < pattern.length; at++) {
    const code = pattern.charCodeAt(at);
    while (border > 0 && pattern.charCodeAt(border) !== code) border = borders[border - 1]!;
    if (pattern.charCodeAt(border) === code) border++;
    borders[at] = border;
  }
  return borders;
}
