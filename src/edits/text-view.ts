/** A part `[start, end)` of a text that a view of it does not show. */
export interface Cut {
  readonly start: number;
  readonly end: number;
}

/**
 * A text with parts left out, and the way back from a part of it to the file. What is left out at either edge of a part
 * is not in it: what was not looked for is not replaced.
 */
export class TextView {
  readonly text: string;
  /** The last line ends in a `\n` that the file lacks. */
  readonly addsNewline: boolean;
  readonly #source: string;
  readonly #below: TextView | undefined;
  readonly #cuts: () => Iterable<Cut>;
  #index: { readonly at: number[]; readonly total: number[] } | undefined;

  /**
   * @param data.source  what this is a view of: the file, or the text of the view `below`
   * @param data.cuts  in order, apart from each other; asked for when the first place is
   */
  constructor(data: {
    text: string;
    source: string;
    cuts: () => Iterable<Cut>;
    below?: TextView;
    addsNewline?: boolean;
  }) {
    this.text = data.text;
    this.addsNewline = data.addsNewline ?? false;
    this.#source = data.source;
    this.#below = data.below;
    this.#cuts = data.cuts;
  }

  /** Where in the file the character at a place begins; for a line break that is its `\r`. */
  start(at: number): number {
    const cut = this.#lastCut(at);
    let place = at + this.#cutChars(cut);
    if (this.#index!.at[cut] === at && this.#isBreak(at) && this.#source.charCodeAt(place - 1) === 0x0d)
      place--;
    return this.#below ? this.#below.start(place) : place;
  }

  /** Where in the file a part of the view ends, whose last character is the one before `at`. */
  end(at: number): number {
    const place = Math.min(at + this.#cutChars(this.#lastCut(at - 1)), this.#source.length);
    return this.#below ? this.#below.end(place) : place;
  }

  #isBreak(at: number): boolean {
    return this.text.charCodeAt(at) === 0x0a;
  }

  #cutChars(cut: number): number {
    return cut === -1 ? 0 : this.#index!.total[cut]!;
  }

  /** The last cut that lies before the character at a place; -1 for none. */
  #lastCut(at: number): number {
    const places = (this.#index ??= this.#makeIndex()).at;
    let low = 0;
    let high = places.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (places[middle]! <= at) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** For each cut, its place in the view, and how much is left out up to there. */
  #makeIndex(): { at: number[]; total: number[] } {
    const index = { at: [] as number[], total: [] as number[] };
    let total = 0;
    for (const { start, end } of this.#cuts()) {
      index.at.push(start - total);
      index.total.push((total += end - start));
    }
    return index;
  }
}
