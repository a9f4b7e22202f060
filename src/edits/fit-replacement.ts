import { alignLines, type AlignedRun } from './align-lines.ts';
import type { IndentShift } from './indent-shift.ts';
import { hasQuote, isDash, isInvisible, plain } from './lookalikes.ts';
import type { OriginalText } from './original-text.ts';
import { splitIndent, splitLines, splitTrail, type TextLine } from './text-lines.ts';
import type { TextEdit } from './text-edit.ts';
import { translationOf, type Translation } from './translation.ts';

/** To fit one line in takes about as long as looking at so many characters. */
const STEPS_PER_LINE = 64;

/** Where an old text was found. */
export interface FoundPlace {
  /** The file's own text there: line by line the old text, at a level's tolerance. */
  readonly found: string;
  /** How the line ends in which it begins, and the one in which it ends: for lines that are added there. */
  readonly lineEnding: '\n' | '\r\n';
  readonly lastLineEnding: '\n' | '\r\n';
  /** Nothing follows in its last line. */
  readonly endsLine: boolean;
  /** Of an indented block: how indentation of the old text becomes the file's. */
  readonly shift?: IndentShift;
}

/** What is around a place `[start, end)` of a file. */
export function edgesOf(
  original: OriginalText,
  start: number,
  end: number,
): Pick<FoundPlace, 'lineEnding' | 'lastLineEnding' | 'endsLine'> {
  return {
    lineEnding: original.lineEndingAt(start),
    lastLineEnding: original.lineEndingAt(end),
    endsLine: original.isLineEnd(end),
  };
}

/**
 * Makes of a new text what belongs into a file that spells the old text in its own way. Lines that both texts have stay
 * as they are in the file, byte for byte; of a line that was changed the start and the end that both have; lines that
 * are added end as their neighbours do, and are indented as the block is.
 */
export class ReplacementFitter {
  /** What one fitting costs besides the length of what was found, in steps of a work budget. */
  readonly steps: number;
  readonly #old: readonly TextLine[];
  readonly #new: readonly TextLine[];
  readonly #runs: readonly AlignedRun[];

  /** @param isUnfinished  the file ends where the old text has one more line break: it stays without */
  static of(edit: TextEdit, isUnfinished: boolean): ReplacementFitter {
    if (!isUnfinished) return new ReplacementFitter(edit.oldText, edit.newText);
    const [oldText, newText] = [edit.oldText, edit.newText].map((text) => text.replace(/\r?\n[^\S\n]*$/, ''));
    return new ReplacementFitter(oldText!, newText!);
  }

  private constructor(oldText: string, newText: string) {
    this.#old = splitLines(oldText);
    this.#new = splitLines(newText);
    this.#runs = alignLines(this.#old, this.#new);
    this.steps = newText.length + this.#new.length * STEPS_PER_LINE;
  }

  /** `undefined` when a line of the new text cannot be indented as the block is. */
  fit(place: FoundPlace): string | undefined {
    const found = splitLines(place.found);
    const translate = translationOf(this.#old, found);
    const endingOf = (index: number): string =>
      found[index]?.ending || (index === found.length - 1 ? place.lastLineEnding : '');
    let ending: string = place.lineEnding;
    let result = '';
    for (const run of this.#runs) {
      const isPaired = run.oldEnd - run.oldStart === run.newEnd - run.newStart;
      if (!isPaired && run.oldEnd > run.oldStart) ending = endingOf(run.oldStart) || ending;
      for (let i = run.newStart; i < run.newEnd; i++) {
        const line = this.#new[i]!;
        const index = run.oldStart + i - run.newStart;
        const foundLine = isPaired ? found[index] : undefined;
        // Where a line is joined to the next one, the blanks at its end would come to stand inside.
        const isJoined = line.ending === '' && this.#old[index]?.ending !== '' && !place.endsLine;
        const content = foundLine
          ? fitChangedLine(
              line.content,
              this.#old[index]!.content,
              isJoined ? splitTrail(foundLine.content).core : foundLine.content,
              translate,
              place.shift,
            )
          : fitAddedLine(line.content, translate, place.shift);
        if (content === undefined) return undefined;
        if (isPaired) ending = endingOf(index) || ending;
        result += line.ending === '' ? content : content + ending;
      }
      if (!isPaired) ending = endingOf(run.oldEnd - 1) || ending;
    }
    return result;
  }
}

function fitAddedLine(
  line: string,
  translate: Translation,
  shift: IndentShift | undefined,
): string | undefined {
  if (!shift) return translate(line);
  const { indent, body } = splitIndent(line);
  if (body === '') return '';
  const shifted = shift(plain(indent));
  return shifted === undefined ? undefined : shifted + translate(body);
}

function fitChangedLine(
  line: string,
  oldLine: string,
  found: string,
  translate: Translation,
  shift: IndentShift | undefined,
): string | undefined {
  if (line === oldLine) return found;
  if (!shift) return reviseLine(found, oldLine, line, translate);
  const now = splitIndent(line);
  if (now.body === '') return '';
  const old = splitIndent(oldLine);
  const there = splitIndent(found);
  const shifted = old.indent === now.indent ? there.indent : shift(plain(now.indent));
  return shifted === undefined ? undefined : shifted + reviseLine(there.body, old.body, now.body, translate);
}

/** The new line, in the file's characters where it begins and ends as the old one did. */
function reviseLine(foundLine: string, oldLine: string, newLine: string, translate: Translation): string {
  if (foundLine === oldLine) return translate(newLine);
  const found = splitTrail(foundLine);
  const old = splitTrail(oldLine);
  const now = splitTrail(newLine);
  const trail = now.trail === old.trail ? found.trail : now.trail;

  let start = sharedStart(old.core, now.core);
  let end = sharedEnd(old.core, now.core, start);
  // `--` is no long dash and a plain one: those beside a new one are new too.
  const added = now.core.slice(start, now.core.length - end);
  if (isDash(added[0])) while (isDash(now.core[start - 1])) start--;
  if (isDash(added.at(-1))) while (end > 0 && isDash(now.core.at(-end))) end--;
  const gone = old.core.slice(start, old.core.length - end);
  const come = now.core.slice(start, now.core.length - end);
  // Quotes come in pairs: when one of them is in what changes, the line is not made of two kinds.
  if (hasQuote(gone) || hasQuote(come)) return translate(now.core) + trail;
  const head = found.core.slice(0, placeFromStart(found.core, old.core, start));
  const tail = found.core.slice(placeFromEnd(found.core, old.core, end));
  return head + translate(come) + tail + trail;
}

function sharedStart(a: string, b: string): number {
  const least = Math.min(a.length, b.length);
  let count = 0;
  while (count < least && a.charCodeAt(count) === b.charCodeAt(count)) count++;
  return count;
}

function sharedEnd(a: string, b: string, taken: number): number {
  const least = Math.min(a.length, b.length) - taken;
  let count = 0;
  while (count < least && a.charCodeAt(a.length - 1 - count) === b.charCodeAt(b.length - 1 - count)) count++;
  return count;
}

/** Where in the file's line the first `count` characters of the old one end: they differ in what is invisible. */
function placeFromStart(found: string, old: string, count: number): number {
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (isInvisible(old.charCodeAt(i)) && found[at] !== old[i]) continue;
    while (isInvisible(found.charCodeAt(at)) && found[at] !== old[i]) at++;
    at++;
  }
  return at;
}

function placeFromEnd(found: string, old: string, count: number): number {
  let at = found.length;
  for (let i = old.length - 1; i >= old.length - count; i--) {
    if (isInvisible(old.charCodeAt(i)) && found[at - 1] !== old[i]) continue;
    while (isInvisible(found.charCodeAt(at - 1)) && found[at - 1] !== old[i]) at--;
    at--;
  }
  return at;
}
