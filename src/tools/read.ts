import { headChars } from '../head-chars.ts';
import { countLines, headOf, LIMITS_OWN_OUTPUT, MAX_OUTPUT_BYTES, MAX_OUTPUT_LINES } from './output.ts';
import { readTextFile, withoutBom } from './text-file.ts';
import type { Tool } from './tool.ts';

/** Characters (UTF-16 units) of a line that are shown. */
const MAX_LINE_CHARS = 2_000;

export interface ReadInput {
  readonly path: string;
  /** 0-based first line. */
  readonly offset?: number;
  /** Lines, at most {@link MAX_OUTPUT_LINES}. */
  readonly limit?: number;
  /** Characters (UTF-16 units) of each line to skip. */
  readonly column?: number;
}

/** Shows a text file, numbered like `cat -n` (LC-2, LC-3, CA-19). */
export function readTool(name: string): Tool {
  return {
    name,
    description:
      'Read a text file. Lines are numbered from 1, as "number, tab, text"; the numbers are not part of the file. ' +
      `Shows at most ${MAX_OUTPUT_LINES} lines or ${MAX_OUTPUT_BYTES / 1024} KB at a time and says how to read on. Lines over ${MAX_LINE_CHARS} characters are cut.`,
    parameters: {
      type: 'object',
      properties: {
        path: { type: 'string', minLength: 1, description: 'Path of the file' },
        offset: {
          type: 'integer',
          minimum: 0,
          description: 'Lines to skip: 100 shows from line 101 (default 0)',
        },
        limit: { type: 'integer', minimum: 1, description: `Lines to show (default ${MAX_OUTPUT_LINES})` },
        column: {
          type: 'integer',
          minimum: 0,
          description: 'Characters to skip in each line, to see the rest of one that is cut (default 0)',
        },
      },
      required: ['path'],
      additionalProperties: false,
    },
    readOnly: true,
    execute: (input: ReadInput, { workspace }) => {
      const text = withoutBom(readTextFile(workspace, input.path));
      const { path, offset = 0, limit = MAX_OUTPUT_LINES, column = 0 } = input;
      return showLines(text, path, { offset, limit: Math.min(limit, MAX_OUTPUT_LINES), column });
    },
    [LIMITS_OWN_OUTPUT]: true,
  } as Tool;
}

function showLines(
  text: string,
  path: string,
  { offset, limit, column }: { offset: number; limit: number; column: number },
): string {
  if (text === '') return `(${path} is empty)`;
  const start = startOfLine(text, offset);
  if (start === -1) return `(offset ${offset} is past the end: ${path} has ${linesOf(countLines(text))})`;

  let shown = '';
  let at = start;
  let line = offset;
  // A byte is at least as many as a character, so beyond this nothing more can fit.
  while (at < text.length && line < offset + limit && shown.length <= MAX_OUTPUT_BYTES) {
    const newline = text.indexOf('\n', at);
    const end = newline === -1 ? text.length : newline;
    const isCrlf = text.charCodeAt(end - 1) === 0x0d && end > at;
    const content = text.slice(at, isCrlf ? end - 1 : end);
    const isWhole = column === 0 && content.length <= MAX_LINE_CHARS;
    shown += labelOf(line) + (isWhole ? content : cutLine(content, column));
    line++;
    at = end + 1;
  }
  // The first label begins with a line break too.
  shown = shown.slice(1);

  const fitting = headOf(shown, MAX_OUTPUT_BYTES);
  if (fitting.length < shown.length) {
    // Whole lines only, so that reading on at the named offset misses nothing.
    shown = shown.slice(0, shown.lastIndexOf('\n', fitting.length));
    line = offset + countLines(shown);
  } else if (at >= text.length) {
    return shown;
  }
  return `${shown}\n\n[Lines ${offset + 1}-${line} of ${countLines(text)} shown; read on with offset=${line}.]`;
}

/** Where a 0-based line starts; -1 when the text has no such line. */
function startOfLine(text: string, line: number): number {
  let at = 0;
  for (let i = 0; i < line; i++) {
    const newline = text.indexOf('\n', at);
    if (newline === -1) return -1;
    at = newline + 1;
  }
  return at < text.length ? at : -1;
}

// Made once a thread: most files are shown from their first line on, and to write a number takes longer than to show its line.
const firstLabels = Array.from<string | undefined>({ length: MAX_OUTPUT_LINES });

/** What stands before a 0-based line: the end of the line before it, and its own number. */
function labelOf(line: number): string {
  return line < firstLabels.length ? (firstLabels[line] ??= makeLabel(line)) : makeLabel(line);
}

function makeLabel(line: number): string {
  return `\n${String(line + 1).padStart(6)}\t`;
}

function cutLine(line: string, column: number): string {
  const start = Math.min(column, line.length);
  // A column in the middle of a surrogate pair shows the whole of it.
  const rest = line.slice(isLowSurrogate(line, start) ? start - 1 : start);
  const shown = headChars(rest, MAX_LINE_CHARS);
  const front = column > 0 && line !== '' ? '…' : '';
  return `${front}${shown}${shown.length < rest.length ? `… [line cut: ${line.length} characters]` : ''}`;
}

function isLowSurrogate(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return at > 0 && unit >= 0xdc00 && unit <= 0xdfff;
}

function linesOf(count: number): string {
  return count === 1 ? '1 line' : `${count} lines`;
}
