import { hasLookalikes, INVISIBLE_PATTERN, plain, withoutLookalikes } from './lookalikes.ts';
import { TextView, type Cut } from './text-view.ts';

/** A file's text, and the forms in which it is searched; each is made when it is first needed, once. */
export class OriginalText {
  readonly text: string;
  readonly hasCrlf: boolean;
  #unix: TextView | undefined;
  #plain: TextView | undefined;
  #trimmed: TextView | undefined;
  #folded: string | undefined;
  #line: { readonly start: number; readonly end: number; readonly ending: '\n' | '\r\n' } = {
    start: 0,
    end: -1,
    ending: '\n',
  };

  constructor(text: string) {
    this.text = text;
    this.hasCrlf = text.includes('\r\n');
  }

  /** Line breaks are `\n`. */
  get unix(): TextView {
    return (this.#unix ??= new TextView({
      text: this.text.replaceAll('\r\n', '\n'),
      source: this.text,
      cuts: () => matchesOf(/\r(?=\n)/g, this.text),
    }));
  }

  /** As {@link plain} makes it. */
  get plain(): TextView {
    return (this.#plain ??= this.#makePlain());
  }

  /** Plain, without blanks at the ends of lines, and with a line break at its end. */
  get trimmed(): TextView {
    return (this.#trimmed ??= trimmedView(this.plain));
  }

  /** Plain, in small letters; places in it are roughly those of {@link plain}, lines are the same. */
  get folded(): string {
    return (this.#folded ??= this.plain.text.toLowerCase());
  }

  /** 1-based lines of places in the file, which are given in rising order. */
  linesAt(places: readonly number[]): number[] {
    let line = 1;
    let counted = 0;
    return places.map((place) => {
      line += countNewlines(this.text, counted, place);
      counted = Math.max(counted, place);
      return line;
    });
  }

  /** How the line at a place ends; an unfinished last line is said to end as the one before it. */
  lineEndingAt(place: number): '\n' | '\r\n' {
    if (!this.hasCrlf) return '\n';
    // Asked for in rising order, mostly within one line: then the line is not searched through again.
    if (place < this.#line.start || place > this.#line.end) this.#line = this.#lineFrom(place);
    return this.#line.ending;
  }

  #lineFrom(start: number): { start: number; end: number; ending: '\n' | '\r\n' } {
    const next = this.text.indexOf('\n', start);
    const newline = next === -1 ? this.text.lastIndexOf('\n', start) : next;
    const isCrlf = newline > 0 && this.text.charCodeAt(newline - 1) === 0x0d;
    return { start, end: next === -1 ? this.text.length : next, ending: isCrlf ? '\r\n' : '\n' };
  }

  /** Whether nothing but a line break follows in the line at a place. */
  isLineEnd(place: number): boolean {
    return place === this.text.length || this.text[place] === '\n' || this.text.startsWith('\r\n', place);
  }

  #makePlain(): TextView {
    if (!hasLookalikes(this.text)) return this.unix;
    return new TextView({
      text: plain(this.text),
      source: withoutLookalikes(this.text),
      cuts: () => matchesOf(new RegExp(`\\r(?=\\n)|${INVISIBLE_PATTERN}`, 'g'), this.text),
    });
  }
}

/** What blanks are once a text is plain. */
export function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** Without the blanks at the ends of its lines, the last one included. */
export function trimLineEnds(text: string): string {
  let trimmed = '';
  let kept = 0;
  for (const { start, end } of blanksAtLineEnds(text)) {
    trimmed += text.slice(kept, start);
    kept = end;
  }
  return kept === 0 ? text : trimmed + text.slice(kept);
}

/** The 1-based line of a place. */
export function lineOf(text: string, place: number): number {
  return 1 + countNewlines(text, 0, place);
}

export function countNewlines(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf('\n', from); at !== -1 && at < to; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

function trimmedView(below: TextView): TextView {
  const text = trimLineEnds(below.text);
  const addsNewline = text !== '' && !text.endsWith('\n');
  return new TextView({
    text: addsNewline ? `${text}\n` : text,
    source: below.text,
    cuts: () => blanksAtLineEnds(below.text),
    below,
    addsNewline,
  });
}

/** Each blank belongs to one line end, so walking back from the ends is linear; an expression for it would not be. */
function* blanksAtLineEnds(text: string): Generator<Cut> {
  const lastBlank = /[ \t](?=\n|$)/g;
  for (let match = lastBlank.exec(text); match; match = lastBlank.exec(text)) {
    const end = match.index + 1;
    let start = match.index;
    while (start > 0 && isBlank(text.charCodeAt(start - 1))) start--;
    yield { start, end };
  }
}

function* matchesOf(pattern: RegExp, text: string): Generator<Cut> {
  for (const match of text.matchAll(pattern))
    yield { start: match.index, end: match.index + match[0].length };
}
