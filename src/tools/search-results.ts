import { headChars } from '../head-chars.ts';
import { headOf, MAX_OUTPUT_BYTES, MAX_OUTPUT_LINES } from './output.ts';
import { endOfLine, matchLines } from './match-lines.ts';
import type { SearchPattern } from './search-pattern.ts';

/** What is told of what matches: its lines, the names of the files, or how many lines a file. */
export type SearchMode = 'content' | 'files_with_matches' | 'count';

export interface ResultOptions {
  readonly mode: SearchMode;
  /** Results to skip, and most to show: matches, or files where the mode is about files. */
  readonly offset: number;
  readonly max: number;
  /** Lines of context around each match. */
  readonly before: number;
  readonly after: number;
}

const MAX_LINE_CHARS = 500;
/** Of a match that spans more lines the first ones are shown. */
const MAX_MATCH_LINES = 50;
/** Shown of a long line before the match in it. */
const LEAD_CHARS = 100;

/**
 * Collects what a search answers, in grep's format: `path:line:content` for a match, `path-line-content` for the lines around
 * it, `--` between groups. Keeps to the limits of a tool's output.
 */
export class SearchResults {
  /** Results shown. */
  shown = 0;
  /** There are more than are shown. */
  isCut = false;
  /** Files that match, and matches in them; as far as the search went. */
  fileCount = 0;
  matchCount = 0;
  readonly #lines: string[] = [];
  readonly #options: ResultOptions;
  #bytes = 0;

  constructor(options: ResultOptions) {
    this.#options = options;
  }

  /** Whether nothing can be added that is to be told: the search may end. */
  get isComplete(): boolean {
    // Counting goes on, for the sum.
    return this.isCut && this.#options.mode !== 'count';
  }

  get text(): string {
    return headOf(this.#lines.join('\n'), MAX_OUTPUT_BYTES);
  }

  /** Searches one file. @param text  as {@link searchable} makes it */
  add(path: string, text: string, pattern: SearchPattern): void {
    const before = this.matchCount;
    if (this.#options.mode === 'content') {
      this.#addContent(path, text, pattern);
    } else {
      const once = this.#options.mode === 'files_with_matches';
      matchLines(text, pattern, () => {
        this.matchCount++;
        return !once;
      });
    }
    const found = this.matchCount - before;
    if (found === 0) return;
    this.fileCount++;
    if (this.#options.mode === 'content') return;
    if (this.fileCount <= this.#options.offset || this.isCut) return;
    this.#show([this.#options.mode === 'count' ? `${path}:${found}` : path]);
  }

  #addContent(path: string, text: string, pattern: SearchPattern): void {
    const { offset, before, after } = this.#options;
    const group = new ContextLines(path, text);
    matchLines(text, pattern, (start, end) => {
      this.matchCount++;
      if (this.matchCount <= offset) return true;
      const lines = [
        ...group.contextUpTo(start, after),
        ...group.gapBefore(start, before, before + after > 0 && this.#lines.length > 0),
        ...group.contextUpTo(start, before),
        ...group.match(start, end, pattern),
      ];
      return this.#show(lines);
    });
    // What follows the last match; as much of it as there is room for.
    if (!this.isCut && group.isOpen) this.#append(group.contextUpTo(text.length, after));
  }

  /** @returns whether there was room for it */
  #show(lines: readonly string[]): boolean {
    if (this.shown === this.#options.max || (this.shown > 0 && !this.#fits(lines))) {
      this.isCut = true;
      return false;
    }
    this.shown++;
    this.#push(lines);
    return true;
  }

  #append(lines: readonly string[]): void {
    if (this.#fits(lines)) this.#push(lines);
  }

  #fits(lines: readonly string[]): boolean {
    return (
      this.#lines.length + lines.length <= MAX_OUTPUT_LINES &&
      this.#bytes + bytesOf(lines) <= MAX_OUTPUT_BYTES
    );
  }

  #push(lines: readonly string[]): void {
    this.#bytes += bytesOf(lines);
    for (const line of lines) this.#lines.push(line);
  }
}

/** The lines of one file that are shown, in order and each once. */
class ContextLines {
  readonly #path: string;
  readonly #text: string;
  /** Start of the first line that is not shown yet; 1-based number of it. */
  #at = 0;
  #line = 1;
  /** Something of this file is shown, and what comes next follows it without a gap. */
  isOpen = false;

  constructor(path: string, text: string) {
    this.#path = path;
    this.#text = text;
  }

  /** At most so many of the lines before a position. */
  contextUpTo(position: number, max: number): string[] {
    const lines: string[] = [];
    if (!this.isOpen) return lines;
    while (lines.length < max && this.#at < position && this.#at < this.#text.length) {
      const end = endOfLine(this.#text, this.#at);
      lines.push(`${this.#path}-${this.#line}-${shortened(this.#text.slice(this.#at, end), 0)}`);
      this.#goTo(end + 1);
    }
    return lines;
  }

  /** Leaves out what is more than `before` lines above a match. @returns the mark of a gap, where one is wanted */
  gapBefore(start: number, before: number, isMarked: boolean): string[] {
    let from = start;
    for (let i = 0; i < before && from > this.#at; i++) {
      from = from < 2 ? 0 : this.#text.lastIndexOf('\n', from - 2) + 1;
    }
    const isGap = !this.isOpen || from > this.#at;
    this.#goTo(Math.max(from, this.#at));
    this.isOpen = true;
    return isGap && isMarked ? ['--'] : [];
  }

  match(start: number, end: number, pattern: SearchPattern): string[] {
    const lines: string[] = [];
    this.#goTo(start);
    while (this.#at <= end && lines.length < MAX_MATCH_LINES) {
      const lineEnd = endOfLine(this.#text, this.#at);
      const content = this.#text.slice(this.#at, lineEnd);
      lines.push(`${this.#path}:${this.#line}:${shortened(content, placeOf(content, pattern))}`);
      this.#goTo(lineEnd + 1);
      if (lineEnd >= end) break;
    }
    if (this.#at <= end) {
      const first = this.#line;
      this.#goTo(end + 1);
      lines.push(`${this.#path}-${first}-… [${this.#line - first} more lines of this match]`);
    }
    return lines;
  }

  #goTo(position: number): void {
    for (let newline = this.#text.indexOf('\n', this.#at); newline !== -1 && newline < position;) {
      this.#line++;
      newline = this.#text.indexOf('\n', newline + 1);
    }
    this.#at = position;
  }
}

/** Where a long line matches; 0 for others, and where it does not match by itself. */
function placeOf(line: string, { inLine }: SearchPattern): number {
  return line.length <= MAX_LINE_CHARS ? 0 : (inLine.exec(line)?.index ?? 0);
}

/** @param at  what has to be seen of it */
function shortened(line: string, at: number): string {
  if (line.length <= MAX_LINE_CHARS) return line;
  if (at + LEAD_CHARS < MAX_LINE_CHARS) {
    return `${headChars(line, MAX_LINE_CHARS)}… [line cut: ${line.length} characters]`;
  }
  const from = at - LEAD_CHARS;
  const isInPair = line.charCodeAt(from) >= 0xdc00 && line.charCodeAt(from) <= 0xdfff;
  const shown = headChars(line.slice(isInPair ? from + 1 : from), MAX_LINE_CHARS);
  return `…${shown}… [line cut: ${line.length} characters, match at ${at}]`;
}

function bytesOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
}
