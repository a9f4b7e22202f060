/** What an edit does to a text; `count` is how often the old text is there at the level that decides. */
export interface Replaced {
  readonly text: string;
  readonly count: number;
}

const INVISIBLE = '[\\ufeff\\u200b\\u2060\\u00ad]';

/**
 * What an edit makes of a text, by the slow and plain way. The first level is modelled for any text, sign by sign (a pair
 * of surrogates is one sign, `\r\n` is one where `\n` may mean it), left to right, each place once. Of the lenient levels
 * what the fuzzer's old texts can reach, by regular expressions: invisible characters, line endings, blanks at the end of
 * a line and a missing last line break, for old texts of one line in plain characters. Indented blocks, quotes, dashes
 * and spaces are what `npm run edits` is for.
 */
export function replaceIn(text: string, old: string, replacement: string, replaceAll: boolean): Replaced {
  const exact = replaceExactly(text, old, replacement);
  const decided = exact.count > 0 || new RegExp(`^(?:\\s|${INVISIBLE})*$`).test(old);
  const replaced = decided ? exact : replaceLeniently(text, old, replacement);
  if (replaced.count !== 1 || replaceAll || !decided) return replaced;
  return { text: replaced.text, count: countOverlapping(text, old) };
}

function replaceExactly(text: string, old: string, replacement: string): Replaced {
  const mayMeanBoth = !old.includes('\r');
  const isFitted = mayMeanBoth && text.includes('\n');
  if (text.length > 2_000 && !text.includes('\r')) {
    // Sign by sign takes too long here, and there is nothing to decide.
    const pieces = text.split(old);
    const piece = isFitted ? replacement.replaceAll('\r\n', '\n') : replacement;
    return { text: pieces.join(piece), count: pieces.length - 1 };
  }
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
    result += isFitted ? replacement.replace(/\r?\n/g, lineEndingAt(signs, at)) : replacement;
    count++;
    at += wanted.length;
  }
  return { text: result, count };
}

/**
 * Whether an edit of one line is also about the depth of that line: it stands indented in the text, and the new text has
 * further lines that belong at its depth, or takes its line break away. That is what `npm run edits` judges.
 */
export function isAboutIndentation(text: string, old: string, replacement: string): boolean {
  const seen = (part: string): string => part.replace(new RegExp(INVISIBLE, 'g'), '');
  const line = seen(old).replace(/\r?\n$/, '');
  if (line.trim() === '' || line.includes('\n')) return false;
  const isBlock = replacement.trim().includes('\n') || (old.endsWith('\n') && !replacement.endsWith('\n'));
  if (!isBlock) return false;
  return seen(text)
    .split('\n')
    .some((there) => /^[\t\p{Zs}]/u.test(there) && there.trimStart().startsWith(line));
}

/** Whether a text that is there once without overlap is there twice with. */
function countOverlapping(text: string, old: string): number {
  const mayMeanBoth = !old.includes('\r');
  const signs = signsOf(text, mayMeanBoth);
  const wanted = signsOf(old, mayMeanBoth);
  return signs.filter((_, at) => wanted.every((sign, i) => isSame(signs[at + i], sign))).length;
}

function replaceLeniently(text: string, old: string, replacement: string): Replaced {
  const unix = old.replaceAll('\r\n', '\n').replace(new RegExp(INVISIBLE, 'g'), '');
  const letters = unix
    .replace(/\n$/, '')
    .split('')
    .map((letter) => letter.replace(/\W/g, '\\$&'));
  const body = letters.join(`${INVISIBLE}*`);
  const lineBreak = unix.endsWith('\n') ? `${INVISIBLE}*\\r?\\n` : '';
  const unseen = `(?:[ \\t]|${INVISIBLE})*`;
  const lineEnd = unix.endsWith('\n') ? `(?:${unseen}\\r?\\n|(?:${unseen}[ \\t])?(?=${INVISIBLE}*$))` : '';
  for (const pattern of [body + lineBreak, body + lineEnd]) {
    const places = [...text.matchAll(new RegExp(pattern, 'g'))];
    if (places.length === 0) continue;
    let result = '';
    let at = 0;
    for (const { 0: found, index } of places) {
      result += text.slice(at, index) + fitted(text, index, found, unix, replacement);
      at = index + found.length;
    }
    const again = new RegExp(pattern, 'g');
    again.lastIndex = places[0]!.index + 1;
    const isAlone = places.length === 1 && again.exec(text) === null;
    return { text: result + text.slice(at), count: isAlone ? 1 : Math.max(2, places.length) };
  }
  return { text, count: 0 };
}

/** The new text in the manner of what was found: a line that stays is the file's, one that changes keeps its end. */
function fitted(text: string, index: number, found: string, old: string, replacement: string): string {
  const ending = /\r?\n$/.exec(found)?.[0] ?? '';
  const isUnfinished = ending === '' && old.endsWith('\n');
  const lineBreak = ending || lineEndingAt(signsOf(text.slice(index), true), 0, signsOf(text, true));
  const lines =
    (isUnfinished ? replacement.replace(/\r?\n$/, '') : replacement).match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const there = found.slice(0, found.length - ending.length);
  const endsLine = /^(?:\r?\n|$)/.test(text.slice(index + found.length));
  const was = old.replace(/\n$/, '');
  const contents = lines.map((line) => line.replace(/\r?\n$/, ''));
  const kept =
    lines.length === 1 || contents[0] === was ? 0 : contents.at(-1) === was ? lines.length - 1 : -1;
  return lines
    .map((line, i) => {
      const content = contents[i]!;
      const isJoined = ending !== '' && !line.endsWith('\n') && !endsLine;
      const shown = i === kept ? keptLine(isJoined ? seenPart(there) : there, was, content) : content;
      return shown + (line.endsWith('\n') ? lineBreak : '');
    })
    .join('');
}

function keptLine(there: string, was: string, now: string): string {
  if (now === was) return there;
  const seen = seenPart(there);
  const end = there.slice(seen.length);
  if (now.endsWith(was)) return now.slice(0, now.length - was.length) + seen + end;
  return now + end;
}

function seenPart(line: string): string {
  return line.replace(new RegExp(`(?:[ \\t]|${INVISIBLE})*$`), '');
}

function isSame(sign: string | undefined, wanted: string): boolean {
  return sign === wanted || (sign === '\r\n' && wanted === '\n');
}

function signsOf(text: string, joinCrlf: boolean): string[] {
  return text.match(joinCrlf ? /\r\n|[^]/gu : /[^]/gu) ?? [];
}

/** How the line at a sign ends; for an unfinished last line, how the line before it does. */
function lineEndingAt(signs: readonly string[], at: number, all: readonly string[] = signs): string {
  const isBreak = (sign: string): boolean => sign === '\r\n' || sign === '\n';
  const before = all === signs ? signs.slice(0, at) : all;
  return signs.slice(at).find(isBreak) ?? before.findLast(isBreak) ?? '\n';
}
