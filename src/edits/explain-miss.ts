import { shortLine } from './short-line.ts';
import { plain } from './lookalikes.ts';
import { nearestRegion } from './nearest-region.ts';
import { lineOf, type OriginalText } from './original-text.ts';
import { TextSearch } from './text-search.ts';
import { OutOfWorkError, WorkBudget } from './work-budget.ts';

/** An explanation is worth less than an edit: it may take about so many characters, and is left out beyond. */
const MAX_STEPS = 2 ** 24;
/** As `read` and like tools print a line: number, then a tab, an arrow, a bar or a colon. */
const NUMBERED = /^ *\d+(?:\t|→|\||: )/;
const ADVICE = 'Read the file and copy the text from it';

/** Why a text was not found, as far as can be told cheaply: the end of a sentence, and what the file has instead. */
export function explainMiss(original: OriginalText, oldText: string): string {
  if (isNumbered(oldText))
    return 'leave out the line numbers and the tab after them: they are not part of the file';
  const work = new WorkBudget(MAX_STEPS);
  const line = lineIgnoringCase(original, oldText, work);
  if (line !== undefined) {
    return `line ${line} has it in other upper and lower case. ${ADVICE}`;
  }
  const must = `it must match the file, with blanks and line breaks. ${ADVICE}`;
  const near = nearestRegion(original, oldText, work);
  if (!near) return must;
  const { firstLine, lines, differentLine } = near;
  const lastLine = firstLine + lines.length - 1;
  const shown = lines.map((text, i) => `${String(firstLine + i).padStart(6)}\t${shortLine(text)}`);
  const place = lines.length === 1 ? `line ${firstLine}` : `lines ${firstLine}-${lastLine}`;
  const first = differentLine === undefined ? '' : `; the first difference is in line ${differentLine}`;
  return `${must}\nThe nearest text, which is not a match, is ${place}${first}:\n${shown.join('\n')}`;
}

function isNumbered(text: string): boolean {
  const lines = text.split('\n', 100).filter((line) => line.trim() !== '');
  return lines.length > 0 && lines.every((line) => NUMBERED.test(line));
}

function lineIgnoringCase(original: OriginalText, oldText: string, work: WorkBudget): number | undefined {
  const pattern = plain(oldText).toLowerCase();
  if (pattern.trim() === '') return undefined;
  try {
    work.spend(original.text.length);
    const { folded } = original;
    const at = new TextSearch(folded, pattern, work).next(0);
    return at === -1 ? undefined : lineOf(folded, at);
  } catch (error) {
    if (error instanceof OutOfWorkError) return undefined;
    throw error;
  }
}
