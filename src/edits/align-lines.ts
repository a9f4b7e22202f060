import { diffLines } from '../workspace/line-diff.ts';
import type { TextLine } from './text-lines.ts';

/** Lines `[oldStart, oldEnd)` of one text that are lines `[newStart, newEnd)` of another, or became them. */
export interface AlignedRun {
  readonly isSame: boolean;
  readonly oldStart: number;
  readonly oldEnd: number;
  readonly newStart: number;
  readonly newEnd: number;
}

/** Which lines of an old text the new one still has, compared without their endings. Bounded by {@link diffLines}. */
export function alignLines(before: readonly TextLine[], after: readonly TextLine[]): AlignedRun[] {
  const least = Math.min(before.length, after.length);
  let head = 0;
  while (head < least && before[head]!.content === after[head]!.content) head++;
  let tail = 0;
  while (tail < least - head && before.at(-1 - tail)!.content === after.at(-1 - tail)!.content) tail++;

  const runs: AlignedRun[] = [];
  let oldAt = 0;
  let newAt = 0;
  const add = (isSame: boolean, oldCount: number, newCount: number): void => {
    if (oldCount + newCount === 0) return;
    const [oldStart, newStart] = [oldAt, newAt];
    oldAt += oldCount;
    newAt += newCount;
    runs.push({ isSame, oldStart, oldEnd: oldAt, newStart, newEnd: newAt });
  };

  add(true, head, head);
  const oldMiddle = before.slice(head, before.length - tail).map(({ content }) => content);
  const newMiddle = after.slice(head, after.length - tail).map(({ content }) => content);
  let removed = 0;
  let added = 0;
  for (const { kind, lines } of middleRuns(oldMiddle, newMiddle)) {
    if (kind === 'removed') removed += lines.length;
    else if (kind === 'added') added += lines.length;
    else {
      add(false, removed, added);
      removed = added = 0;
      add(true, lines.length, lines.length);
    }
  }
  add(false, removed, added);
  add(true, tail, tail);
  return runs;
}

type Run = NonNullable<ReturnType<typeof diffLines>>[number];

function middleRuns(before: readonly string[], after: readonly string[]): readonly Run[] {
  const runs = before.length === 0 || after.length === 0 ? undefined : diffLines(before, after);
  return (
    runs ?? [
      { kind: 'removed', lines: before },
      { kind: 'added', lines: after },
    ]
  );
}
