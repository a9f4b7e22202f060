/** Quotes as a word processor sets them, dashes between blanks. @param unbroken  the first blank does not break */
export function typographic(line: string, unbroken: boolean): string {
  const indent = indentOf(line);
  const body = line.slice(indent.length);
  const spaced = unbroken ? body.replace(' ', '\u00a0') : body;
  return (
    indent +
    spaced
      .replace(/(^|[\s\u00a0([{=:,])"/g, '$1“')
      .replaceAll('"', '”')
      .replace(/(^|[\s\u00a0([{=:,])'/g, '$1‘')
      .replaceAll("'", '’')
      .replaceAll(' - ', ' – ')
  );
}

/** How a reader compares lines who does not see blanks at their ends, their depth, or the kind of a quote. */
export function asRead(text: string): string {
  return text
    .replace(/[“”„‟]/g, '"')
    .replace(/[‘’]/g, "'")
    .replace(/[–—]/g, '-')
    .replaceAll('\u00a0', ' ')
    .replaceAll('\r\n', '\n')
    .split('\n')
    .map((line) => line.trim())
    .join('\n');
}

/** How often a text is in another, overlaps included. */
export function countIn(text: string, part: string): number {
  let count = 0;
  for (let at = text.indexOf(part); at !== -1; at = text.indexOf(part, at + 1)) count++;
  return count;
}

export function indentOf(line: string): string {
  return /^[ \t]*/.exec(line)![0];
}

/** The same depth with another step; what is over (a comment's star) stays. */
export function withStep(line: string, from: string, to: string): string {
  const indent = indentOf(line);
  let depth = 0;
  while (indent.startsWith(from, depth * from.length)) depth++;
  return to.repeat(depth) + indent.slice(depth * from.length) + line.slice(indent.length);
}
