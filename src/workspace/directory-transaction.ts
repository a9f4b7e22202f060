import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path/posix';
import { codeOf, findFile, isMissing, kindOf, type Disk, type FoundFile } from './disk.ts';
import type { PlannedWrite } from './apply-plan.ts';
import { parentsOf } from './from-files.ts';

/** Something is not as it was planned for: another program changed the directory meanwhile. */
export class ChangedMeanwhileError extends Error {
  readonly path: string;
  /** As it goes on after the path. */
  readonly problem: string;

  constructor(path: string, problem: string) {
    super(`${path} ${problem}`);
    this.path = path;
    this.problem = problem;
  }
}

/** A file or directory that could not be put back, and why. */
export interface Unrestored {
  readonly path: string;
  /** Where the original lies, in the same directory; undefined where there was none. */
  readonly original: string | undefined;
  readonly cause: unknown;
}

/** One thing that was done, and how it is undone. */
interface Deed {
  readonly path: string;
  /** Where the original lies meanwhile, if there was one. */
  readonly original: string | undefined;
  undo(): Promise<void>;
}

/** A new content that lies beside its place, and the deed that put it there. */
interface Staged {
  readonly write: PlannedWrite;
  readonly temporary: string;
  readonly staging: Deed;
}

/**
 * Writes to several files of a directory, all or none. First every new content is written to a temporary file: a full
 * disk, a limit or a missing permission shows before anything is touched. Then the files change places, by renaming
 * only, and every original is kept beside its place under the name `.skein-….old` until all is done. A process that is
 * killed meanwhile leaves each file whole, old or new, and may leave files of that name.
 *
 * Nothing is forced to the platter: as after `git checkout`, what a power failure spares is the file system's choice.
 */
export class DirectoryTransaction {
  readonly #disk: Disk;
  readonly #root: string;
  /** Oldest first. */
  readonly #deeds = new Set<Deed>();
  /** Originals of what was replaced or deleted, that go in the end. */
  readonly #originals: string[] = [];
  /** Paths where a file is to be. */
  readonly #files: ReadonlySet<string>;
  readonly #writes: readonly PlannedWrite[];
  readonly #name = `.skein-${randomBytes(6).toString('hex')}`;
  #count = 0;
  /** By directory, what {@link #nearestDirectory} found before anything was moved. */
  readonly #nearest = new Map<string, string>();
  #at: string | undefined;

  /** @param root  without symbolic links */
  constructor(disk: Disk, root: string, writes: readonly PlannedWrite[]) {
    this.#disk = disk;
    this.#root = root;
    this.#writes = writes;
    this.#files = new Set(writes.filter(({ content }) => content !== null).map(({ path }) => path));
  }

  /** The file that is being worked at. */
  get at(): string | undefined {
    return this.#at;
  }

  /** What it throws leaves things half done: {@link undo} must follow. */
  async make(): Promise<void> {
    const staged: Staged[] = [];
    for (const write of this.#writes) {
      this.#at = write.path;
      if (write.content !== null) staged.push(await this.#stage(write, write.content));
    }
    // Deletions first: they make room for a file where a directory was, and the other way round.
    for (const write of this.#writes) {
      this.#at = write.path;
      if (write.content === null) await this.#delete(write);
    }
    for (const one of staged) {
      this.#at = one.write.path;
      if (one.write.replaces) await this.#replace(one, one.write.replaces);
      else await this.#add(one);
    }
    this.#at = undefined;
  }

  /** Removes the originals, and the directories that deletions have emptied. @returns originals that are still there */
  async finish(): Promise<string[]> {
    const left: string[] = [];
    for (const original of this.#originals) {
      await this.#disk.unlink(this.#real(original)).catch((error: unknown) => {
        if (codeOf(error) !== 'ENOENT') left.push(original);
      });
    }
    for (const { path, content } of this.#writes) if (content === null) await this.#removeEmptyParents(path);
    return left;
  }

  /** Puts everything back, the last first. @returns what could not be */
  async undo(): Promise<Unrestored[]> {
    const unrestored: Unrestored[] = [];
    for (const deed of [...this.#deeds].reverse()) {
      try {
        await deed.undo();
      } catch (cause) {
        unrestored.push({ path: deed.path, original: deed.original, cause });
      }
    }
    return unrestored;
  }

  async #stage(write: PlannedWrite, content: Buffer): Promise<Staged> {
    const { path, replaces } = write;
    const temporary = await this.#besidePlace(path, 'new');
    // Not readable by others before it has the mode of what it replaces. The process's umask has its say in a new file's.
    const handle = await this.#disk.open(this.#real(temporary), 'wx', replaces ? 0o600 : 0o666);
    const staging = this.#madeOwn(temporary);
    try {
      await handle.writeFile(content);
      if (replaces) {
        await keepOwner(handle, replaces);
        await handle.chmod(replaces.mode);
      }
    } finally {
      await handle.close();
    }
    return { write, temporary, staging };
  }

  async #delete({ path, replaces }: PlannedWrite): Promise<void> {
    await this.#checkParent(path);
    const original = await this.#besidePlace(path, 'old');
    await this.#moveAway(path, original);
    await this.#checkOriginal(path, original, replaces!);
  }

  async #replace({ write: { path }, temporary, staging }: Staged, replaced: FoundFile): Promise<void> {
    await this.#checkParent(path);
    const original = join(dirname(path), this.#newName('old'));
    let keeping: Deed | undefined;
    if (await this.#linkIfPossible(path, original)) {
      keeping = this.#madeOwn(original);
      this.#originals.push(original);
    } else {
      // No second name can be given to it: for a moment there is no file.
      await this.#moveAway(path, original);
    }
    await this.#checkOriginal(path, original, replaced);
    await this.#disk.rename(this.#real(temporary), this.#real(path));
    this.#deeds.delete(staging);
    if (!keeping) return;
    this.#deeds.delete(keeping);
    this.#movedAway(path, original);
  }

  async #add({ write: { path }, temporary, staging }: Staged): Promise<void> {
    await this.#makeParents(path);
    await this.#checkParent(path);
    await this.#removeEmptyTree(path);
    // A link, other than a rename, fails where something has appeared.
    if (await this.#linkIfPossible(temporary, path)) {
      this.#did(path, () => this.#disk.unlink(this.#real(path)));
      await this.#disk.unlink(this.#real(temporary));
      this.#deeds.delete(staging);
      return;
    }
    if ((await kindOf(this.#disk, this.#real(path))) !== 'none')
      throw new ChangedMeanwhileError(path, 'has appeared since it was read');
    await this.#disk.rename(this.#real(temporary), this.#real(path));
    this.#deeds.delete(staging);
    this.#did(path, () => this.#disk.unlink(this.#real(path)));
  }

  async #moveAway(path: string, original: string): Promise<void> {
    try {
      await this.#disk.rename(this.#real(path), this.#real(original));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') throw new ChangedMeanwhileError(path, 'is gone since it was read');
      throw error;
    }
    this.#movedAway(path, original);
    this.#originals.push(original);
  }

  /** Looked at once it is out of others' reach under its old name, so that nothing can come between. */
  async #checkOriginal(path: string, original: string, expected: FoundFile): Promise<void> {
    const size = expected.content?.length;
    const found = await findFile(this.#disk, this.#real(original), (now) => now === size);
    const isSame =
      found.kind === 'file' &&
      (expected.content === undefined || (found.content?.equals(expected.content) ?? false));
    if (!isSame) throw new ChangedMeanwhileError(path, 'has changed since it was read');
  }

  async #makeParents(path: string): Promise<void> {
    for (const parent of [...parentsOf(path)].reverse()) {
      await this.#checkParent(parent);
      try {
        await this.#disk.mkdir(this.#real(parent));
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error;
        if ((await kindOf(this.#disk, this.#real(parent))) === 'directory') continue;
        throw new ChangedMeanwhileError(path, `cannot be made: ${parent} has become something else`);
      }
      this.#did(parent, () => this.#disk.rmdir(this.#real(parent)));
    }
  }

  /** All files in it have been moved away; directories may be left. */
  async #removeEmptyTree(path: string): Promise<void> {
    if ((await kindOf(this.#disk, this.#real(path))) !== 'directory') return;
    const entries = await this.#disk.readdir(this.#real(path), { withFileTypes: true });
    for (const entry of entries) {
      if (!entry.isDirectory())
        throw new ChangedMeanwhileError(path, `cannot be made: ${path}/${entry.name} is in its way`);
      await this.#removeEmptyTree(`${path}/${entry.name}`);
    }
    const { mode } = await this.#disk.lstat(this.#real(path));
    await this.#disk.rmdir(this.#real(path));
    this.#did(path, async () => {
      await this.#disk.mkdir(this.#real(path));
      await this.#disk.chmod(this.#real(path), mode & 0o7777);
    });
  }

  async #removeEmptyParents(path: string): Promise<void> {
    for (const parent of parentsOf(path)) {
      try {
        await this.#checkParent(parent);
        await this.#disk.rmdir(this.#real(parent));
      } catch {
        return; // Not empty, as a rule: neither is any above it.
      }
    }
  }

  /** A new name in the directory that is nearest to a path, see {@link #nearestDirectory}. */
  async #besidePlace(path: string, suffix: 'new' | 'old'): Promise<string> {
    const place = join(await this.#nearestDirectory(dirname(path)), this.#newName(suffix));
    await this.#checkParent(place);
    return place;
  }

  #newName(suffix: 'new' | 'old'): string {
    return `${this.#name}-${this.#count++}.${suffix}`;
  }

  /**
   * The directory itself, or where it is missing, or is to become a file, the nearest above. So near, because a rename
   * does not reach from one file system into another.
   */
  async #nearestDirectory(directory: string): Promise<string> {
    const known = this.#nearest.get(directory);
    if (known !== undefined) return known;
    const parents = directory === '.' ? [] : [directory, ...parentsOf(directory)];
    const last = parents.findLastIndex((parent) => this.#files.has(parent));
    let nearest = '.';
    for (const parent of parents.slice(last + 1)) {
      if ((await kindOf(this.#disk, this.#real(parent))) !== 'directory') continue;
      nearest = parent;
      break;
    }
    this.#nearest.set(directory, nearest);
    return nearest;
  }

  /**
   * Right before anything is done to a path: no directory on the way to it is a link. Node has no way to hold on to a
   * directory, so one that is swapped in the few microseconds that follow is followed.
   */
  async #checkParent(path: string): Promise<void> {
    const parent = this.#real(dirname(path));
    let real: string;
    try {
      real = await this.#disk.realpath(parent);
    } catch (error) {
      if (isMissing(error)) throw new ChangedMeanwhileError(this.#at ?? path, 'has lost its directory');
      throw error;
    }
    if (real !== parent) throw new ChangedMeanwhileError(this.#at ?? path, 'is behind a symbolic link');
  }

  /** @returns false where the file system, or its rules, allow no second name for a file */
  async #linkIfPossible(from: string, to: string): Promise<boolean> {
    try {
      await this.#disk.link(this.#real(from), this.#real(to));
      return true;
    } catch (error) {
      switch (codeOf(error)) {
        case 'EEXIST':
          throw new ChangedMeanwhileError(to, 'has appeared since it was read');
        case 'ENOENT':
          throw new ChangedMeanwhileError(from, 'is gone since it was read');
        case 'EPERM':
        case 'EACCES':
        case 'EMLINK':
        case 'ENOSYS':
        case 'ENOTSUP':
        case 'EOPNOTSUPP':
          return false;
        default:
          throw error;
      }
    }
  }

  #did(path: string, undo: () => Promise<void>): void {
    const checked = async (): Promise<void> => {
      // Nothing outside is undone either.
      await this.#checkParent(path);
      await undo();
    };
    this.#deeds.add({ path, original: undefined, undo: checked });
  }

  /** A file of a name that nobody else gives one: it may be removed wherever the way to it has led. */
  #madeOwn(name: string): Deed {
    const deed: Deed = { path: name, original: undefined, undo: () => this.#disk.unlink(this.#real(name)) };
    this.#deeds.add(deed);
    return deed;
  }

  /** The original goes back wherever the way to it has led: it is nowhere else. */
  #movedAway(path: string, original: string): void {
    const undo = (): Promise<void> => this.#disk.rename(this.#real(original), this.#real(path));
    this.#deeds.add({ path, original, undo });
  }

  #real(path: string): string {
    return join(this.#root, path);
  }
}

/** Another's file can be replaced, but only root can give it back to him; its group, also who is in that. */
async function keepOwner(handle: FileHandle, { uid, gid }: FoundFile): Promise<void> {
  const own = await handle.stat();
  if (own.uid === uid && own.gid === gid) return;
  for (const owner of new Set([uid, own.uid])) {
    try {
      await handle.chown(owner, gid);
      return;
    } catch (error) {
      // EINVAL: the owner has no number in this user namespace.
      if (!['EPERM', 'EINVAL', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP'].includes(codeOf(error))) throw error;
    }
  }
}
