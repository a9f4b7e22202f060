import type { SearchPattern } from './search-pattern.ts';

/**
 * Told of each line of a text that matches, or with `multiline` of the lines that a match spans: `[start, end)`, without the
 * line break at the end. Returns whether to go on.
 */
export type OnMatch = (start: number, end: number) => boolean;

/** A text as it is searched: no BOM, and `\n` for `\r\n` and for a `\r` at its end. */
export function searchable(stored: string): string {
  const text = stored.charCodeAt(0) === 0xfeff ? stored.slice(1) : stored;
  if (!text.includes('\r')) return text;
  const plain = text.replaceAll('\r\n', '\n');
  return plain.endsWith('\r') ? `${plain.slice(0, -1)}\n` : plain;
}

/** Lines that match, in order. What a line-by-line search finds, but without cutting the text where that can be avoided. */
export function matchLines(text: string, pattern: SearchPattern, onMatch: OnMatch): void {
  const { inText, inLine } = pattern;
  if (inText && pattern.multiline) matchSpans(text, inText, onMatch);
  else if (!inText || hasOtherLineBreak(text)) matchLineByLine(text, inLine, onMatch);
  else matchInText(text, inText, onMatch);
}

/** With the flag `m` these end a line too, for JavaScript; for everybody else they are characters of it. */
function hasOtherLineBreak(text: string): boolean {
  return text.includes('\r') || text.includes('\u2028') || text.includes('\u2029');
}

/** @param regex  matches no line feed, so a match and the end of it lie in one line */
function matchInText(text: string, regex: RegExp, onMatch: OnMatch): void {
  regex.lastIndex = 0;
  while (regex.lastIndex < text.length && regex.test(text)) {
    const at = regex.lastIndex;
    const start = at === 0 ? 0 : text.lastIndexOf('\n', at - 1) + 1;
    // After the last line break there is no line.
    if (start === text.length) return;
    const end = endOfLine(text, at);
    if (!onMatch(start, end)) return;
    regex.lastIndex = end + 1;
  }
}

function matchSpans(text: string, regex: RegExp, onMatch: OnMatch): void {
  regex.lastIndex = 0;
  while (regex.lastIndex < text.length) {
    const match = regex.exec(text);
    if (!match || match.index === text.length) return;
    const first = match.index;
    const start = first === 0 ? 0 : text.lastIndexOf('\n', first - 1) + 1;
    // A match that ends with the line break spans no line after it.
    const end = endOfLine(text, Math.max(first, first + match[0].length - 1));
    if (!onMatch(start, end)) return;
    regex.lastIndex = end + 1;
  }
}

function matchLineByLine(text: string, regex: RegExp, onMatch: OnMatch): void {
  for (let start = 0; start < text.length;) {
    const end = endOfLine(text, start);
    if (regex.test(text.slice(start, end)) && !onMatch(start, end)) return;
    start = end + 1;
  }
}

/** Where the line that holds a position ends, before its line break. */
export function endOfLine(text: string, at: number): number {
  const newline = text.indexOf('\n', at);
  return newline === -1 ? text.length : newline;
}
