import { PatchError } from '../errors.ts';
import { quotePath } from '../workspace/paths.ts';
import type { PatchLine } from './line-edits.ts';
import { quoteLine } from './near-lines.ts';

/** One operation of a patch in the Codex format. `line` is where it stands in the patch, from 1. */
export type CodexOperation =
  | { readonly kind: 'add'; readonly path: string; readonly content: string; readonly line: number }
  | { readonly kind: 'delete'; readonly path: string; readonly line: number }
  | CodexUpdate;

export interface CodexUpdate {
  readonly kind: 'update';
  readonly path: string;
  readonly moveTo: string | undefined;
  /** In the order of the file; at least one. */
  readonly chunks: readonly CodexChunk[];
  readonly line: number;
}

/** A part of a file that changes. */
export interface CodexChunk {
  /** Lines of the file that stand before the chunk, outermost first: what is written after `@@`. */
  readonly headings: readonly string[];
  /** At least one. */
  readonly body: readonly PatchLine[];
  /** The chunk's lines are the last ones of the file. */
  readonly isAtEnd: boolean;
  readonly line: number;
}

const BEGIN = '*** Begin Patch';
const END = '*** End Patch';
const END_OF_FILE = '*** End of File';
const FILE_HEADER = /^\*\*\* (Add|Update|Delete) File:(.*)$/;
const MOVE_HEADER = /^\*\*\* Move to:(.*)$/;
const HEREDOC = /^(?:(?:apply_patch|applypatch|cat)\s+)?<<-?\s*(['"]?)(\w+)\1$/;
const HEADERS = '"*** Add File: PATH", "*** Update File: PATH" or "*** Delete File: PATH"';

/**
 * Reads a patch in the Codex format. Blanks around markers and headers are ignored, and so are a heredoc or a code fence
 * around the whole, since models send all of these.
 * @throws {PatchError} `invalid_patch`, with the line of the patch
 */
export function parseCodexPatch(text: string): CodexOperation[] {
  return new Parser(unwrapped(text)).parse();
}

interface NumberedLines {
  readonly lines: readonly string[];
  /** Lines of the text before the first of them. */
  readonly before: number;
}

/** The lines without what a model puts around a patch. */
function unwrapped(text: string): NumberedLines {
  const lines = text.split('\n');
  for (let i = 0; i < lines.length; i++) if (lines[i]!.endsWith('\r')) lines[i] = lines[i]!.slice(0, -1);
  let from = 0;
  let to = lines.length;
  for (;;) {
    while (from < to && lines[from]!.trim() === '') from++;
    while (to > from && lines[to - 1]!.trim() === '') to--;
    if (to - from < 2) break;
    const first = lines[from]!.trim();
    const last = lines[to - 1]!.trim();
    const isFence = /^```[\w-]*$/.test(first) && last === '```';
    if (!isFence && HEREDOC.exec(first)?.[2] !== last) break;
    from++;
    to--;
  }
  return { lines: lines.slice(from, to), before: from };
}

class Parser {
  readonly #lines: readonly string[];
  readonly #before: number;
  /** The line that is read next, and the one after the last operation. */
  #at = 1;
  readonly #end: number;

  constructor({ lines, before }: NumberedLines) {
    this.#lines = lines;
    this.#before = before;
    this.#end = lines.length - 1;
  }

  parse(): CodexOperation[] {
    this.#checkMarkers();
    const operations: CodexOperation[] = [];
    while (this.#at < this.#end) operations.push(this.#operation());
    if (operations.length > 0) return operations;
    throw new PatchError('invalid_patch', `the patch is empty: between the markers comes ${HEADERS}`);
  }

  #checkMarkers(): void {
    const first = this.#lines[0]?.trim() ?? '';
    if (first === '') throw new PatchError('invalid_patch', 'the patch is empty');
    if (first !== BEGIN) {
      const isUnified = /^(?:diff --git |--- |\*\*\* [^BAUDEM])/.test(first);
      const hint = isUnified ? '; a unified diff is for the tool "patch"' : '';
      throw this.#refusal(0, `the first line must be "${BEGIN}", not ${quoteLine(first)}${hint}`);
    }
    const last = this.#lines.length - 1;
    if (last === 0 || this.#lines[last]!.trim() !== END) {
      throw this.#refusal(
        last,
        `the last line must be "${END}", not ${quoteLine(this.#lines[last]!)}; a patch that is cut off is not applied`,
      );
    }
  }

  #operation(): CodexOperation {
    const line = this.#number(this.#at);
    const header = FILE_HEADER.exec(this.#lines[this.#at]!.trim());
    const path = header?.[2]!.trim() ?? '';
    if (!header || path === '') {
      const found = quoteLine(this.#lines[this.#at]!);
      const hint = found.startsWith('"+') ? '; a line with + belongs under a header' : '';
      throw this.#refusal(this.#at, `${found} is no header of a file: expected ${HEADERS}${hint}`);
    }
    this.#at++;
    switch (header[1]) {
      case 'Add':
        return { kind: 'add', path, content: this.#addedText(path), line };
      case 'Delete':
        return { kind: 'delete', path, line };
      default: {
        const moveTo = this.#moveTo();
        const chunks = this.#chunks(path);
        if (chunks.length > 0) return { kind: 'update', path, moveTo, chunks, line };
        throw new PatchError(
          'invalid_patch',
          `patch line ${line}: the update of ${quotePath(path)} is empty; write at least one chunk: @@, then lines that start with " ", "-" or "+"`,
        );
      }
    }
  }

  #addedText(path: string): string {
    const start = this.#at;
    while (this.#at < this.#end && this.#lines[this.#at]!.startsWith('+')) this.#at++;
    const next = this.#lines[this.#at]!;
    if (this.#at < this.#end && !next.trim().startsWith('***')) {
      throw this.#refusal(
        this.#at,
        `every line of the new file ${quotePath(path)} starts with "+", an empty one too; this is ${quoteLine(next)}`,
      );
    }
    return this.#lines
      .slice(start, this.#at)
      .map((line) => `${line.slice(1)}\n`)
      .join('');
  }

  #moveTo(): string | undefined {
    if (this.#at >= this.#end) return undefined;
    const header = MOVE_HEADER.exec(this.#lines[this.#at]!.trim());
    if (!header) return undefined;
    const path = header[1]!.trim();
    if (path === '') throw this.#refusal(this.#at, '"*** Move to:" names no path');
    this.#at++;
    return path;
  }

  #chunks(path: string): CodexChunk[] {
    const chunks: CodexChunk[] = [];
    while (this.#at < this.#end) {
      const line = this.#lines[this.#at]!;
      if (line.trim() === '') this.#at++;
      else if (line.startsWith('*')) break;
      else chunks.push(this.#chunk(path, chunks.length + 1));
    }
    return chunks;
  }

  /** Only the first chunk of a file may come without `@@`. */
  #chunk(path: string, count: number): CodexChunk {
    const start = this.#at;
    const headings: string[] = [];
    let hasMarker = false;
    for (; this.#at < this.#end && isChunkMarker(this.#lines[this.#at]!); this.#at++) {
      hasMarker = true;
      const heading = this.#lines[this.#at]!.slice(2).trimEnd();
      if (heading !== '') headings.push(heading.slice(1));
    }
    if (!hasMarker && count > 1) {
      throw this.#refusal(
        start,
        `chunk ${count} of ${quotePath(path)} must start with "@@"; this is ${quoteLine(this.#lines[start]!)}`,
      );
    }
    const body: PatchLine[] = [];
    let isAtEnd = false;
    while (this.#at < this.#end && !isAtEnd) {
      const line = this.#lines[this.#at]!;
      const sign = line[0] ?? ' ';
      if (line.trimEnd() === END_OF_FILE) {
        isAtEnd = true;
      } else if (sign === ' ' || sign === '-' || sign === '+') {
        body.push({ sign, text: line.slice(1) });
      } else if (sign === '*' || isChunkMarker(line)) {
        break;
      } else {
        throw this.#refusal(
          this.#at,
          `a line in a chunk of ${quotePath(path)} starts with " " (unchanged), "-" (removed) or "+" (added); this is ${quoteLine(line)}`,
        );
      }
      this.#at++;
    }
    if (body.length > 0) return { headings, body, isAtEnd, line: this.#number(start) };
    throw this.#refusal(start, `chunk ${count} of ${quotePath(path)} has no lines`);
  }

  #refusal(index: number, problem: string): PatchError {
    return new PatchError('invalid_patch', `patch line ${this.#number(index)}: ${problem}`);
  }

  #number(index: number): number {
    return index + this.#before + 1;
  }
}

function isChunkMarker(line: string): boolean {
  return line.startsWith('@@ ') || line.trimEnd() === '@@';
}
