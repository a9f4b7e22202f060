import { isUtf8 } from 'node:buffer';

/** A name from a header of a diff, and what follows it; `name` is undefined where quotes or UTF-8 are broken. */
interface ReadName {
  readonly name: string | undefined;
  readonly rest: string;
}

/** A name up to a tab, or in quotes with the escapes of C: `a/x`, `a/sp ace<TAB>2024-01-01`, `"a/\303\251"`. */
export function readName(text: string): ReadName {
  if (text.startsWith('"')) return readQuoted(text);
  const tab = text.indexOf('\t');
  return tab === -1 ? { name: text, rest: '' } : { name: text.slice(0, tab), rest: text.slice(tab) };
}

const ESCAPES: Readonly<Record<string, number>> = {
  a: 0x07,
  b: 0x08,
  t: 0x09,
  n: 0x0a,
  v: 0x0b,
  f: 0x0c,
  r: 0x0d,
  '"': 0x22,
  '\\': 0x5c,
};
const QUOTED = /^"((?:[^"\\]|\\[0-3][0-7]{2}|\\[abtnvfr"\\])*)"/;

function readQuoted(text: string): ReadName {
  const match = QUOTED.exec(text);
  if (!match) return { name: undefined, rest: '' };
  const parts: Buffer[] = [];
  for (const [part, escape] of match[1]!.matchAll(/\\([0-7]{3}|.)|[^\\]+/g)) {
    if (escape === undefined) parts.push(Buffer.from(part));
    else parts.push(Buffer.of(ESCAPES[escape] ?? Number.parseInt(escape, 8)));
  }
  const bytes = Buffer.concat(parts);
  return { name: isUtf8(bytes) ? bytes.toString('utf8') : undefined, rest: text.slice(match[0].length) };
}

/** The two names in `diff --git NAME NAME`: they have the same length, or quotes. */
export function readGitNames(text: string): readonly [string, string] | undefined {
  if (text.startsWith('"')) {
    const { name, rest } = readQuoted(text);
    const other = rest.startsWith(' ') ? readName(rest.slice(1)).name : undefined;
    return name === undefined || other === undefined ? undefined : [name, other];
  }
  const middle = (text.length - 1) / 2;
  if (Number.isInteger(middle) && text[middle] === ' ')
    return [text.slice(0, middle), text.slice(middle + 1)];
  // Only the second one in quotes, or two names of a file that is moved: the headers below name those.
  return undefined;
}

/**
 * The path that both names of one file mean: without the `a/` and `b/` of git, or whatever first name the two sides
 * have of their own; as it is where they are the same.
 * @returns undefined when they name two files
 */
export function commonPath(oldName: string, newName: string): string | undefined {
  if (oldName === newName) return oldName;
  const rest = withoutFirst(oldName);
  return rest !== '' && rest === withoutFirst(newName) ? rest : undefined;
}

/** The path of a file that only one side has. */
export function ownPath(name: string): string {
  return /^[ab]\/./.test(name) ? name.slice(2) : name;
}

function withoutFirst(name: string): string {
  const slash = name.indexOf('/');
  return slash === -1 ? '' : name.slice(slash + 1);
}
