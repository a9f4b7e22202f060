import type { EditSearch, Hit } from './edit-level.ts';
import { edgesOf, ReplacementFitter } from './fit-replacement.ts';
import type { OriginalText } from './original-text.ts';
import type { Replacement } from './replacement.ts';
import type { TextEdit } from './text-edit.ts';
import { TextSearch } from './text-search.ts';
import type { TextView } from './text-view.ts';
import type { WorkBudget } from './work-budget.ts';

/** Which ends of a hit have to be at the edge of a line: blanks that the pattern was relieved of were no part of one. */
interface Edges {
  readonly start: boolean;
  readonly end: boolean;
}

/** Finds a pattern in a view of the file. Places are the view's. */
export class ViewSearch implements EditSearch {
  readonly #original: OriginalText;
  readonly #view: TextView;
  readonly #pattern: string;
  readonly #search: TextSearch;
  readonly #edit: TextEdit;
  readonly #work: WorkBudget;
  readonly #edges: Edges;
  readonly #fitters = new Map<boolean, ReplacementFitter>();
  #last: { readonly key: string; readonly text: string | undefined } | undefined;

  constructor(
    original: OriginalText,
    view: TextView,
    pattern: string,
    edit: TextEdit,
    work: WorkBudget,
    edges: Edges = { start: false, end: false },
  ) {
    this.#original = original;
    this.#view = view;
    this.#pattern = pattern;
    // Searched with its line break, as otherwise it may be found at every place of a long line, and nowhere at its end.
    const isEnd = edges.end && !pattern.endsWith('\n');
    this.#search = new TextSearch(view.text, isEnd ? `${pattern}\n` : pattern, work);
    this.#edit = edit;
    this.#work = work;
    this.#edges = edges;
  }

  next(from: number): Hit | undefined {
    const { text } = this.#view;
    for (let start = this.#search.next(from); start !== -1; start = this.#search.next(start + 1)) {
      const end = start + this.#pattern.length;
      const startsWell = !this.#edges.start || start === 0 || text[start - 1] === '\n';
      const endsWell = !this.#edges.end || end === text.length || text[end] === '\n';
      if (startsWell && endsWell) return { start, end };
    }
    return undefined;
  }

  start(hit: Hit): number {
    return this.#view.start(hit.start);
  }

  replacement(hit: Hit): Replacement | undefined {
    const { start, end } = this.#placeOf(hit);
    const found = this.#original.text.slice(start, end);
    const around = edgesOf(this.#original, start, end);
    const isUnfinished = this.#view.addsNewline && hit.end === this.#view.text.length;

    // With replace_all the places are alike mostly, and one text can serve them all.
    const key = `${Object.values(around).join()},${isUnfinished},${found}`;
    if (this.#last?.key !== key) {
      const fitter = this.#fitter(isUnfinished);
      this.#work.spend(found.length + fitter.steps);
      this.#last = { key, text: fitter.fit({ found, ...around }) };
    }
    const { text } = this.#last;
    return text === undefined ? undefined : { start, end, text };
  }

  #placeOf(hit: Hit): Hit {
    const view = this.#view;
    const file = this.#original.text;
    const lineStart = (): number => (hit.start > 0 ? view.end(hit.start) : file.startsWith('\ufeff') ? 1 : 0);
    const lineEnd = (): number => (hit.end < view.text.length ? view.start(hit.end) : file.length);
    return {
      start: this.#edges.start ? lineStart() : view.start(hit.start),
      end: this.#edges.end ? lineEnd() : view.end(hit.end),
    };
  }

  #fitter(isUnfinished: boolean): ReplacementFitter {
    let fitter = this.#fitters.get(isUnfinished);
    if (!fitter) {
      this.#work.spend(this.#edit.oldText.length + this.#edit.newText.length);
      fitter = ReplacementFitter.of(this.#edit, isUnfinished);
      this.#fitters.set(isUnfinished, fitter);
    }
    return fitter;
  }
}
