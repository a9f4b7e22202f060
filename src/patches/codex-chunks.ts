import { PatchError } from '../errors.ts';
import type { CodexChunk } from './codex-patch.ts';
import { FileLines } from './file-lines.ts';
import { applyLineEdits, editsOfChunk } from './line-edits.ts';
import type { LineEdit, PatchLine } from './line-edits.ts';
import { LineIndex } from './line-index.ts';
import { whereLinesAre, quoteLine, showLines } from './near-lines.ts';
import type { WorkBudget } from '../edits/work-budget.ts';
import { indentShift } from '../edits/indent-shift.ts';
import type { IndentPair, IndentSteps } from '../edits/indent-shift.ts';
import { splitIndent } from '../edits/text-lines.ts';

/** A file as its chunks leave it. */
export interface ChunkedText {
  readonly text: string;
  /** What the writer of the patch should know: chunks that were found by ignoring something, or stand elsewhere too. */
  readonly notes: readonly string[];
}

/** Ways of comparing lines, strict to lenient, as the reference implementation has them; `ignoring` says what is lost. */
const LEVELS: readonly { readonly ignoring: string; readonly key: (line: string) => string }[] = [
  { ignoring: '', key: (line) => line },
  { ignoring: 'trailing blanks', key: (line) => line.trimEnd() },
  { ignoring: 'indentation', key: (line) => line.trim() },
  { ignoring: 'indentation and typographic punctuation', key: (line) => withPlainPunctuation(line.trim()) },
];
/** From this level on, lines may be indented otherwise than the patch has them. */
const FIRST_INDENTED = 2;
/** Spaces that a depth has where nothing tells. */
const INDENT_STEPS: IndentSteps = { ofNew: 4, newSpaces: [], ofFile: () => undefined };

/**
 * Finds the chunks of an update in a file and applies them. As the reference does it, a chunk stands after its headings
 * and after the chunk before it, and at the first place where its lines are the very same. What is found only by
 * ignoring something must be the only such place, and its indentation must be shifted evenly: a chunk that lands in the
 * wrong place is worse than one that is refused. Unchanged lines keep the file's bytes.
 * @throws {PatchError} `patch_refused` with the chunk, the reason and the lines near by; `too_much_work`
 */
export function applyChunks(text: string, chunks: readonly CodexChunk[], budget: WorkBudget): ChunkedText {
  budget.spend(text.length);
  const file = new FileLines(text);
  const places = new ChunkPlaces(file, chunks, budget);
  const edits: LineEdit[] = [];
  const notes: string[] = [];
  for (const [i, chunk] of chunks.entries()) {
    const { at, body, indent, note } = places.next(chunk, i);
    for (const edit of editsOfChunk(body, at, ({ text: line }) => ({ text: indent(line) }))) edits.push(edit);
    if (note !== undefined) notes.push(note);
  }
  // Lines that only come at the end are put there while later chunks may still stand before it.
  edits.sort((a, b) => a.start - b.start);
  for (const [i, edit] of edits.entries()) {
    const before = edits[i - 1];
    if (before && before.start + before.deleted > edit.start) {
      throw new PatchError('patch_refused', `two chunks change line ${edit.start + 1}; make them one`);
    }
  }
  return { text: applyLineEdits(file, edits), notes };
}

interface FoundChunk {
  /** The line of the file where the chunk's old lines start. */
  readonly at: number;
  readonly body: readonly PatchLine[];
  readonly indent: (line: string) => string;
  readonly note?: string;
}

const asItIs = (line: string): string => line;

/** Goes through a file from its beginning, one chunk after the other. */
class ChunkPlaces {
  readonly #file: FileLines;
  readonly #chunks: readonly CodexChunk[];
  readonly #budget: WorkBudget;
  readonly #indexes: LineIndex[] = [];
  #cursor = 0;

  constructor(file: FileLines, chunks: readonly CodexChunk[], budget: WorkBudget) {
    this.#file = file;
    this.#chunks = chunks;
    this.#budget = budget;
  }

  next(chunk: CodexChunk, index: number): FoundChunk {
    const name = `chunk ${index + 1} of ${this.#chunks.length} (patch line ${chunk.line})`;
    const isVague = this.#passHeadings(chunk, name);
    const old = oldLines(chunk.body);
    if (old.length === 0) return this.#atEnd(chunk, name);
    const found = this.#find(chunk, chunk.body, old, isVague, name);
    if (found) return found;
    // A model tends to write the break at the end of a file as an empty line.
    const last = chunk.body.at(-1)!;
    if (last.text === '' && last.sign !== '+' && old.length > 1) {
      const shorter = this.#find(chunk, chunk.body.slice(0, -1), old.slice(0, -1), isVague, name);
      if (shorter) return shorter;
    }
    throw this.#notFound(chunk, old, name);
  }

  /** Moves behind the chunk's headings. @returns whether one of them may have been meant elsewhere */
  #passHeadings(chunk: CodexChunk, name: string): boolean {
    let isVague = false;
    for (const heading of chunk.headings) {
      const found = this.#findHeading(heading);
      if (!found) {
        const isAbove = this.#index(0).placesOf(heading)[0];
        throw new PatchError(
          'patch_refused',
          isAbove === undefined
            ? `${name}: no line of the file is its heading ${quoteLine(heading)}; what follows @@ is a whole line of the file, or nothing`
            : `${name}: its heading ${quoteLine(heading)} is on line ${isAbove + 1}, but not after line ${this.#cursor}, where the chunk before it ends; chunks come in the order of the file`,
        );
      }
      isVague ||= found.isVague;
      this.#cursor = found.line + 1;
    }
    return isVague;
  }

  #findHeading(heading: string): { line: number; isVague: boolean } | undefined {
    for (const [level, { key }] of LEVELS.entries()) {
      const places = this.#index(level).ascending([key(heading)], this.#cursor, this.#file.count);
      const first = places.next();
      if (first.done) continue;
      return { line: first.value, isVague: level > 0 && !places.next().done };
    }
    return undefined;
  }

  #find(
    chunk: CodexChunk,
    body: readonly PatchLine[],
    old: readonly string[],
    isVague: boolean,
    name: string,
  ): FoundChunk | undefined {
    const end = this.#file.count - old.length;
    const from = chunk.isAtEnd ? Math.max(this.#cursor, end) : this.#cursor;
    for (const [level, { key, ignoring }] of LEVELS.entries()) {
      const places = this.#index(level).ascending(old.map(key), from, end);
      const { value: at, done } = places.next();
      if (done) continue;
      const other = places.next();
      if (!other.done && (level > 0 || isVague)) {
        throw new PatchError(
          'patch_refused',
          `${name}: ${level > 0 ? `ignoring ${ignoring}, ` : 'after a heading that is not exact, '}its lines stand at line ${at + 1} and at line ${other.value + 1}; give more lines around the change, exactly as in the file`,
        );
      }
      const indent = level < FIRST_INDENTED ? asItIs : this.#indentation(body, at, name);
      this.#cursor = at + old.length;
      if (level > 0) {
        return { at, body, indent, note: `${name} was found at line ${at + 1}, ignoring ${ignoring}` };
      }
      if (other.done) return { at, body, indent };
      return {
        at,
        body,
        indent,
        note: `${name} changed line ${at + 1}, the first of several places with these lines; the next is line ${other.value + 1}`,
      };
    }
    return undefined;
  }

  /** Only added lines: they come at the end, before an empty last line if there is one. */
  #atEnd(chunk: CodexChunk, name: string): FoundChunk {
    const { count } = this.#file;
    if (chunk.headings.length > 0 && !chunk.isAtEnd) {
      throw new PatchError(
        'patch_refused',
        `${name}: it only adds lines, so its place is not clear. Repeat the line before or after them as an unchanged line (" "), or leave the heading out to add at the end of the file`,
      );
    }
    const hasEmptyLast = count > 0 && this.#file.line(count - 1) === '';
    return { at: hasEmptyLast ? count - 1 : count, body: chunk.body, indent: asItIs };
  }

  /** How added lines are to be indented at a place whose indentation is not the patch's. */
  #indentation(body: readonly PatchLine[], at: number, name: string): (line: string) => string {
    const removed: IndentPair[] = [];
    const kept: IndentPair[] = [];
    let line = at;
    for (const { sign, text } of body) {
      if (sign === '+') continue;
      const found = this.#file.line(line++);
      if (text.trim() === '') continue;
      const pair = { old: splitIndent(text).indent, found: splitIndent(found).indent };
      (sign === '-' ? removed : kept).push(pair);
    }
    const pairs = removed.length > 0 ? removed : kept;
    if (pairs.every(({ old, found }) => old === found)) return asItIs;
    // One blank more in front of unchanged lines alone: the model left out their sign, and the added lines have theirs.
    if (pairs === kept && pairs.every(({ old, found }) => found === ` ${old}`)) return asItIs;
    const shift = indentShift(pairs, INDENT_STEPS);
    const indented = (text: string): string | undefined => {
      const { indent, body: rest } = splitIndent(text);
      if (rest === '') return text;
      const shifted = shift?.(indent);
      return shifted === undefined ? undefined : shifted + rest;
    };
    if (body.every(({ sign, text }) => sign !== '+' || indented(text) !== undefined)) {
      return (text) => indented(text) ?? text;
    }
    throw new PatchError(
      'patch_refused',
      `${name}: at line ${at + 1} its lines stand with other indentation, which is not shifted evenly. Give them as in the file:\n${showLines(this.#file, at, line - at)}`,
    );
  }

  #notFound(chunk: CodexChunk, old: readonly string[], name: string): PatchError {
    const key = LEVELS[FIRST_INDENTED]!.key;
    const index = this.#index(FIRST_INDENTED);
    const where = chunk.isAtEnd
      ? 'at the end of the file'
      : this.#cursor === 0
        ? 'in the file'
        : `after line ${this.#cursor}`;
    const [above] = index.ascending(old.map(key), 0, this.#cursor - 1);
    if (above !== undefined && !chunk.isAtEnd) {
      return new PatchError(
        'patch_refused',
        `${name}: its lines are not ${where}. They stand at line ${above + 1}: chunks come in the order of the file, share no lines with the one before and do not repeat their heading.\n${showLines(this.#file, above, old.length)}`,
      );
    }
    const region = whereLinesAre(this.#file, index, old, key, this.#cursor);
    return new PatchError('patch_refused', `${name}: its lines are not ${where}. ${region}`);
  }

  /** The file under a level, made when a level is first asked for: most patches need only the first. */
  #index(level: number): LineIndex {
    const { key } = LEVELS[level]!;
    return (this.#indexes[level] ??= new LineIndex(
      this.#file,
      { of: (file, line) => key(file.line(line)), ...(level === 0 ? { maxCut: 2 } : {}) },
      this.#lines(key),
      this.#budget,
    ));
  }

  *#lines(key: (line: string) => string): Generator<string> {
    for (const { headings, body } of this.#chunks) {
      for (const heading of headings) yield key(heading);
      for (const { sign, text } of body) if (sign !== '+') yield key(text);
    }
  }
}

function oldLines(body: readonly PatchLine[]): string[] {
  return body.filter(({ sign }) => sign !== '+').map(({ text }) => text);
}

/** Dashes, quotes and blanks of typography as a keyboard has them. */
function withPlainPunctuation(line: string): string {
  if (/^[\x20-\x7e\t]*$/.test(line)) return line;
  return line
    .replace(/[\u2010-\u2015\u2212]/g, '-')
    .replace(/[\u2018-\u201b]/g, "'")
    .replace(/[\u201c-\u201f]/g, '"')
    .replace(/[\u00a0\u2002-\u200a\u202f\u205f\u3000]/g, ' ');
}
