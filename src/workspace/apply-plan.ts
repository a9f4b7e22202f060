import { join } from 'node:path';
import type { DiskProblem } from '../errors.ts';
import { asBuffer } from './bytes.ts';
import { findFile, kindOf, type Disk, type Found, type FoundFile } from './disk.ts';
import type { FileDifference } from './files-view.ts';
import { parentsOf } from './from-files.ts';
import { FileOnDisk, MAX_MERGE_BYTES } from './merge-with-disk.ts';
import { comparePaths, isFilePath } from './paths.ts';

/**
 * What to do with a file that is no longer what the session saw:
 * - `merge` — the changes on disk and the session's are merged; where they contradict, nothing at all is written
 * - `refuse` — nothing at all is written
 * - `skip` — as `merge`, but a file that cannot be merged is left as it is, and the others are written
 * - `overwrite` — the session's version is written
 *
 * What is no regular file, or behind a symbolic link, is never written: it is skipped, or nothing is written.
 */
export type ConflictRule = 'merge' | 'refuse' | 'skip' | 'overwrite';

/** What becomes, or became, of one file. */
export interface AppliedFile {
  readonly path: string;
  /** What the session did to it. */
  readonly kind: 'added' | 'modified' | 'deleted';
  /**
   * - `written` — as the session left it; deleted, where the session deleted it
   * - `merged` — with the session's changes and those on disk
   * - `unchanged` — it is as it should be already
   * - `skipped` — left as it is, for the reason in `problem`
   * - `overwritten` — as the session left it; what `problem` says was lost
   */
  readonly outcome: 'written' | 'merged' | 'unchanged' | 'skipped' | 'overwritten';
  readonly problem?: string;
}

/** One file that is to be written or deleted. */
export interface PlannedWrite {
  readonly path: string;
  /** Null: the file is to go. */
  readonly content: Buffer | null;
  /** What is there now. Undefined: nothing is. A directory goes by the deletion of all that is in it. */
  readonly replaces: FoundFile | undefined;
}

export interface ApplyPlan {
  /** In byte order of the paths. */
  readonly files: readonly AppliedFile[];
  readonly writes: readonly PlannedWrite[];
  /** Why nothing at all may be written; empty when it may. */
  readonly problems: readonly DiskProblem[];
}

/** What one file should come to, before what else is on the way to it has been looked at. */
type Decision =
  | {
      readonly outcome: 'written' | 'merged' | 'overwritten';
      readonly content: Buffer | null;
      readonly problem?: string;
    }
  | { readonly outcome: 'unchanged' }
  | { readonly outcome: 'refused'; readonly problem: string };

/**
 * Compares every file with the disk, and decides what is to be done.
 * @param root  without symbolic links
 */
export async function planChanges(
  disk: Disk,
  root: string,
  changes: readonly FileDifference[],
  rule: ConflictRule,
): Promise<ApplyPlan> {
  const tree = new DiskTree(disk, root);
  const decided: { change: FileDifference; found: Found; decision: Decision }[] = [];
  for (const change of changes.toSorted((a, b) => comparePaths(a.path, b.path))) {
    const obstacle = isFilePath(change.path)
      ? await tree.linkAbove(change.path)
      : 'is no path inside the directory';
    const found: Found = obstacle === undefined ? await tree.find(change) : { kind: 'none' };
    const decision: Decision =
      obstacle === undefined ? decide(change, found, rule) : { outcome: 'refused', problem: obstacle };
    decided.push({ change, found, decision });
  }

  const going = goingWith(
    decided
      .filter(({ change, decision }) => change.after === null && decision.outcome !== 'refused')
      .map(({ change }) => change.path),
  );
  const files: AppliedFile[] = [];
  const writes: PlannedWrite[] = [];
  const problems: DiskProblem[] = [];
  for (const { change, found, decision: first } of decided) {
    const { path, before, after } = change;
    const inTheWay =
      'content' in first && after !== null ? await tree.inTheWay(change, found, going) : undefined;
    const decision: Decision = inTheWay === undefined ? first : { outcome: 'refused', problem: inTheWay };
    const kind = before === null ? 'added' : after === null ? 'deleted' : 'modified';
    if (decision.outcome === 'refused') {
      const { problem } = decision;
      if (rule === 'skip') files.push({ path, kind, outcome: 'skipped', problem });
      else problems.push({ path, problem });
      continue;
    }
    const lost = 'problem' in decision && decision.problem !== undefined ? { problem: decision.problem } : {};
    files.push({ path, kind, outcome: decision.outcome, ...lost });
    if ('content' in decision)
      writes.push({ path, content: decision.content, replaces: found.kind === 'file' ? found : undefined });
  }
  return { files, writes, problems };
}

function decide(change: FileDifference, found: Found, rule: ConflictRule): Decision {
  const before = change.before && asBuffer(change.before);
  const after = change.after && asBuffer(change.after);
  const differs = (problem: string): Decision =>
    rule === 'overwrite'
      ? { outcome: 'overwritten', content: after, problem }
      : { outcome: 'refused', problem };
  switch (found.kind) {
    case 'link':
      return { outcome: 'refused', problem: 'is a symbolic link' };
    case 'other':
      return { outcome: 'refused', problem: 'is no regular file' };
    case 'directory':
      // No file is there, which is all that a deletion wants: an earlier attempt may have gone on to make the directory.
      if (after === null) return { outcome: 'unchanged' };
      if (before === null) return { outcome: 'written', content: after };
      return { outcome: 'refused', problem: 'has become a directory since it was read' };
    case 'none':
      if (after === null) return { outcome: 'unchanged' };
      return before === null ? { outcome: 'written', content: after } : differs('is gone since it was read');
    case 'file':
      break;
  }
  const { content } = found;
  if (content && after?.equals(content)) return { outcome: 'unchanged' };
  if (content && before?.equals(content)) return { outcome: 'written', content: after };
  // What the base was made of may have left it out: it need not be new.
  const changed =
    before === null ? 'is there already, and the session did not see it' : 'has changed since it was read';
  if (rule === 'refuse' || rule === 'overwrite' || !content) return differs(changed);
  const onDisk = new FileOnDisk(content);
  if (after === null)
    return before && onDisk.isSameText(before) ? { outcome: 'written', content: null } : differs(changed);
  if (before === null) return onDisk.isSameText(after) ? { outcome: 'unchanged' } : differs(changed);
  const merged = onDisk.merge(before, after);
  if (typeof merged === 'string') return differs(merged);
  return merged.equals(content) ? { outcome: 'unchanged' } : { outcome: 'merged', content: merged };
}

/** What deletions take away: files, and the directories that may be empty then. */
interface Going {
  readonly files: ReadonlySet<string>;
  readonly directories: ReadonlySet<string>;
}

function goingWith(deleted: readonly string[]): Going {
  return { files: new Set(deleted), directories: new Set(deleted.flatMap((path) => [...parentsOf(path)])) };
}

/** The directory as it was when it was looked at: each directory on the way to a file is looked at once. */
class DiskTree {
  readonly #disk: Disk;
  readonly #root: string;
  readonly #kinds = new Map<string, Found['kind']>();
  readonly #otherForms = new Map<string, ReadonlySet<string>>();

  constructor(disk: Disk, root: string) {
    this.#disk = disk;
    this.#root = root;
  }

  find({ path, before, after }: FileDifference): Promise<Found> {
    // What is neither as long as one of the two nor small enough to be merged is not the same, and need not be read.
    const isWanted = (size: number): boolean =>
      size <= MAX_MERGE_BYTES || size === before?.length || size === after?.length;
    return findFile(this.#disk, join(this.#root, path), isWanted);
  }

  /** Nothing behind a link is even looked at. */
  async linkAbove(path: string): Promise<string | undefined> {
    // From the top, so that no link is followed on the way to another.
    for (const parent of [...parentsOf(path)].reverse()) {
      const kind = await this.#kindOf(parent);
      if (kind === 'link') return `is behind the symbolic link ${parent}`;
      if (kind !== 'directory') return undefined;
    }
    return undefined;
  }

  /** Why a file cannot be made though no file is there. */
  async inTheWay({ path }: FileDifference, found: Found, going: Going): Promise<string | undefined> {
    if (found.kind === 'directory') return this.#inTheWayBelow(path, going);
    if (found.kind !== 'none') return undefined;
    let missing = path;
    for (const parent of parentsOf(path)) {
      const kind = await this.#kindOf(parent);
      if (kind === 'directory') break;
      if (kind === 'other' || (kind === 'file' && !going.files.has(parent)))
        return `cannot be made: ${parent} is a file`;
      missing = parent;
    }
    return this.#spelledOtherwise(missing);
  }

  /** A directory may stand where a file is to be only if everything in it goes, and itself by that. */
  async #inTheWayBelow(path: string, going: Going): Promise<string | undefined> {
    if (!going.directories.has(path)) return 'cannot be made: a directory is in its way';
    const directories = [path];
    for (let directory = directories.pop(); directory !== undefined; directory = directories.pop()) {
      const entries = await this.#disk.readdir(join(this.#root, directory), { withFileTypes: true });
      for (const entry of entries) {
        const inside = `${directory}/${entry.name}`;
        if (!(entry.isDirectory() ? going.directories : going.files).has(inside))
          return `cannot be made: ${inside} is in its way`;
        if (entry.isDirectory()) directories.push(inside);
      }
    }
    return undefined;
  }

  /** Sessions know names in Unicode NFC only. A file whose name is the same in another form was not shown to them. */
  async #spelledOtherwise(path: string): Promise<string | undefined> {
    const slash = path.lastIndexOf('/');
    const name = path.slice(slash + 1);
    if (!/[^\0-\x7f]/.test(name)) return undefined;
    const directory = path.slice(0, Math.max(0, slash));
    if (directory !== '' && (await this.#kindOf(directory)) !== 'directory') return undefined;
    const others = await this.#namesInOtherForms(directory);
    return others.has(name) ? 'is there already, under the same name in another Unicode form' : undefined;
  }

  /** In NFC, the names in a directory that are not. */
  async #namesInOtherForms(directory: string): Promise<ReadonlySet<string>> {
    const known = this.#otherForms.get(directory);
    if (known) return known;
    const names = await this.#disk.readdir(join(this.#root, directory));
    const others = names.map((name) => [name, name.normalize('NFC')]).filter(([name, nfc]) => name !== nfc);
    const found = new Set(others.map(([, nfc]) => nfc!));
    this.#otherForms.set(directory, found);
    return found;
  }

  async #kindOf(path: string): Promise<Found['kind']> {
    const known = this.#kinds.get(path);
    if (known !== undefined) return known;
    const kind = await kindOf(this.#disk, join(this.#root, path));
    this.#kinds.set(path, kind);
    return kind;
  }
}
