import { lineSafe } from './line-safe.ts';
import { requiredTexts } from './required-texts.ts';
import { ToolFailure } from './tool-failure.ts';

export interface PatternOptions {
  readonly ignoreCase: boolean;
  /** Take the pattern as it is, without special characters. */
  readonly literal: boolean;
  /** Matches may span lines. */
  readonly multiline: boolean;
}

/** What to look for, in the forms that a search uses. */
export interface SearchPattern {
  /**
   * Finds matching lines in a whole text whose only line breaks are `\n`, with the flags `g` and `m`. Undefined: go line by
   * line.
   */
  readonly inText: RegExp | undefined;
  /** Tells whether one line, without its end, matches. Without the flag `g`. */
  readonly inLine: RegExp;
  /** Texts in UTF-8, of which every match contains one: a file without any need not be decoded. */
  readonly needles: readonly Buffer[] | undefined;
  readonly multiline: boolean;
  /** Asks for a line break, which no single line holds. */
  readonly wantsLineBreak: boolean;
}

/** @throws {ToolFailure} when it is no regular expression, with the reason and a way out */
export function searchPattern(pattern: string, options: PatternOptions): SearchPattern {
  const { source, flags } = options.literal
    ? { source: escapeRegExp(pattern), flags: '' }
    : withInlineFlags(pattern);
  if (!options.literal) checkDialect(source, pattern);
  const all = uniqueFlags(
    flags +
      (options.ignoreCase ? 'i' : '') +
      // `.` takes line breaks too.
      (options.multiline ? 'ms' : '') +
      // Classes by property need the flag; everything else is kinder without it, as it refuses needless escapes.
      (!options.literal && /\\[pP]\{/.test(source) ? 'u' : ''),
  );
  const inLine = compile(source, all, pattern);
  const inText = options.multiline ? source : isAnchored(source) ? undefined : lineSafe(source, all);
  return {
    inText: inText === undefined ? undefined : compile(inText, uniqueFlags(`${all}gm`), pattern),
    inLine,
    needles: all.includes('i') ? undefined : requiredTexts(source)?.map((text) => Buffer.from(text)),
    multiline: options.multiline,
    wantsLineBreak: !options.multiline && /\n|\\n/.test(source.replaceAll('\\\\', '')),
  };
}

/** `(?i)` and the like in front, as other engines write it. JavaScript knows `(?i:…)` only, and that not everywhere. */
function withInlineFlags(pattern: string): { source: string; flags: string } {
  const inline = /^\(\?([ims]+)\)/.exec(pattern);
  return inline
    ? { source: pattern.slice(inline[0].length), flags: inline[1]! }
    : { source: pattern, flags: '' };
}

function uniqueFlags(flags: string): string {
  return [...new Set(flags)].join('');
}

function compile(source: string, flags: string, pattern: string): RegExp {
  try {
    return new RegExp(source, flags);
  } catch (error) {
    const reason =
      error instanceof Error ? error.message.replace(/^Invalid regular expression: /, '') : 'refused';
    throw new ToolFailure(`invalid regular expression ${reason}${hintFor(pattern)}`);
  }
}

/** What JavaScript writes otherwise than the engine that the pattern was written for. */
const DIALECTS: ReadonlyArray<readonly [RegExp, string]> = [
  [/\(\?P[<=>]/, 'a named group is written (?<name>…), a reference to it \\k<name>'],
  [/[*+?}]\+/, 'there are no possessive quantifiers; leave out the second +'],
  [/\(\?>/, 'there are no atomic groups; write (?:…)'],
  [/\(\?[a-z-]+\)/, 'flags such as (?i) are taken at the very start only'],
  [/\(\?#/, 'there are no comments'],
  [/\(\?\(|\(\?R\)|\(\?\d\)/, 'there are neither conditions nor recursion'],
];

function hintFor(pattern: string): string {
  const hint = DIALECTS.find(([wrong]) => wrong.test(pattern))?.[1];
  return ` (JavaScript syntax${hint ? `: ${hint}` : '; literal=true searches for the text as it is'})`;
}

const ESCAPE_HINTS: Readonly<Record<string, string>> = {
  A: 'write ^',
  z: 'write $',
  Z: 'write $',
  h: 'write [ \\t]',
  R: 'lines are searched one by one, without their ends',
  Q: 'literal=true searches for the text as it is',
  E: 'literal=true searches for the text as it is',
};

/** What JavaScript takes for something else without a word. @throws {ToolFailure} */
function checkDialect(source: string, pattern: string): void {
  const escape = /(?<!\\)(?:\\\\)*\\([aeghijlmoqyzACEFGHIJKLMNOQRTUVXYZ])/.exec(source)?.[1];
  if (escape !== undefined) {
    const hint = ESCAPE_HINTS[escape] ?? 'write the letter without \\, or \\\\ for a backslash';
    throw new ToolFailure(`invalid regular expression /${pattern}/: \\${escape} means nothing here; ${hint}`);
  }
  const posix = /\[\[?:(\w+):\]/.exec(source);
  if (posix) {
    throw new ToolFailure(
      `invalid regular expression /${pattern}/: ${posix[0]} means nothing here; write \\s, \\w, \\d or a range such as [a-z]`,
    );
  }
}

/** V8 tries such a pattern at every character of a text; on lines one by one it takes less than half the time. */
function isAnchored(source: string): boolean {
  return source.startsWith('^') && !source.includes('|');
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replaceAll('\n', '\\n');
}
