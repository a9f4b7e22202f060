/** What all line ends of a text are; `mixed` where they differ, undefined where there is none. */
export type LineEnding = 'lf' | 'crlf' | 'mixed' | undefined;

export function lineEndingOf(text: string): LineEnding {
  let ending: LineEnding;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) {
    const here = text[at - 1] === '\r' ? 'crlf' : 'lf';
    if (ending !== undefined && ending !== here) return 'mixed';
    ending = here;
  }
  return ending;
}

/** The text with all its line ends as asked for. */
export function withLineEnding(text: string, ending: 'lf' | 'crlf'): string {
  const lines = text.replaceAll('\r\n', '\n');
  return ending === 'lf' ? lines : lines.replaceAll('\n', '\r\n');
}
