export type LineBreak = '\n' | '\r\n' | '';

const BOM = '\ufeff';

/** A file's text as lines, which are numbered from 0. Nothing is copied before it is asked for. */
export class FileLines {
  /** '' where the file begins with none. It belongs to no line. */
  readonly bom: string;
  readonly count: number;
  readonly #text: string;
  /** Where each line starts, and at the end the length of the text. */
  readonly #starts: Uint32Array;

  /** @param bom  whether a byte order mark is kept apart, or is a part of the first line as for git */
  constructor(text: string, bom: 'apart' | 'in line' = 'apart') {
    this.bom = bom === 'apart' && text.startsWith(BOM) ? BOM : '';
    this.#text = text.slice(this.bom.length);
    this.#starts = lineStarts(this.#text);
    this.count = this.#starts.length - 1;
  }

  /** A line without its break. */
  line(index: number): string {
    return this.#text.slice(this.#starts[index], this.#starts[index + 1]! - this.breakOf(index).length);
  }

  /** Characters of a line with its break. */
  lengthOf(index: number): number {
    return this.#starts[index + 1]! - this.#starts[index]!;
  }

  /** How a line ends; '' for a last line that does not. */
  breakOf(index: number): LineBreak {
    const end = this.#starts[index + 1]!;
    if (this.#text.charCodeAt(end - 1) !== 0x0a) return '';
    const isCrlf = end - 2 >= this.#starts[index]! && this.#text.charCodeAt(end - 2) === 0x0d;
    return isCrlf ? '\r\n' : '\n';
  }

  /** How a line that is put before this one should end: as the nearest line that has an end. */
  breakNear(index: number): LineBreak {
    // Only the last line of a file may have none, so the third one has one if there is any.
    for (const near of [index, index - 1, index - 2]) {
      const found = near >= 0 && near < this.count ? this.breakOf(near) : '';
      if (found !== '') return found;
    }
    return '\n';
  }

  /** Lines `[from, to)` as they are stored. */
  slice(from: number, to: number): string {
    return this.#text.slice(this.#starts[from], this.#starts[to]);
  }
}

function lineStarts(text: string): Uint32Array {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count++;
  if (text !== '' && !text.endsWith('\n')) count++;
  const starts = new Uint32Array(count + 1);
  let at = 0;
  for (let line = 1; line < count; line++) {
    at = text.indexOf('\n', at) + 1;
    starts[line] = at;
  }
  starts[count] = text.length;
  return starts;
}
