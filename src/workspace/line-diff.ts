import { diffArrays } from 'diff';

/** A run of lines: the same on both sides, or only in the old or the new text. */
export interface LineRun {
  readonly kind: 'same' | 'removed' | 'added';
  readonly lines: readonly string[];
}

/*
 * What one comparison may cost, so that no pair of files can hold a thread. Myers' algorithm takes time in the number
 * of lines times the number of edits, and space and time in the square of the edits.
 */
const MAX_EDITS = 1_000;
const MAX_STEPS = 8_000_000;

/**
 * The shortest edit from old to new lines (compared with their line ends), within a fixed budget.
 * @returns `undefined` when the texts are too different for it
 */
export function diffLines(before: readonly string[], after: readonly string[]): LineRun[] | undefined {
  const [old, now] = numberLines(before, after);
  const maxEditLength = Math.min(MAX_EDITS, Math.ceil(MAX_STEPS / (before.length + after.length)));
  const changes = diffArrays(old, now, { maxEditLength });
  if (changes === undefined) return undefined;

  const runs: LineRun[] = [];
  let oldLine = 0;
  let newLine = 0;
  for (const { added, removed, count } of changes) {
    if (added) {
      runs.push({ kind: 'added', lines: after.slice(newLine, (newLine += count)) });
    } else {
      runs.push({ kind: removed ? 'removed' : 'same', lines: before.slice(oldLine, (oldLine += count)) });
      if (!removed) newLine += count;
    }
  }
  return runs;
}

/** The same number for the same line. Numbers compare faster than strings, and node-diff3 looks lines up as keys of an object. */
export function numberLines(before: readonly string[], after: readonly string[]): [number[], number[]] {
  const numbers = new Map<string, number>();
  const toNumber = (line: string): number => {
    const known = numbers.get(line);
    if (known !== undefined) return known;
    numbers.set(line, numbers.size);
    return numbers.size - 1;
  };
  return [before.map(toNumber), after.map(toNumber)];
}
