import { headChars } from '../head-chars.ts';

const MAX_LINE_CHARS = 200;

/** A line as a message shows it: without its `\r`, and cut. */
export function shortLine(line: string): string {
  const text = line.endsWith('\r') ? line.slice(0, -1) : line;
  return text.length > MAX_LINE_CHARS ? `${headChars(text, MAX_LINE_CHARS)}…` : text;
}
