import type { EditSearch, Hit } from './edit-level.ts';
import { edgesOf, ReplacementFitter } from './fit-replacement.ts';
import { indentShift, type IndentPair, type IndentShift, type IndentSteps } from './indent-shift.ts';
import { plain } from './lookalikes.ts';
import { isBlank, type OriginalText } from './original-text.ts';
import type { Replacement } from './replacement.ts';
import type { TextEdit } from './text-edit.ts';
import { splitLines } from './text-lines.ts';
import { CHARS_PER_STEP, TextSearch } from './text-search.ts';
import type { WorkBudget } from './work-budget.ts';

/** A line of the block that is looked for. */
interface BlockLine {
  readonly indent: string;
  /** Without blanks at either end; '' for a blank line. */
  readonly body: string;
}

interface BlockHit extends Hit {
  readonly shift: IndentShift;
  readonly isUnfinished: boolean;
}

/** Of one line alone so much is asked, since `}` and `return;` at another depth are most likely not what was meant. */
const MIN_BODY_CHARS = 8;
/** What a line costs besides its characters. */
const STEPS_PER_LINE = 32;
/** Of a file, to tell by how many spaces it indents. */
const MAX_STEP_CHARS = 100_000;

/**
 * Finds a block of whole lines that has the same shape in the file at another indentation: each line the same but for
 * one and the same change of its indentation. Blank lines are equal whatever blanks they hold. Places are those of
 * the plain text.
 */
export class ShiftedBlockSearch implements EditSearch {
  readonly #original: OriginalText;
  readonly #edit: TextEdit;
  readonly #work: WorkBudget;
  readonly #text: string;
  readonly #lines: readonly BlockLine[];
  readonly #endsWithNewline: boolean;
  /** The longest line, by which the block is found: the others are compared. */
  readonly #anchor: number;
  readonly #search: TextSearch;
  readonly #indentSteps: IndentSteps;
  readonly #fitters = new Map<boolean, ReplacementFitter>();

  /**
   * `undefined` for a text that says too little to be found in this way.
   * @param isThere  it was found literally, within a line, so that there is nothing to guess
   */
  static begin(
    original: OriginalText,
    edit: TextEdit,
    work: WorkBudget,
    isThere = false,
  ): ShiftedBlockSearch | undefined {
    const lines = splitLines(plain(edit.oldText));
    const block = lines.map(({ content }) => blockLineOf(content));
    const bodies = block.map(({ body }) => body).filter((body) => body !== '');
    // Of what cannot be seen nothing is left.
    if (bodies.length === 0) return undefined;
    if (!isThere) {
      if (!bodies.some((body) => /[\p{L}\p{N}]/u.test(body))) return undefined;
      if (bodies.length === 1 && bodies[0]!.replaceAll(/\s/g, '').length < MIN_BODY_CHARS) return undefined;
    }
    return new ShiftedBlockSearch(original, edit, work, block, lines.at(-1)!.ending !== '');
  }

  private constructor(
    original: OriginalText,
    edit: TextEdit,
    work: WorkBudget,
    lines: readonly BlockLine[],
    endsWithNewline: boolean,
  ) {
    work.spend(edit.oldText.length + edit.newText.length);
    this.#original = original;
    this.#edit = edit;
    this.#work = work;
    this.#text = original.plain.text;
    this.#lines = lines;
    this.#endsWithNewline = endsWithNewline;
    this.#anchor = lines.reduce(
      (best, { body }, i) => (body.length > lines[best]!.body.length ? i : best),
      0,
    );
    this.#search = new TextSearch(this.#text, lines[this.#anchor]!.body, work);
    const newSpaces = [...new Set(spacesBefore(edit.newText))].sort((a, b) => a - b);
    let ofFile: { readonly step: number | undefined } | undefined;
    this.#indentSteps = {
      ofNew: newSpaces.find((spaces) => spaces >= 2) ?? 4,
      newSpaces,
      ofFile: () => (ofFile ??= { step: usualStep(this.#text.slice(0, MAX_STEP_CHARS)) }).step,
    };
  }

  next(from: number): BlockHit | undefined {
    for (let at = this.#search.next(from); at !== -1;) {
      const start = this.#blockStart(at);
      const hit = start === undefined || start < from ? undefined : this.#blockAt(start);
      if (hit) return hit;
      // The anchor is all of its line, so that further on in this one there is no other.
      const newline = this.#text.indexOf('\n', at);
      if (newline === -1) return undefined;
      this.#work.spend((newline - at) / CHARS_PER_STEP);
      at = this.#search.next(newline + 1);
    }
    return undefined;
  }

  start(hit: Hit): number {
    return this.#original.plain.start(hit.start);
  }

  /** Of which part of the file a hit is. */
  place({ start, end }: Hit): Hit {
    return { start: this.#original.plain.start(start), end: this.#original.plain.end(end) };
  }

  replacement({ shift, isUnfinished, ...hit }: BlockHit): Replacement | undefined {
    const place = this.place(hit);
    const found = this.#original.text.slice(place.start, place.end);
    let fitter = this.#fitters.get(isUnfinished);
    if (!fitter) this.#fitters.set(isUnfinished, (fitter = ReplacementFitter.of(this.#edit, isUnfinished)));
    this.#work.spend(found.length + fitter.steps);
    const text = fitter.fit({ found, ...edgesOf(this.#original, place.start, place.end), shift });
    return text === undefined ? undefined : { ...place, text };
  }

  /** Where the block would begin of which a hit is the longest line; `undefined` when it is no such line. */
  #blockStart(hit: number): number | undefined {
    let start = this.#lineStart(hit);
    for (let i = this.#anchor - 1; i >= 0 && start !== undefined; i--) {
      if (start === 0) return undefined;
      const { body } = this.#lines[i]!;
      const bodyEnd = this.#skipBlanksBack(start - 1);
      this.#work.spend(body.length + STEPS_PER_LINE);
      if (!this.#text.startsWith(body, bodyEnd - body.length)) return undefined;
      start = this.#lineStart(bodyEnd - body.length);
    }
    return start;
  }

  /** Where the line begins of which only blanks are before a place. */
  #lineStart(at: number): number | undefined {
    const start = this.#skipBlanksBack(at);
    return start === 0 || this.#text.charCodeAt(start - 1) === 0x0a ? start : undefined;
  }

  #blockAt(start: number): BlockHit | undefined {
    const text = this.#text;
    const pairs: IndentPair[] = [];
    let at = start;
    let lineEnd = start;
    for (const { indent, body } of this.#lines) {
      if (at >= text.length) return undefined;
      const bodyStart = this.#skipBlanks(at);
      this.#work.spend(body.length + STEPS_PER_LINE);
      if (!text.startsWith(body, bodyStart)) return undefined;
      lineEnd = this.#skipBlanks(bodyStart + body.length);
      if (lineEnd < text.length && text.charCodeAt(lineEnd) !== 0x0a) return undefined;
      if (body !== '') pairs.push({ old: indent, found: text.slice(at, bodyStart) });
      at = lineEnd + 1;
    }
    const shift = indentShift(pairs, this.#indentSteps);
    if (!shift) return undefined;
    const isUnfinished = this.#endsWithNewline && lineEnd === text.length;
    return { start, end: this.#endsWithNewline ? Math.min(at, text.length) : lineEnd, shift, isUnfinished };
  }

  #skipBlanks(from: number): number {
    let at = from;
    while (isBlank(this.#text.charCodeAt(at))) at++;
    this.#work.spend(at - from);
    return at;
  }

  #skipBlanksBack(from: number): number {
    let at = from;
    while (at > 0 && isBlank(this.#text.charCodeAt(at - 1))) at--;
    this.#work.spend(from - at);
    return at;
  }
}

function blockLineOf(content: string): BlockLine {
  let start = 0;
  while (isBlank(content.charCodeAt(start))) start++;
  let end = content.length;
  while (end > start && isBlank(content.charCodeAt(end - 1))) end--;
  return { indent: content.slice(0, start), body: content.slice(start, end) };
}

/** How many spaces are before the lines that spaces alone are before, or nothing. */
function spacesBefore(text: string): number[] {
  return [...text.matchAll(/^ *(?=[^\s])/gm)].map(([indent]) => indent.length);
}

/** By how many spaces lines mostly go deeper than the one before; `undefined` where none does, or tabs are used. */
function usualStep(text: string): number | undefined {
  if (/^\t+\S/m.test(text)) return undefined;
  const counts = new Map<number, number>();
  let last = 0;
  for (const spaces of spacesBefore(text)) {
    if (spaces > last + 1) counts.set(spaces - last, (counts.get(spaces - last) ?? 0) + 1);
    last = spaces;
  }
  const [most] = [...counts].sort(([, a], [, b]) => b - a);
  return most?.[0];
}
