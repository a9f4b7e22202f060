import { TOKEN } from './line-safe.ts';

/** Of shorter texts most files have one. */
const MIN_CHARS = 3;

/**
 * Texts of which every match of a regular expression contains one: for each alternative the longest run of plain characters
 * outside of groups. Undefined when an alternative has none. For an expression without the flag `i`.
 */
export function requiredTexts(source: string): string[] | undefined {
  const required: string[] = [];
  let longest = '';
  let run = '';
  const endRun = (): void => {
    if (run.length > longest.length) longest = run;
    run = '';
  };
  const tokens = source.match(TOKEN) ?? [];
  let depth = 0;
  for (let i = 0; i <= tokens.length; i++) {
    const token = tokens[i];
    if (token === undefined || (token === '|' && depth === 0)) {
      endRun();
      // Half of a surrogate pair, which a quantifier tore off, has no bytes.
      if (longest.length < MIN_CHARS || /\p{Cs}/u.test(longest)) return undefined;
      required.push(longest);
      longest = '';
      continue;
    }
    if (token === '(') depth++;
    else if (token === ')') depth--;
    const char = depth > 0 ? undefined : plainCharacter(token);
    const next = tokens[i + 1] ?? '';
    if (char === undefined || /^[*?{]/.test(next)) {
      endRun();
      // What stands in braces is a number of times; where it is not, less is required than could be.
      if (token === '{') while (i < tokens.length - 1 && tokens[i] !== '}') i++;
      continue;
    }
    run += char;
    if (next === '+') endRun();
  }
  return required;
}

/** The one character that a token matches, undefined for others; a line break is none, as a file may have it as two bytes. */
function plainCharacter(token: string): string | undefined {
  if (/^[^\\^$.*+?()[\]{}|\r\n]$/.test(token)) return token;
  return /^\\[^A-Za-z0-9\r\n]$/.test(token) ? token[1] : undefined;
}
