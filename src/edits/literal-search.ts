import type { EditSearch, Hit } from './edit-level.ts';
import type { Replacement } from './replacement.ts';
import type { TextEdit } from './text-edit.ts';
import { TextSearch } from './text-search.ts';
import type { WorkBudget } from './work-budget.ts';

/** Finds the very text and puts the very new one there, with line breaks of the file's kind. Places are the file's. */
export class LiteralSearch implements EditSearch {
  readonly #search: TextSearch;
  readonly #edit: TextEdit;
  readonly #newText: string;

  constructor(text: string, edit: TextEdit, work: WorkBudget) {
    this.#search = new TextSearch(text, edit.oldText, work);
    this.#edit = edit;
    // A file that has only `\n` gets no `\r\n` from a model that did not see any.
    const isUnix = !edit.oldText.includes('\r') && text.includes('\n');
    this.#newText = isUnix ? edit.newText.replaceAll('\r\n', '\n') : edit.newText;
  }

  next(from: number): Hit | undefined {
    const start = this.#search.next(from);
    return start === -1 ? undefined : { start, end: start + this.#edit.oldText.length };
  }

  start(hit: Hit): number {
    return hit.start;
  }

  replacement({ start, end }: Hit): Replacement {
    return { start, end, text: this.#newText };
  }
}
