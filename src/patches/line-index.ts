import type { FileLines } from './file-lines.ts';
import type { WorkBudget } from '../edits/work-budget.ts';

/** What of a line is compared: two lines are the same when their keys are. */
export interface LineKey {
  readonly of: (file: FileLines, index: number) => string;
  /** Most characters that a key is shorter than the line with its break; without it, any number. */
  readonly maxCut?: number;
}

/** To slice a line out of a text and look it up costs about as much as comparing so many numbers. */
const STEPS_PER_LINE = 10;

/**
 * Where the lines of a patch stand in a file, under one way of comparing lines. Lines are numbers here, and a search
 * goes only to the places of its rarest line, so that a patch of many chunks does not read the file once for each.
 */
export class LineIndex {
  readonly #budget: WorkBudget;
  readonly #numbers = new Map<string, number>();
  /** By line of the file: its number, or -1 for one that the patch does not have. */
  readonly #file: Int32Array;
  /** By number: the lines of the file that have it, ascending. */
  readonly #places: number[][] = [];

  /** @param keys  of every line that will be searched for */
  constructor(file: FileLines, lineKey: LineKey, keys: Iterable<string>, budget: WorkBudget) {
    this.#budget = budget;
    const { maxCut } = lineKey;
    // Most lines are told apart by their length alone, which costs much less than to cut them out and look them up.
    const lengths = new Set<number>();
    for (const key of keys) {
      if (this.#numbers.has(key)) continue;
      if (maxCut !== undefined) for (let cut = 0; cut <= maxCut; cut++) lengths.add(key.length + cut);
      this.#numbers.set(key, this.#numbers.size);
      this.#places.push([]);
    }
    budget.spend(file.count * STEPS_PER_LINE + this.#numbers.size);
    this.#file = new Int32Array(file.count);
    for (let line = 0; line < file.count; line++) {
      const mayBe = maxCut === undefined || lengths.has(file.lengthOf(line));
      const number = (mayBe ? this.#numbers.get(lineKey.of(file, line)) : undefined) ?? -1;
      this.#file[line] = number;
      if (number >= 0) this.#places[number]!.push(line);
    }
  }

  /** Whether a line of the file has a key; false past its end. */
  isAt(line: number, key: string): boolean {
    return line >= 0 && line < this.#file.length && this.#file[line] === this.#numbers.get(key);
  }

  /** The lines of the file that have a key, ascending. */
  placesOf(key: string): readonly number[] {
    const number = this.#numbers.get(key);
    return number === undefined ? [] : this.#places[number]!;
  }

  /** Where a sequence of lines starts in the file, first to last, in `[from, to]`. @param keys  at least one */
  *ascending(keys: readonly string[], from: number, to: number): Generator<number> {
    const search = this.#search(keys);
    if (!search) return;
    const { places, lead } = search;
    for (let i = firstNotBefore(places, from + lead); i < places.length; i++) {
      const start = places[i]! - lead;
      if (start > to) return;
      if (this.#matches(search, start)) yield start;
    }
  }

  /** As {@link ascending}, but nearest to `guess` first and, of two as near, the later one. */
  *nearest(keys: readonly string[], guess: number, from: number, to: number): Generator<number> {
    const search = this.#search(keys);
    if (!search) return;
    const { places, lead } = search;
    let after = firstNotBefore(places, Math.max(guess, from) + lead);
    let before = firstNotBefore(places, Math.min(guess, to + 1) + lead) - 1;
    for (;;) {
      const next = after < places.length ? places[after]! - lead : Infinity;
      const previous = before >= 0 ? places[before]! - lead : -Infinity;
      const isNext = next <= to && (previous < from || next - guess <= guess - previous);
      if (!isNext && previous < from) return;
      const start = isNext ? next : previous;
      if (isNext) after++;
      else before--;
      if (this.#matches(search, start)) yield start;
    }
  }

  /** @returns undefined when one of the lines is nowhere in the file */
  #search(keys: readonly string[]): Search | undefined {
    this.#budget.spend(keys.length);
    const numbers = new Int32Array(keys.length);
    let places: readonly number[] | undefined;
    let lead = 0;
    for (const [i, key] of keys.entries()) {
      const number = this.#numbers.get(key)!;
      numbers[i] = number;
      const found = this.#places[number]!;
      if (found.length === 0) return undefined;
      if (places && places.length <= found.length) continue;
      places = found;
      lead = i;
    }
    return places && { numbers, places, lead };
  }

  #matches({ numbers }: Search, start: number): boolean {
    if (start < 0 || start + numbers.length > this.#file.length) return false;
    let i = 0;
    while (i < numbers.length && this.#file[start + i] === numbers[i]) i++;
    this.#budget.spend(i + 1);
    return i === numbers.length;
  }
}

/** A sequence to find, and all places of its rarest line, which is `lead` lines after its start. */
interface Search {
  readonly numbers: Int32Array;
  readonly places: readonly number[];
  readonly lead: number;
}

/** The index of the first place that is not before a line. */
function firstNotBefore(places: readonly number[], line: number): number {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (places[middle]! < line) low = middle + 1;
    else high = middle;
  }
  return low;
}
