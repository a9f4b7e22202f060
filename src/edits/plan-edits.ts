import type { EditLevel, EditSearch, Hit } from './edit-level.ts';
import { EDIT_LEVELS, INDENTATION } from './edit-levels.ts';
import { explainMiss } from './explain-miss.ts';
import { isBlank, OriginalText } from './original-text.ts';
import type { Replacement } from './replacement.ts';
import { ShiftedBlockSearch } from './shifted-block-search.ts';
import type { TextEdit } from './text-edit.ts';
import { OutOfWorkError, WorkBudget } from './work-budget.ts';

/** Places that one call may change, and characters of the file it may make: checked before anything is built. */
const MAX_REPLACEMENTS = 100_000;
const MAX_RESULT_CHARS = 32 * 1024 * 1024;
/** Places that a refusal names. */
const MAX_LINES_TOLD = 10;
const MAX_PROBLEMS = 10;
/** Of so many misses is it said what the file has instead: the search for it costs more than the edit. */
const MAX_EXPLAINED = 3;

/** What is wrong with one of the edits, for the model. */
export interface EditProblem {
  /** 0-based. */
  readonly edit: number;
  readonly message: string;
}

/** What several edits of one text come to: all of them, or why not. */
export type EditPlan =
  | {
      readonly kind: 'ready';
      /** In order, without overlap; at least one. */
      readonly replacements: readonly Replacement[];
      /** For each edit, at which level it was found. */
      readonly levels: readonly EditLevel[];
    }
  | { readonly kind: 'refused'; readonly problems: readonly EditProblem[]; readonly moreProblems: number };

/**
 * Finds where edits apply to one text; each sees the original, none what another one made. Every edit has to be found at
 * the first of {@link EDIT_LEVELS} that finds anything, once, or with `replaceAll` as often as it is there. All or
 * nothing: any problem refuses all.
 * @param path  as the model calls the file, for what it is told
 */
export function planEdits(path: string, text: string, edits: readonly TextEdit[]): EditPlan {
  return new EditPlanner(path, text, edits).plan();
}

/** An edit cannot be done; the reason is made only when it is told. */
class EditRefusal extends Error {
  readonly tell: () => string;

  constructor(tell: () => string) {
    super('the edit is refused');
    this.tell = tell;
  }
}

interface LevelResult {
  readonly level: EditLevel;
  readonly replacements: readonly Replacement[];
}

/** One place to change, and for which edit. */
interface PlacedReplacement {
  readonly edit: number;
  readonly replacement: Replacement;
}

class EditPlanner {
  readonly #path: string;
  readonly #original: OriginalText;
  readonly #edits: readonly TextEdit[];
  readonly #work = new WorkBudget();
  readonly #problems: EditProblem[] = [];
  #moreProblems = 0;
  #replacementCount = 0;
  #resultChars: number;
  #explained = 0;

  constructor(path: string, text: string, edits: readonly TextEdit[]) {
    this.#path = path;
    this.#original = new OriginalText(text);
    this.#edits = edits;
    this.#resultChars = text.length;
  }

  plan(): EditPlan {
    const placed: PlacedReplacement[] = [];
    const levels: EditLevel[] = [];
    for (const [edit, asked] of this.#edits.entries()) {
      try {
        const { level, replacements } = this.#find(asked, edit);
        levels.push(level);
        for (const replacement of replacements) placed.push({ edit, replacement });
      } catch (error) {
        if (error instanceof EditRefusal) this.#problem(edit, error.tell);
        else if (error instanceof OutOfWorkError) {
          this.#problem(edit, () => this.#tooMuchWork(asked));
          break;
        } else throw error;
      }
    }
    placed.sort((a, b) => a.replacement.start - b.replacement.start);
    this.#refuseOverlaps(placed);
    if (this.#problems.length > 0) {
      return { kind: 'refused', problems: this.#problems, moreProblems: this.#moreProblems };
    }
    return { kind: 'ready', replacements: placed.map(({ replacement }) => replacement), levels };
  }

  #problem(edit: number, tell: () => string): void {
    if (this.#problems.length < MAX_PROBLEMS) this.#problems.push({ edit, message: tell() });
    else this.#moreProblems++;
  }

  /** @throws {EditRefusal} @throws {OutOfWorkError} */
  #find(edit: TextEdit, index: number): LevelResult {
    this.#check(edit);
    for (const level of EDIT_LEVELS) {
      const search = level.search(this.#original, edit, this.#work);
      const first = search?.next(0);
      if (!search || !first) continue;
      const hits = this.#hits(level, edit, search, first);
      if (level !== INDENTATION && this.#cutsIndent(edit, search, hits))
        return this.#asBlock(edit, level, search, hits);
      return { level, replacements: this.#replacements(edit, search, hits) };
    }
    throw new EditRefusal(() => this.#miss(edit, index));
  }

  /**
   * Whether one line is meant that the model has at another depth, though its text is literally there: within a deeper
   * indentation, or after it. Put in literally, only the first of several new lines would get the file's indentation,
   * and where the line break goes too, the next line would get it on top of its own.
   */
  #cutsIndent({ oldText, newText, replaceAll }: TextEdit, search: EditSearch, hits: readonly Hit[]): boolean {
    const newline = oldText.indexOf('\n');
    const isOneLine = newline === -1 || newline === oldText.length - 1;
    if (!isOneLine || oldText.trim() === '') return false;
    const later = newText.includes('\n') ? laterLines(newText) : [];
    const takesLineBreak = oldText.endsWith('\n') && !newText.endsWith('\n');
    const isIndented = isBlank(oldText.charCodeAt(0));
    if (later.length === 0 && !takesLineBreak && (!isIndented || replaceAll)) return false;
    const { text } = this.#original;
    return hits.some((hit) => {
      const start = search.start(hit);
      let at = start;
      while (at > 0 && isBlank(text.charCodeAt(at - 1))) at--;
      if (at === start || (at > 0 && text.charCodeAt(at - 1) !== 0x0a)) return false;
      // New lines that have all of the file's indentation are written for the file as it is.
      return isIndented || takesLineBreak || later.some((line) => !line.startsWith(text.slice(at, start)));
    });
  }

  /** Hits that are whole lines are replaced as such, those that are a part of one as they are. */
  #asBlock(edit: TextEdit, level: EditLevel, search: EditSearch, hits: readonly Hit[]): LevelResult {
    const block = ShiftedBlockSearch.begin(this.#original, edit, this.#work, true);
    const first = block?.next(0);
    const lines = block && first ? this.#hits(INDENTATION, edit, block, first) : [];
    const places = lines.map((line) => block!.place(line));
    const whole = new Set<Hit>();
    const parts: Hit[] = [];
    let at = 0;
    for (const hit of hits) {
      const start = search.start(hit);
      while (at < lines.length && places[at]!.end <= start) at++;
      if (at < lines.length && places[at]!.start <= start) whole.add(lines[at]!);
      else parts.push(hit);
    }
    if (parts.length > 0) this.#checkParts(edit, search, parts[0]!, places);
    return {
      level: whole.size > 0 ? INDENTATION : level,
      replacements: [
        ...(whole.size > 0 ? this.#replacements(edit, block!, [...whole]) : []),
        ...(parts.length > 0 ? this.#replacements(edit, search, parts) : []),
      ],
    };
  }

  /** A part of a line may be meant where a text was found, or a whole line: where that is open, the model has to say. */
  #checkParts(edit: TextEdit, search: EditSearch, part: Hit, lines: readonly Hit[]): void {
    const start = search.start(part);
    if (!edit.replaceAll && lines.length > 0) {
      throw new EditRefusal(() => {
        const [line] = this.#original.linesAt([start]);
        const [other] = this.#original.linesAt([lines[0]!.start]);
        return (
          `old_string begins within the indentation of line ${line}, and with another indentation it is line ${other}; ` +
          'give the indentation of the file, or lines around the one that is meant'
        );
      });
    }
    if (isBlank(edit.oldText.charCodeAt(0)) && /\n[^]/.test(edit.newText)) {
      throw new EditRefusal(() => {
        const [line] = this.#original.linesAt([start]);
        return `old_string is in line ${line}, but begins within its indentation; give all of it, in new_string too`;
      });
    }
  }

  #check(edit: TextEdit): void {
    if (edit.oldText === '') {
      throw new EditRefusal(() => 'old_string is empty; give the text to replace, or write the whole file');
    }
    // No file holds half a character, but a search for one would find it in a whole one and tear that apart.
    if (!edit.oldText.isWellFormed()) {
      throw new EditRefusal(
        () => 'old_string holds half of a character (a lone surrogate); give whole characters',
      );
    }
    if (edit.oldText === edit.newText) {
      throw new EditRefusal(() => 'old_string and new_string are identical; nothing would change');
    }
  }

  /** @throws {EditRefusal} when there are more than are wanted */
  #hits(level: EditLevel, edit: TextEdit, search: EditSearch, first: Hit): readonly Hit[] {
    // `}\n}\n` is in `}\n}\n}\n` once, and yet in two places: which of them is meant cannot be told.
    const other = edit.replaceAll ? undefined : search.next(first.start + 1);
    if (!edit.replaceAll && !other) return [first];
    const hits = [first];
    let count = 1;
    const wanted = edit.replaceAll ? MAX_REPLACEMENTS - this.#replacementCount : 1;
    const kept = Math.max(wanted, MAX_LINES_TOLD);
    for (let hit = search.next(first.end); hit; hit = search.next(hit.end)) {
      if (count < kept) hits.push(hit);
      count++;
    }
    if (other && count === 1) {
      hits.push(other);
      count++;
    }
    if (count > wanted) throw new EditRefusal(() => this.#tooMany(level, edit, search, hits, count));
    return hits;
  }

  /** @throws {EditRefusal} when a new text does not fit in, is too large, or is what is there */
  #replacements(edit: TextEdit, search: EditSearch, hits: readonly Hit[]): readonly Replacement[] {
    const replacements = hits.map((hit) => {
      const replacement = search.replacement(hit);
      if (!replacement) throw new EditRefusal(() => this.#unfit(search, hit));
      this.#resultChars += replacement.text.length - (replacement.end - replacement.start);
      if (this.#resultChars > MAX_RESULT_CHARS) {
        throw new EditRefusal(() => `the file would grow to more than ${MAX_RESULT_CHARS} characters`);
      }
      return replacement;
    });
    if (replacements.every(({ start, end, text }) => this.#original.text.slice(start, end) === text)) {
      throw new EditRefusal(
        () => 'nothing would change: but for what the file keeps of its own, new_string is there already',
      );
    }
    this.#replacementCount += hits.length;
    return replacements;
  }

  #tooMany(
    level: EditLevel,
    edit: TextEdit,
    search: EditSearch,
    hits: readonly Hit[],
    count: number,
  ): string {
    const when = level.tolerance === '' ? '' : ` without regard to ${level.tolerance}`;
    if (edit.replaceAll) {
      return `old_string occurs ${count} times${when}, more than the ${MAX_REPLACEMENTS} that one call may change`;
    }
    const told = hits.slice(0, MAX_LINES_TOLD).map((hit) => search.start(hit));
    const lines = [...new Set(this.#original.linesAt(told))];
    const more = count > told.length ? ' and more' : '';
    return (
      `old_string occurs ${count} times${when} - provide more context or pass replace_all=true ` +
      `(${lines.length === 1 ? 'line' : 'lines'} ${lines.join(', ')}${more})`
    );
  }

  #unfit(search: EditSearch, hit: Hit): string {
    const [line] = this.#original.linesAt([search.start(hit)]);
    return (
      `old_string is at line ${line} with another indentation, and a line of new_string is indented too little to be ` +
      'moved along; give both with the indentation of the file'
    );
  }

  #miss(edit: TextEdit, index: number): string {
    if (this.#original.text === '')
      return `old_string not found: ${this.#path} is empty; write the whole file`;
    const head = `old_string not found in ${this.#path}; `;
    if (this.#edits.slice(0, index).some(({ newText }) => newText.includes(edit.oldText))) {
      return `${head}an edit before it makes that text, but each edit of one call sees the file as it was: make the two one`;
    }
    const isExplained = this.#explained++ < MAX_EXPLAINED;
    return (
      head +
      (isExplained ? explainMiss(this.#original, edit.oldText) : 'read the file and copy the text from it')
    );
  }

  #tooMuchWork(edit: TextEdit): string {
    return (
      `this takes more work than one call may: ${this.#original.text.length} characters of file, ${edit.oldText.length} of ` +
      `old_string${this.#edits.length > 1 ? `, ${this.#edits.length} edits` : ''}. Give a shorter text that occurs once, ` +
      `${this.#edits.length > 1 ? 'fewer edits, ' : ''}or write the whole file`
    );
  }

  #refuseOverlaps(placed: readonly PlacedReplacement[]): void {
    const overlapping = new Set<number>();
    for (let i = 1; i < placed.length; i++) {
      const before = placed[i - 1]!;
      const { edit, replacement } = placed[i]!;
      if (replacement.start >= before.replacement.end) continue;
      const [first, second] = [before.edit, edit].sort((a, b) => a - b);
      if (overlapping.has(second!)) continue;
      overlapping.add(second!);
      this.#problem(second!, () => {
        const [line] = this.#original.linesAt([replacement.start]);
        return `overlaps edit ${first! + 1} at line ${line}; make the two one edit`;
      });
    }
  }
}

/** The lines of a new text that are not blank, without the first. */
function laterLines(newText: string): string[] {
  return newText
    .replace(/\n$/, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(1);
}
