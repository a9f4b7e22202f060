/**
 * What an edit makes of a text, by the slow and plain way: sign by sign (a pair of surrogates is one sign, `\r\n` is one
 * where `\n` may mean it), left to right, each place once.
 */
export function replaceIn(text: string, old: string, replacement: string): { text: string; count: number } {
  if (text.length > 2_000 && !text.includes('\r')) {
    // Sign by sign takes too long here, and there is nothing to decide.
    const pieces = text.split(old);
    return { text: pieces.join(replacement), count: pieces.length - 1 };
  }
  const mayMeanBoth = !old.includes('\r');
  const signs = signsOf(text, mayMeanBoth);
  const wanted = signsOf(old, mayMeanBoth);
  let result = '';
  let count = 0;
  for (let at = 0; at < signs.length;) {
    if (!wanted.every((sign, i) => isSame(signs[at + i], sign))) {
      result += signs[at]!;
      at++;
      continue;
    }
    result += mayMeanBoth && endsWithCrlf(signs, at) ? replacement.replace(/\r?\n/g, '\r\n') : replacement;
    count++;
    at += wanted.length;
  }
  return { text: result, count };
}

function isSame(sign: string | undefined, wanted: string): boolean {
  return sign === wanted || (sign === '\r\n' && wanted === '\n');
}

function signsOf(text: string, joinCrlf: boolean): string[] {
  return text.match(joinCrlf ? /\r\n|[^]/gu : /[^]/gu) ?? [];
}

/** Whether the line at a sign ends in `\r\n`; for an unfinished last line, whether the line before it does. */
function endsWithCrlf(signs: readonly string[], at: number): boolean {
  for (let i = at; i < signs.length; i++)
    if (signs[i] === '\r\n' || signs[i] === '\n') return signs[i] === '\r\n';
  for (let i = at - 1; i >= 0; i--) if (signs[i] === '\r\n' || signs[i] === '\n') return signs[i] === '\r\n';
  return false;
}
