/** What a plan has to keep to. */
export interface EditLimits {
  /** Lines of which only the start is known: no edit may touch or show them. */
  readonly isCut?: (line: string) => boolean;
  /** Most edits; beyond that, changes that are near each other share one. Default: no limit. */
  readonly maxEdits?: number;
}

/** One change, as the edit tool takes it: `oldText` occurs once in the file at the time of the change. */
export interface PlannedEdit {
  readonly oldText: string;
  readonly newText: string;
  /** Matches that it changes. */
  readonly places: number;
}

/** The matched part of a text, `[start, end)`, and what comes there. */
interface Place {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Adjacent lines that change together: whole lines of the text, without the last line feed. */
interface Hunk {
  start: number;
  end: number;
  readonly places: Place[];
}

/**
 * The edits that replace every match, in order: one for each run of adjacent changed lines. An old text that occurs more
 * than once takes in the lines around it until it does not; later edits see what earlier ones did.
 * @param pattern  with the flag g
 */
export function planEdits(
  text: string,
  pattern: RegExp,
  replacement: string,
  { isCut = () => false, maxEdits = Infinity }: EditLimits = {},
): PlannedEdit[] {
  const edits: PlannedEdit[] = [];
  let current = text;
  let shift = 0;
  const hunks = hunksOf(text, placesOf(text, pattern, replacement), isCut);
  for (const hunk of joined(hunks, maxEdits)) {
    const changed = applied(text, hunk);
    const span = uniqueSpan(current, hunk.start + shift, hunk.end + shift);
    const oldText = current.slice(span.start, span.end);
    // Only of a file of blank lines even the whole is not unique.
    if (!occursOnce(current, span) || oldText.split('\n').some(isCut)) continue;
    const before = current.slice(span.start, hunk.start + shift);
    const after = current.slice(hunk.end + shift, span.end);
    edits.push({
      oldText,
      newText: before + changed + after,
      places: hunk.places.length,
    });
    current = current.slice(0, hunk.start + shift) + changed + current.slice(hunk.end + shift);
    shift += changed.length - (hunk.end - hunk.start);
  }
  return edits;
}

/** The text with every match replaced, and how many that were. */
export function replaceAll(
  text: string,
  pattern: RegExp,
  replacement: string,
): { text: string; places: number } {
  const places = placesOf(text, pattern, replacement);
  return { text: applied(text, { start: 0, end: text.length, places }), places: places.length };
}

/** Every match that its replacement changes. */
function placesOf(text: string, pattern: RegExp, replacement: string): Place[] {
  // Marks around the replacements let the engine itself expand `$1` and the like. A shown file has no NUL.
  const parts = text.replace(pattern, `\0${replacement}\0`).split('\0');
  return [...text.matchAll(pattern)]
    .map(({ 0: found, index }, i) => ({ start: index, end: index + found.length, text: parts[2 * i + 1]! }))
    .filter((place) => place.text !== text.slice(place.start, place.end));
}

function hunksOf(text: string, places: readonly Place[], isCut: (line: string) => boolean): Hunk[] {
  const hunks: Hunk[] = [];
  for (const place of places) {
    const start = startOfLine(text, place.start);
    // A match that ends with the line feed needs the next line too, or there would be nothing to join it to.
    const end = endOfLine(text, place.end);
    if (text.slice(start, end).split('\n').some(isCut)) continue;
    const last = hunks.at(-1);
    if (last && start <= last.end + 1) {
      last.end = Math.max(last.end, end);
      last.places.push(place);
    } else {
      hunks.push({ start, end, places: [place] });
    }
  }
  return hunks;
}

/** Joins hunks across ever wider gaps until there are few enough. */
function joined(hunks: readonly Hunk[], most: number): readonly Hunk[] {
  let result = hunks;
  for (let gap = 64; result.length > most; gap *= 2) {
    const wider: Hunk[] = [];
    for (const hunk of result) {
      const last = wider.at(-1);
      if (last && hunk.start - last.end <= gap) {
        last.end = hunk.end;
        last.places.push(...hunk.places);
      } else {
        wider.push({ ...hunk, places: [...hunk.places] });
      }
    }
    result = wider;
  }
  return result;
}

function applied(text: string, hunk: Readonly<Hunk>): string {
  let result = '';
  let at = hunk.start;
  for (const place of hunk.places) {
    result += text.slice(at, place.start) + place.text;
    at = place.end;
  }
  return result + text.slice(at, hunk.end);
}

/** Widens whole lines by the lines around them, before and after by turns, until they occur once. */
function uniqueSpan(text: string, start: number, end: number): { start: number; end: number } {
  const span = { start, end };
  for (let before = true; !occursOnce(text, span); before = !before) {
    if (span.start === 0 && span.end === text.length) break;
    if ((before && span.start > 0) || span.end === text.length)
      span.start = startOfLine(text, span.start - 1);
    else span.end = endOfLine(text, span.end + 1);
  }
  return span;
}

/**
 * Overlapping occurrences count too, since an edit tool would have to choose between them. So does one with the line feed at
 * the end of the file, which a shown text does not tell.
 */
function occursOnce(text: string, { start, end }: { start: number; end: number }): boolean {
  if (start === end) return false;
  const part = text.slice(start, end);
  if (text.indexOf(part) !== start || text.includes(part, start + 1)) return false;
  return !part.endsWith('\n') || !`${text}\n`.endsWith(part);
}

function startOfLine(text: string, at: number): number {
  return at === 0 ? 0 : text.lastIndexOf('\n', at - 1) + 1;
}

function endOfLine(text: string, at: number): number {
  const newline = text.indexOf('\n', at);
  return newline === -1 ? text.length : newline;
}
