import { asBuffer, isText, sha256 } from './bytes.ts';
import type { FileDifference } from './files-view.ts';
import { parentsOf } from './from-files.ts';
import { MAX_SHOWN_LINES, mergeText, type TextConflict } from './merge-text.ts';
import { comparePaths } from './paths.ts';
import { countLines, splitLines } from './text-lines.ts';

/** One session's changes. */
export interface MergeSide {
  readonly sessionId: string;
  /** Against the base that all sides share. */
  readonly differences: readonly FileDifference[];
}

/** What the base has, and what is under a directory of it. A `BaseImage` is one. */
export interface MergeBase {
  has(path: string): boolean;
  pathsUnder(directory: string): Iterable<string>;
}

/** One file of the merge. `before` is the base's content, `after` holds the changes of all `sessionIds`. */
export interface MergedChange extends FileDifference {
  /** The sessions that changed the file, in the order they were given. */
  readonly sessionIds: readonly string[];
}

/**
 * - `content` — sessions changed the same lines, or lines beside each other, in different ways, or added different files
 * - `binary` — they left different contents, and one of them, or the base's, is no text
 * - `deleted-and-changed` — one deleted what another changed
 * - `file-and-directory` — the path would be a file and a directory at once
 * - `too-different` — they rewrote the same part of the file, and it is too large to say which lines differ
 */
export type MergeConflictKind =
  'content' | 'binary' | 'deleted-and-changed' | 'file-and-directory' | 'too-different';

/** A path that sessions want differently. No version of it is merged. */
export interface MergeConflict {
  readonly path: string;
  readonly kind: MergeConflictKind;
  /**
   * Each different content, with the sessions that want it; null where they want no file there. Sessions that did not
   * change the path are in none.
   */
  readonly sides: readonly { readonly sessionIds: readonly string[]; readonly after: Uint8Array | null }[];
  /** The places of the file that are in conflict, for kind `content`, as far as they fit in 20,000 lines. */
  readonly hunks: readonly ConflictHunk[];
}

/** A place in a file where sessions want different lines. Lines have their ends; the last of a file may have none. */
export interface ConflictHunk {
  /** Line of the base, from 1, where the place begins: one past the last where something is added at the end. */
  readonly baseLine: number;
  readonly base: readonly string[];
  readonly sides: readonly { readonly sessionIds: readonly string[]; readonly lines: readonly string[] }[];
}

/** Both in byte order of the paths. Every path that a side changed is in exactly one of them. */
export interface MergedChanges {
  readonly changes: readonly MergedChange[];
  readonly conflicts: readonly MergeConflict[];
}

/** One path, and the different contents that sessions want it to have. */
interface Wish {
  readonly path: string;
  readonly before: Uint8Array | null;
  readonly versions: { readonly sessionIds: string[]; readonly after: Uint8Array | null }[];
}

/**
 * Merges what several sessions changed, each starting from the same base. Changes of different files are all taken, the
 * same change by several sessions is one change, and different changes of one text are merged by lines (see
 * {@link mergeText}); whatever contradicts is a conflict and left out. Which side comes first makes no difference,
 * except to the order in which sessions are named.
 */
export function mergeChanges(sides: readonly MergeSide[], base: MergeBase): MergedChanges {
  const wishes = collectWishes(sides);
  const merged = new Map<string, MergedChange>();
  const conflicts = new Map<string, MergeConflict>();
  for (const wish of wishes.values()) {
    const outcome = mergeFile(wish);
    if ('kind' in outcome) conflicts.set(wish.path, outcome);
    else merged.set(wish.path, outcome);
  }
  dropClashes(merged, wishes, conflicts, base);
  return { changes: inPathOrder(merged), conflicts: inPathOrder(conflicts) };
}

function collectWishes(sides: readonly MergeSide[]): Map<string, Wish> {
  const wanted = new Map<string, { before: Uint8Array | null; sides: Wanted[] }>();
  for (const { sessionId, differences } of sides) {
    for (const { path, before, after } of differences) {
      const known = wanted.get(path);
      if (known) known.sides.push({ sessionId, after });
      else wanted.set(path, { before, sides: [{ sessionId, after }] });
    }
  }
  const wishes = new Map<string, Wish>();
  for (const [path, { before, sides: who }] of wanted)
    wishes.set(path, { path, before, versions: versionsOf(who) });
  return wishes;
}

/** What one session wants a path to hold. */
interface Wanted {
  readonly sessionId: string;
  readonly after: Uint8Array | null;
}

/**
 * Which contents are the same is found by their digests: to compare each with each takes the square of the sessions,
 * which is seconds where hundreds of them added a line to the end of one file.
 */
function versionsOf(wanted: readonly Wanted[]): Wish['versions'] {
  const versions = new Map<string, Wish['versions'][number]>();
  for (const { sessionId, after } of wanted) {
    const digest = after === null || wanted.length === 1 ? '' : sha256(after);
    const agreed = versions.get(digest);
    if (agreed) agreed.sessionIds.push(sessionId);
    else versions.set(digest, { sessionIds: [sessionId], after });
  }
  return [...versions.values()];
}

function mergeFile(wish: Wish): MergedChange | MergeConflict {
  const { path, before, versions } = wish;
  const sessionIds = versions.flatMap((version) => version.sessionIds);
  if (versions.length === 1) return { path, before, after: versions[0]!.after, sessionIds };

  const conflict = (kind: MergeConflictKind, hunks: readonly ConflictHunk[] = []): MergeConflict => ({
    path,
    kind,
    sides: versions,
    hunks,
  });
  const contents = versions.flatMap(({ after }) => (after === null ? [] : asBuffer(after)));
  if (contents.length < versions.length) return conflict('deleted-and-changed');
  if (![...(before === null ? [] : [before]), ...contents].every(isText)) return conflict('binary');
  // Not merged by lines even where one is empty: each session meant to write the whole file.
  if (before === null) return conflict('content', newFileHunks(wish, contents));

  const outcome = mergeText(asBuffer(before), contents);
  switch (outcome.kind) {
    case 'merged':
      return { path, before, after: outcome.content, sessionIds };
    case 'conflict':
      return conflict(
        'content',
        outcome.conflicts.map((place) => withSessions(place, wish)),
      );
    case 'too-different':
      return conflict('too-different');
  }
}

/** The whole of each version. */
function newFileHunks({ versions }: Wish, contents: readonly Buffer[]): ConflictHunk[] {
  if (contents.reduce((sum, content) => sum + countLines(content), 0) > MAX_SHOWN_LINES) return [];
  const sides = versions.map(({ sessionIds }, i) => ({
    sessionIds,
    lines: splitLines(contents[i]!.toString('utf8')),
  }));
  return [{ baseLine: 1, base: [], sides }];
}

function withSessions({ baseLine, base, versions }: TextConflict, wish: Wish): ConflictHunk {
  const sides = versions.map(({ sides: numbers, lines }) => ({
    sessionIds: numbers.flatMap((number) => wish.versions[number]!.sessionIds),
    lines,
  }));
  return { baseLine, base, sides };
}

/**
 * Takes out of `merged` what would make one path a file and a directory. Each file alone may look fine: one session
 * made `a`, another `a/b`; or the deletion that made room for a new file is itself in conflict.
 */
function dropClashes(
  merged: Map<string, MergedChange>,
  wishes: ReadonlyMap<string, Wish>,
  conflicts: Map<string, MergeConflict>,
  base: MergeBase,
): void {
  const isThere = (path: string): boolean => {
    const change = merged.get(path);
    return change ? change.after !== null : base.has(path);
  };
  for (;;) {
    /** Path → the paths that it cannot be together with. */
    const clashes = new Map<string, Set<string>>();
    const clash = (path: string, other: string): void => {
      const others = clashes.get(path) ?? new Set();
      clashes.set(path, others.add(other));
    };
    for (const { path, before } of merged.values()) {
      if (before !== null) continue;
      const above = [...parentsOf(path)].filter(isThere);
      const below = [...base.pathsUnder(path)].filter(isThere);
      for (const other of [...above, ...below]) {
        clash(path, other);
        clash(other, path);
      }
    }
    if (clashes.size === 0) return;
    for (const [path, others] of clashes) {
      // What is in conflict already stays what it is; what nobody changed is no conflict of its own.
      if (merged.delete(path)) conflicts.set(path, clashConflict(path, others, wishes));
    }
  }
}

/** Who wants the path to be a file, or gone, and who wants it to be a directory, or to be in one. */
function clashConflict(
  path: string,
  others: ReadonlySet<string>,
  wishes: ReadonlyMap<string, Wish>,
): MergeConflict {
  const { versions } = wishes.get(path)!;
  const own = new Set(versions.flatMap((version) => version.sessionIds));
  const opposed = new Set(
    [...others]
      .flatMap((other) => wishes.get(other)?.versions ?? [])
      .flatMap((version) => (version.after === null ? [] : version.sessionIds))
      .filter((sessionId) => !own.has(sessionId)),
  );
  const sides = opposed.size === 0 ? versions : [...versions, { sessionIds: [...opposed], after: null }];
  return { path, kind: 'file-and-directory', sides, hunks: [] };
}

function inPathOrder<Entry extends { readonly path: string }>(entries: ReadonlyMap<string, Entry>): Entry[] {
  return [...entries.values()].sort((a, b) => comparePaths(a.path, b.path));
}
