/*
 * Lines of a text that is still bytes. They end at `\n` only, as for git, and are compared with their ends: a CR is
 * part of its line, and the last line of a file is another one when it has no end.
 */

export const NEWLINE = 0x0a;

/** Text as lines with their ends; the last may have none. `''` has no line. */
export function splitLines(text: string): string[] {
  const lines = text.split('\n');
  const last = lines.pop()!;
  for (let i = 0; i < lines.length; i++) lines[i] += '\n';
  if (last !== '') lines.push(last);
  return lines;
}

/** Lines, counting a last one without its end. */
export function countLines(text: Buffer): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) if (text[i] === NEWLINE) count++;
  return text.length > 0 && text[text.length - 1] !== NEWLINE ? count + 1 : count;
}

/** Where each line begins, in bytes, and at the end the length: one more than there are lines. */
export function lineOffsets(text: Buffer): number[] {
  const offsets = [0];
  for (let i = 0; i < text.length; i++) if (text[i] === NEWLINE) offsets.push(i + 1);
  if (offsets.at(-1) !== text.length) offsets.push(text.length);
  return offsets;
}

/** Bytes of the whole lines that both texts begin with. */
export function commonLines(a: Buffer, b: Buffer): number {
  const length = Math.min(a.length, b.length);
  let i = 0;
  while (i < length && a[i] === b[i]) i++;
  return i === 0 ? 0 : a.lastIndexOf(NEWLINE, i - 1) + 1;
}

/** Bytes of the whole lines that both texts end with, outside the first `start` bytes. */
export function commonEnd(a: Buffer, b: Buffer, start: number): number {
  const length = Math.min(a.length, b.length) - start;
  let i = 0;
  while (i < length && a[a.length - 1 - i] === b[b.length - 1 - i]) i++;
  if (i === 0) return 0;
  // The end must start a line in both: there it is preceded by a newline, or by the common lines.
  const atLineStart = (text: Buffer): boolean =>
    text.length - i === start || text[text.length - i - 1] === NEWLINE;
  if (atLineStart(a) && atLineStart(b)) return i;
  const newline = a.indexOf(NEWLINE, a.length - i);
  return newline === -1 ? 0 : a.length - newline - 1;
}
