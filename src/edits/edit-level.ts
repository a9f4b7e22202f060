import type { OriginalText } from './original-text.ts';
import type { Replacement } from './replacement.ts';
import type { TextEdit } from './text-edit.ts';
import type { WorkBudget } from './work-budget.ts';

/** Where an old text is, `[start, end)` in whatever a level searches: only a level knows what its places mean. */
export interface Hit {
  readonly start: number;
  readonly end: number;
}

/** A search that has begun. */
export interface EditSearch {
  /** The first hit at or after a place. */
  next(from: number): Hit | undefined;
  /** Where in the file a hit begins. */
  start(hit: Hit): number;
  /** What changes in the file for a hit; `undefined` when the new text cannot be fitted in there. */
  replacement(hit: Hit): Replacement | undefined;
}

/** A way of finding an old text in a file. */
export interface EditLevel {
  readonly name: 'exact' | 'lookalikes' | 'trailing-blanks' | 'indentation';
  /** What it leaves out of account, as part of a sentence; '' for nothing. */
  readonly tolerance: string;
  /** `undefined` when this level can find no more than those before it. */
  search(original: OriginalText, edit: TextEdit, work: WorkBudget): EditSearch | undefined;
}
