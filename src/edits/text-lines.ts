import { INVISIBLE_PATTERN } from './lookalikes.ts';

/** A line and how it ends: `''` is an unfinished last line. */
export interface TextLine {
  readonly content: string;
  readonly ending: '' | '\n' | '\r\n';
}

/** The lines of a text; what follows the last line break is a line only when it is not empty. */
export function splitLines(text: string): TextLine[] {
  const lines: TextLine[] = [];
  let at = 0;
  while (at < text.length) {
    const newline = text.indexOf('\n', at);
    if (newline === -1) {
      lines.push({ content: text.slice(at), ending: '' });
      break;
    }
    const isCrlf = newline > at && text.charCodeAt(newline - 1) === 0x0d;
    lines.push({
      content: text.slice(at, isCrlf ? newline - 1 : newline),
      ending: isCrlf ? '\r\n' : '\n',
    });
    at = newline + 1;
  }
  return lines;
}

/** The blanks that a line begins with, and the rest. */
export function splitIndent(line: string): { readonly indent: string; readonly body: string } {
  const indent = /^[\t\p{Zs}]*/u.exec(line)![0];
  return { indent, body: line.slice(indent.length) };
}

/** A line without what cannot be seen at its end, and that. */
export function splitTrail(line: string): { readonly core: string; readonly trail: string } {
  let end = line.length;
  while (end > 0 && UNSEEN.test(line[end - 1]!)) end--;
  return { core: line.slice(0, end), trail: line.slice(end) };
}

const UNSEEN = new RegExp(`[\\t\\p{Zs}]|${INVISIBLE_PATTERN}`, 'u');
