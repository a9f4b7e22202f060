/** One place to change: `[start, end)` of the file's text (UTF-16 units), and what comes there. */
export interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * A way of finding `old_string` in a file: every place where it occurs, in order and without overlap. It also decides
 * what the new text becomes there, since what was normalised for the search must be undone in the result.
 */
export type EditLevel = (file: string, oldString: string, newString: string) => Iterable<Replacement>;

/** From strict to lenient. The first level that finds anything decides: uniqueness is asked at that level. */
export const EDIT_LEVELS: readonly EditLevel[] = [exact];

/**
 * The very same text. A line break of a model is `\n`; where the file has `\r\n`, that is matched and kept, place by
 * place, so that a file with mixed endings keeps its mixture. A model that writes `\r` itself is taken literally.
 */
export function exact(file: string, oldString: string, newString: string): Iterable<Replacement> {
  return oldString.includes('\r') || !file.includes('\r\n')
    ? literal(file, oldString, newString)
    : acrossLineEndings(file, oldString, newString);
}

function* literal(file: string, oldString: string, newString: string): Generator<Replacement> {
  for (let at = file.indexOf(oldString); at !== -1;) {
    const end = at + oldString.length;
    yield { start: at, end, text: newString };
    at = file.indexOf(oldString, end);
  }
}

function* acrossLineEndings(file: string, oldString: string, newString: string): Generator<Replacement> {
  const view = file.replaceAll('\r\n', '\n');
  const newWithCrlf = newString.replace(/\r?\n/g, '\r\n');

  // Places are asked for in rising order, so one pass over the file's line breaks serves them all.
  let dropped = 0;
  let nextCrlf = file.indexOf('\r\n');
  const placeInFile = (placeInView: number): number => {
    while (nextCrlf !== -1 && nextCrlf - dropped < placeInView) {
      dropped++;
      nextCrlf = file.indexOf('\r\n', nextCrlf + 2);
    }
    return placeInView + dropped;
  };

  for (const match of literal(view, oldString, newString)) {
    const start = placeInFile(match.start);
    const end = placeInFile(match.end);
    yield { start, end, text: usesCrlf(file, start) ? newWithCrlf : newString };
  }
}

/** Whether the line at a place ends in `\r\n`; for an unfinished last line, whether the line before it does. */
function usesCrlf(file: string, place: number): boolean {
  let newline = file.indexOf('\n', place);
  if (newline === -1) newline = file.lastIndexOf('\n', place);
  return newline > 0 && file.charCodeAt(newline - 1) === 0x0d;
}
