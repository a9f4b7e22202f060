/** One class, one escape, or one UTF-16 unit of a regular expression's source. */
export const TOKEN =
  /\[(?:\\[^]|[^\]\\])*\]|\\(?:x[\da-fA-F]{2}|u\{[\da-fA-F]+\}|u[\da-fA-F]{4}|c[A-Za-z]|[pP]\{[^}]*\}|k<[^>]*>|\d+|[^])|[^]/g;

/**
 * The source of a regular expression that finds in a whole text (with the flag `m`) what the given one finds in each of its
 * lines: no atom of it matches a line feed. So a search need not cut a text into lines, and yet no match, and no attempt at
 * one, leaves its line. The text may hold no line break but `\n`, since `^` and `$` know others.
 * @param flags  those of the given expression, which is known to compile with them
 * @returns undefined when it cannot be told
 */
export function lineSafe(source: string, flags: string): string | undefined {
  let safe = '';
  for (const [token] of source.matchAll(TOKEN)) {
    const isClass = token.length > 1 && token.startsWith('[');
    const isEscape = token.length > 1 && token.startsWith('\\');
    if (token === '\n') safe += NEVER;
    else if (token === '.' && flags.includes('s')) safe += '[^\\n]';
    else if (!isClass && !isEscape) safe += token;
    else if (isEscape && 'bB'.includes(token[1]!)) safe += token;
    else {
      const matches = matchesNewline(token, flags);
      // Alone it is an octal escape; here it may be a reference to a group.
      if (matches === undefined || (matches && /^\\\d/.test(token))) return undefined;
      safe += matches ? withoutNewline(token, flags) : token;
    }
  }
  return safe;
}

const NEVER = '[]';

/** Undefined when the token means nothing by itself. */
function matchesNewline(token: string, flags: string): boolean | undefined {
  try {
    return new RegExp(`^${token}$`, flags).test('\n');
  } catch {
    // A reference to a named group repeats what other atoms matched.
    return token.startsWith('\\k') ? false : undefined;
  }
}

function withoutNewline(token: string, flags: string): string {
  // With `u` and `i` together a class and its complement may share characters.
  if (!flags.includes('u')) {
    if (token.startsWith('[^')) return `[^\\n${token.slice(2)}`;
    if (token === '\\s') return '[^\\S\\n]';
    if (token === '\\W') return '[^\\w\\n]';
    if (token === '\\D') return '[^\\d\\n]';
    if (token === '\\n') return NEVER;
  }
  return `(?:(?!\\n)${token})`;
}
