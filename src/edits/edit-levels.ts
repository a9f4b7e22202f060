import type { EditLevel } from './edit-level.ts';
import { LiteralSearch } from './literal-search.ts';
import { plain } from './lookalikes.ts';
import { isBlank, trimLineEnds } from './original-text.ts';
import { ShiftedBlockSearch } from './shifted-block-search.ts';
import { ViewSearch } from './view-search.ts';

/**
 * The very same text, as `read` shows it: `\n` of the model is also `\r\n` of the file, which is kept, place by place, so
 * that mixed endings stay mixed. A model that writes `\r` itself is taken literally.
 */
const exact: EditLevel = {
  name: 'exact',
  tolerance: '',
  search: (original, edit, work) =>
    edit.oldText.includes('\r') || !original.hasCrlf
      ? new LiteralSearch(original.text, edit, work)
      : new ViewSearch(original, original.unix, edit.oldText, edit, work),
};

/** All line endings are one, and so are the characters that {@link plain} makes one. */
const lookalikes: EditLevel = {
  name: 'lookalikes',
  tolerance: 'line endings and the kind of quotes, dashes and spaces',
  search(original, edit, work) {
    const pattern = plain(edit.oldText);
    if (pattern.trim() === '') return undefined;
    if (pattern === edit.oldText && original.plain.text === original.unix.text) return undefined;
    return new ViewSearch(original, original.plain, pattern, edit, work);
  },
};

/**
 * The above; blanks at the ends of lines do not count, nor does a last line break that the file lacks. Blanks that the
 * text itself ends in may be within a line of the file, where they count: that is looked for before.
 */
function trailingBlanks(countsLast: boolean): EditLevel {
  return {
    name: 'trailing-blanks',
    tolerance: 'blanks at the ends of lines',
    search(original, edit, work) {
      const old = plain(edit.oldText);
      const trimmed = trimLineEnds(old);
      const view = original.trimmed;
      if (trimmed.trim() === '') return undefined;
      if (trimmed === old && view.text === original.plain.text) return undefined;
      const last = old.slice(endOfText(old));
      if (countsLast && last === '') return undefined;
      return new ViewSearch(original, view, countsLast ? trimmed + last : trimmed, edit, work, {
        start: trimmed.startsWith('\n') && !old.startsWith('\n'),
        end: !countsLast && last !== '',
      });
    },
  };
}

/** Where a text ends but for blanks. */
function endOfText(text: string): number {
  let end = text.length;
  while (end > 0 && isBlank(text.charCodeAt(end - 1))) end--;
  return end;
}

/** The above, for whole lines that are all indented otherwise in the same way. */
export const INDENTATION: EditLevel = {
  name: 'indentation',
  tolerance: 'the depth of indentation',
  search: (original, edit, work) => ShiftedBlockSearch.begin(original, edit, work),
};

/** From strict to lenient. The first level that finds anything decides: uniqueness is asked at that level. */
export const EDIT_LEVELS: readonly EditLevel[] = [
  exact,
  lookalikes,
  trailingBlanks(true),
  trailingBlanks(false),
  INDENTATION,
];
