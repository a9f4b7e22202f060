import type { FileDifference } from '../workspace/files-view.ts';
import {
  mergeChanges,
  type ConflictHunk,
  type MergeBase,
  type MergeConflict,
  type MergeConflictKind,
  type MergeSide,
} from '../workspace/merge-changes.ts';
import { comparePaths } from '../workspace/paths.ts';
import type { ItemOutcome } from './run-batch.ts';

/** A path that sessions of one batch want differently. None of their versions is merged. */
export interface Conflict {
  readonly path: string;
  /** `unseen` — the path is on disk already, but was not shown to the sessions; else what the merge says. */
  readonly kind: MergeConflictKind | 'unseen';
  /** The items that changed it, in the batch's order. */
  readonly itemIds: readonly string[];
  /** Each different content, with who wants it; null where they want no file there. */
  readonly sides: readonly (WhoseSide & { readonly after: Uint8Array | null })[];
  /** The places in conflict, where that can be told. */
  readonly hunks: readonly ConflictPlace[];
}

/** Whose version it is. */
export interface WhoseSide {
  readonly itemIds: readonly string[];
  readonly sessionIds: readonly string[];
}

/** A place of a file where items want different lines. */
export interface ConflictPlace extends Pick<ConflictHunk, 'baseLine' | 'base'> {
  readonly sides: readonly (WhoseSide & { readonly lines: readonly string[] })[];
}

export interface Merge {
  /** What to do to the base, in byte order of the paths: everything that no session contradicts. */
  readonly changes: readonly FileDifference[];
  /** In byte order of the paths. */
  readonly conflicts: readonly Conflict[];
}

/** Whether a change would overwrite what no session was shown. */
export type UnseenTest = (change: FileDifference) => boolean;

const NOTHING_UNSEEN: UnseenTest = () => false;

/**
 * Merges the changes of all items that are `done`, see {@link mergeChanges}. Items that did not end properly are left
 * out: their files may be half done.
 * @param base  that they all ran on
 */
export function mergeOutcomes(
  outcomes: readonly ItemOutcome[],
  base: MergeBase,
  isUnseen: UnseenTest = NOTHING_UNSEEN,
): Merge {
  const { sides, unseen, name } = sidesOf(outcomes, isUnseen);
  const { changes, conflicts } = mergeChanges(sides, base);
  return { changes, conflicts: inPathOrder([...unseen, ...conflicts.map(name)]) };
}

/** One round of a batch that runs its losers again. */
export interface Selection {
  /** Done items whose changes do not go together with those of items before them. */
  readonly losers: readonly ItemOutcome[];
  /** The changes of all the others. */
  readonly changes: readonly FileDifference[];
  /** Of kind `unseen`; the items that made them are no losers by that: to run them again would not help. */
  readonly conflicts: readonly Conflict[];
}

/**
 * Takes in the batch's order each done item whole that goes together with those taken before it. At least the first
 * always does.
 * @param base  that they all ran on
 */
export function selectWinners(
  outcomes: readonly ItemOutcome[],
  base: MergeBase,
  isUnseen: UnseenTest = NOTHING_UNSEEN,
): Selection {
  const { sides, unseen } = sidesOf(outcomes, isUnseen);
  const all = mergeChanges(sides, base);
  if (all.conflicts.length === 0) return { losers: [], changes: all.changes, conflicts: unseen };

  const contenders = new Set(all.conflicts.flatMap((conflict) => sessionsIn(conflict)));
  const agreed = mergeChanges(
    sides.filter(({ sessionId }) => !contenders.has(sessionId)),
    base,
  );
  // What makes room for others' files may itself be contended: then nobody is taken unasked.
  const isAgreed = agreed.conflicts.length === 0;
  let changes: readonly FileDifference[] = isAgreed ? agreed.changes : [];
  const losing = new Set<string>();
  for (const side of sides) {
    if (isAgreed && !contenders.has(side.sessionId)) continue;
    // All that were taken count as one side, so that a step costs the same however many they are.
    const attempt = mergeChanges([{ sessionId: '', differences: changes }, side], base);
    if (attempt.conflicts.length === 0) changes = attempt.changes;
    else losing.add(side.sessionId);
  }
  const losers = outcomes.filter(({ result }) => result && losing.has(result.workspace.sessionId));
  return { losers, changes, conflicts: unseen };
}

/** Conflicts of kind `unseen`: what of done items is left out. */
export function unseenChanges(outcomes: readonly ItemOutcome[], isUnseen: UnseenTest): readonly Conflict[] {
  return sidesOf(outcomes, isUnseen).unseen;
}

/** In byte order of the paths, one of a path: where there are two, the later one's kind with the sides of both. */
export function joinConflicts(conflicts: readonly Conflict[]): Conflict[] {
  const joined = new Map<string, Conflict>();
  for (const conflict of conflicts) {
    const earlier = joined.get(conflict.path);
    if (!earlier) joined.set(conflict.path, conflict);
    else
      joined.set(conflict.path, {
        ...conflict,
        itemIds: [...earlier.itemIds, ...conflict.itemIds],
        sides: [...earlier.sides, ...conflict.sides],
      });
  }
  return inPathOrder([...joined.values()]);
}

interface Sides {
  /** One a done item, in the batch's order, without what is unseen. */
  readonly sides: readonly MergeSide[];
  readonly unseen: readonly Conflict[];
  /** Puts the items' names to a conflict of sessions. */
  readonly name: (conflict: MergeConflict) => Conflict;
}

function sidesOf(outcomes: readonly ItemOutcome[], isUnseen: UnseenTest): Sides {
  const itemIds = new Map<string, string>();
  const unseen: Conflict[] = [];
  const sides: MergeSide[] = [];
  for (const { item, status, result } of outcomes) {
    if (status !== 'done' || !result) continue;
    const { sessionId, differences } = result.workspace;
    itemIds.set(sessionId, item.id);
    const hidden = new Set(differences.filter(isUnseen));
    sides.push({ sessionId, differences: differences.filter((difference) => !hidden.has(difference)) });
    for (const { path, after } of hidden) {
      const side = { itemIds: [item.id], sessionIds: [sessionId], after };
      const earlier = unseen.findIndex((conflict) => conflict.path === path);
      if (earlier === -1) unseen.push({ path, kind: 'unseen', ...only(side), hunks: [] });
      else unseen[earlier] = withSide(unseen[earlier]!, side);
    }
  }
  const itemsOf = (sessionIds: readonly string[]): WhoseSide => ({
    itemIds: sessionIds.map((sessionId) => itemIds.get(sessionId)!),
    sessionIds,
  });
  const order = [...itemIds.values()];
  const name = (conflict: MergeConflict): Conflict => {
    const named = new Set(itemsOf(sessionsIn(conflict)).itemIds);
    return {
      path: conflict.path,
      kind: conflict.kind,
      itemIds: order.filter((itemId) => named.has(itemId)),
      sides: conflict.sides.map(({ sessionIds, after }) => ({ ...itemsOf(sessionIds), after })),
      hunks: conflict.hunks.map(({ baseLine, base, sides: versions }) => ({
        baseLine,
        base,
        sides: versions.map(({ sessionIds, lines }) => ({ ...itemsOf(sessionIds), lines })),
      })),
    };
  };
  return { sides, unseen, name };
}

function only(side: Conflict['sides'][number]): Pick<Conflict, 'itemIds' | 'sides'> {
  return { itemIds: side.itemIds, sides: [side] };
}

function withSide(conflict: Conflict, side: Conflict['sides'][number]): Conflict {
  return {
    ...conflict,
    itemIds: [...conflict.itemIds, ...side.itemIds],
    sides: [...conflict.sides, side],
  };
}

function sessionsIn({ sides }: MergeConflict): string[] {
  return sides.flatMap(({ sessionIds }) => sessionIds);
}

function inPathOrder(conflicts: readonly Conflict[]): Conflict[] {
  return conflicts.toSorted((a, b) => comparePaths(a.path, b.path));
}
