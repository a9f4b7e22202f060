/** One place to change: `[start, end)` of the file's text (UTF-16 units), and what comes there. */
export interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** @param replacements  in order, without overlap */
export function applyReplacements(file: string, replacements: readonly Replacement[]): string {
  let result = '';
  let at = 0;
  for (const { start, end, text } of replacements) {
    result += file.slice(at, start) + text;
    at = end;
  }
  return result + file.slice(at);
}
