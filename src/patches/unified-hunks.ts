import { FileLines } from './file-lines.ts';
import { applyLineEdits, editsOfChunk } from './line-edits.ts';
import type { AddedLine, LineEdit } from './line-edits.ts';
import { LineIndex } from './line-index.ts';
import type { LineKey } from './line-index.ts';
import { whereLinesAre } from './near-lines.ts';
import type { WorkBudget } from '../edits/work-budget.ts';
import { patchBudget } from './patch-refusal.ts';
import type { HunkLine, UnifiedHunk } from './unified-patch.ts';

/** What became of a hunk. */
export interface HunkReport {
  /** From 1. */
  readonly number: number;
  /** The line of the new text where the hunk is, or where it was looked for in vain. */
  readonly line: number;
  /** Lines of context at either end that were left out to find it. */
  readonly fuzz: number;
  /** Lines between where it is and where it says it is, counting from how the hunk before was shifted. */
  readonly offset: number;
  /** For a hunk that failed: says what the file has there. To find that out takes longer than to apply many hunks. */
  readonly explain?: () => string;
}

export interface HunkOptions {
  /** Lines of context that may be left out at either end of a hunk; as GNU patch, 2. */
  readonly fuzz?: number;
  readonly budget?: WorkBudget;
}

export interface AppliedHunks {
  /** Undefined when a hunk failed. */
  readonly text: string | undefined;
  /** One a hunk, in order. */
  readonly reports: readonly HunkReport[];
  /** The hunks have other line ends, or a byte order mark where the file has none; the file's are kept. */
  readonly ignoresEnds: boolean;
}

/**
 * Applies the hunks of one file as GNU patch does: each is looked for where it says, shifted as the one before, then
 * ever farther from there; and again with one line of context less at either end, up to `fuzz`. Unlike there, some line
 * has to be found: a hunk of added lines alone fits only an empty file. Lines are compared with their ends first, and
 * without them when that fails.
 * @param hunks  in the order of the file
 * @throws {PatchError} `too_much_work`
 */
export function applyHunks(
  text: string,
  hunks: readonly UnifiedHunk[],
  { fuzz = 2, budget = patchBudget() }: HunkOptions = {},
): AppliedHunks {
  budget.spend(text.length);
  const exact = new HunkPlacer(new FileLines(text, 'in line'), WITH_ENDS, hunks, budget).apply(fuzz);
  if (exact.text !== undefined || !mayDifferInEnds(text, hunks)) return { ...exact, ignoresEnds: false };
  const lenient = new HunkPlacer(new FileLines(text), WITHOUT_ENDS, hunks, budget).apply(fuzz);
  const isBetter = failures(lenient.reports) < failures(exact.reports);
  return isBetter ? { ...lenient, ignoresEnds: true } : { ...exact, ignoresEnds: false };
}

export function hasFailed({ explain }: HunkReport): boolean {
  return explain !== undefined;
}

/** A report in the words of GNU patch. */
export function describeReport(report: HunkReport): string {
  const { number, line, fuzz, offset } = report;
  if (hasFailed(report)) return `Hunk #${number} FAILED at ${line}.`;
  const fuzzy = fuzz === 0 ? '' : ` with fuzz ${fuzz}`;
  const moved = offset === 0 ? '' : ` (offset ${offset} ${offset === 1 ? 'line' : 'lines'})`;
  return `Hunk #${number} succeeded at ${line}${fuzzy}${moved}.`;
}

/** One way of comparing the lines of a file and of hunks, and what added lines become. */
interface Comparison {
  readonly fileKey: LineKey;
  readonly hunkKey: (line: HunkLine) => string;
  readonly toAdded: (line: HunkLine) => AddedLine;
}

const WITH_ENDS: Comparison = {
  fileKey: { of: (file, line) => file.slice(line, line + 1), maxCut: 0 },
  hunkKey: ({ text, hasBreak }) => (hasBreak ? `${text}\n` : text),
  toAdded: ({ text, hasBreak }) => ({ text, end: hasBreak ? '\n' : '' }),
};
const WITHOUT_ENDS: Comparison = {
  fileKey: {
    of: (file, line) => (file.breakOf(line) === '' ? file.line(line) : `${file.line(line)}\n`),
    maxCut: 1,
  },
  hunkKey: ({ text, hasBreak }) => (hasBreak ? `${bare(text)}\n` : bare(text)),
  toAdded: ({ text, hasBreak }) => ({ text: bare(text), ...(hasBreak ? {} : { end: '' }) }),
};

function bare(text: string): string {
  return text.replace(/^\ufeff|\r$/g, '');
}

function mayDifferInEnds(text: string, hunks: readonly UnifiedHunk[]): boolean {
  return (
    text.startsWith('\ufeff') ||
    text.includes('\r\n') ||
    hunks.some(({ lines }) => lines.some((line) => bare(line.text) !== line.text))
  );
}

function failures(reports: readonly HunkReport[]): number {
  return reports.filter(hasFailed).length;
}

/** Puts hunks into a file, from its beginning to its end. */
class HunkPlacer {
  readonly #file: FileLines;
  readonly #comparison: Comparison;
  readonly #hunks: readonly UnifiedHunk[];
  readonly #index: LineIndex;
  /** Lines up to here are decided: a later hunk cannot start before. */
  #settled = 0;
  /** How far the last hunk was from where it said it was. */
  #shift = 0;
  /** How many lines the text has become longer by the hunks so far. */
  #growth = 0;

  constructor(file: FileLines, comparison: Comparison, hunks: readonly UnifiedHunk[], budget: WorkBudget) {
    this.#file = file;
    this.#comparison = comparison;
    this.#hunks = hunks;
    this.#index = new LineIndex(file, comparison.fileKey, this.#keys(), budget);
  }

  apply(maxFuzz: number): Omit<AppliedHunks, 'ignoresEnds'> {
    const edits: LineEdit[] = [];
    const reports = this.#hunks.map((hunk, i) => this.#place(hunk, i + 1, maxFuzz, edits));
    const text = failures(reports) > 0 ? undefined : applyLineEdits(this.#file, edits);
    return { text, reports };
  }

  #place(hunk: UnifiedHunk, number: number, maxFuzz: number, edits: LineEdit[]): HunkReport {
    const keys = this.#keysOf(hunk.lines, '+');
    const ends = contextOf(hunk.lines);
    // Lines from 0; a hunk without old lines names the line before it.
    const said = keys.length === 0 ? hunk.oldStart : hunk.oldStart - 1;
    for (let fuzz = 0; fuzz <= Math.min(maxFuzz, Math.max(ends.before, ends.after)); fuzz++) {
      const at = this.#find(hunk, keys, ends, said + this.#shift, fuzz);
      if (at === undefined) continue;
      for (const edit of editsOfChunk(hunk.lines, at, this.#comparison.toAdded)) {
        edits.push(edit);
        this.#settled = edit.start + edit.deleted;
      }
      this.#shift = at - said;
      const line = at + 1 + this.#growth;
      this.#growth += hunk.newCount - hunk.oldCount;
      return { number, line, fuzz, offset: this.#shift };
    }
    const line = said + 1 + this.#growth;
    const [guess, settled] = [said + this.#shift, this.#settled];
    return { number, line, fuzz: 0, offset: 0, explain: () => this.#explain(hunk, keys, guess, settled) };
  }

  /**
   * A hunk with less context at its beginning than at its end was made at the beginning of a file, and the other way
   * round: until fuzz evens that out, it fits only there.
   * @returns the line where the whole hunk starts, left out context included
   */
  #find(
    { oldStart }: UnifiedHunk,
    keys: readonly string[],
    ends: Context,
    guess: number,
    fuzz: number,
  ): number | undefined {
    const most = Math.max(ends.before, ends.after);
    const leftOutBefore = fuzz + ends.before - most;
    const leftOutAfter = fuzz + ends.after - most;
    if (keys.length === 0) return this.#file.count === 0 ? 0 : undefined;

    const first = Math.max(0, leftOutBefore);
    const sought = keys.slice(first, keys.length - Math.max(0, leftOutAfter));
    if (sought.length === 0) return undefined;
    let from = this.#settled;
    let to = this.#file.count - first - sought.length;
    if (leftOutBefore < 0 && oldStart <= 1) to = Math.min(to, 0);
    if (leftOutAfter < 0) from = Math.max(from, this.#file.count - keys.length);
    const found = this.#index.nearest(sought, guess + first, from + first, to + first).next();
    return found.done ? undefined : found.value - first;
  }

  /** @param settled  the line up to which the hunks before it have decided */
  #explain(hunk: UnifiedHunk, keys: readonly string[], guess: number, settled: number): string {
    if (keys.length === 0) {
      return 'It only adds lines, and nothing says where: give unchanged lines before and after them.';
    }
    const added = this.#keysOf(hunk.lines, '-');
    const applied =
      hunk.newCount > 0 ? this.#index.nearest(added, guess, 0, this.#file.count).next() : undefined;
    if (applied && !applied.done) {
      return `Its new lines are there already, from line ${applied.value + 1} on: it seems to be applied.`;
    }
    const above = this.#index.nearest(keys, guess, 0, settled - 1).next();
    if (!above.done) {
      return `Its old lines stand at line ${above.value + 1}, before the end of the hunk above it: hunks come in the order of the file and share no lines.`;
    }
    if (this.#differsInLastBreak(keys)) {
      return this.#file.breakOf(this.#file.count - 1) === ''
        ? 'The last line of the file has no newline at its end: write "\\ No newline at end of file" below it.'
        : 'The last line of the file has a newline at its end: leave out "\\ No newline at end of file" below it.';
    }
    return whereLinesAre(
      this.#file,
      this.#index,
      keys.map(withoutBreak),
      (line) => this.#keyNear(line),
      guess,
    );
  }

  /** Whether lines are the last ones of the file but for the newline at its end. */
  #differsInLastBreak(keys: readonly string[]): boolean {
    const start = this.#file.count - keys.length;
    if (start < 0) return false;
    const last = withoutBreak(keys.at(-1)!);
    return (
      bare(this.#file.line(this.#file.count - 1)) === bare(last) &&
      keys.slice(0, -1).every((key, i) => this.#index.isAt(start + i, key))
    );
  }

  /** The key of a line of a message, which has lost whether it has an end. */
  #keyNear(line: string): string {
    return this.#index.placesOf(`${line}\n`).length > 0 ? `${line}\n` : line;
  }

  *#keys(): Generator<string> {
    for (const { lines } of this.#hunks) for (const line of lines) yield this.#comparison.hunkKey(line);
  }

  #keysOf(lines: readonly HunkLine[], without: '+' | '-'): string[] {
    return lines.filter(({ sign }) => sign !== without).map(this.#comparison.hunkKey);
  }
}

/** Unchanged lines at the ends of a hunk. */
interface Context {
  readonly before: number;
  readonly after: number;
}

function contextOf(lines: readonly HunkLine[]): Context {
  return {
    before: lines.findIndex(({ sign }) => sign !== ' '),
    after: lines.length - 1 - lines.findLastIndex(({ sign }) => sign !== ' '),
  };
}

function withoutBreak(key: string): string {
  return key.endsWith('\n') ? key.slice(0, -1) : key;
}
