import type { WorkspaceQuota } from '../../src/workspace/workspace.ts';

/** A refusal of {@link SimpleTree}, by the code that a workspace must give. */
export class Refused extends Error {}

/**
 * What a workspace over one base image must do, written as plainly as possible: two maps and linear searches, and
 * paths that are canonical already. The property test compares the real one with it, call by call.
 */
export class SimpleTree {
  /** Files of the session, in order of last change. */
  readonly own = new Map<string, Buffer>();
  /** Files of the base that are still visible, in byte order. */
  readonly base: Map<string, Buffer>;
  readonly #quota: WorkspaceQuota;

  constructor(base: ReadonlyMap<string, Buffer>, quota: WorkspaceQuota) {
    const inByteOrder = [...base].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    this.base = new Map(inByteOrder);
    this.#quota = quota;
  }

  get(path: string): Buffer | undefined {
    return this.own.get(path) ?? this.base.get(path);
  }

  isDirectory(path: string): boolean {
    return (
      path === '' || [...this.own.keys(), ...this.base.keys()].some((file) => file.startsWith(`${path}/`))
    );
  }

  read(path: string): Buffer {
    const content = this.get(path);
    if (content) return content;
    throw new Refused(this.isDirectory(path) ? 'is_directory' : 'not_found');
  }

  stat(path: string): string {
    const content = this.get(path);
    if (content) return `file of ${content.length}`;
    return this.isDirectory(path) ? 'directory' : 'nothing';
  }

  list(directory: string): string[] {
    if (this.get(directory)) throw new Refused('not_directory');
    if (!this.isDirectory(directory)) throw new Refused('not_found');
    const isUnder = (path: string): boolean => directory === '' || path.startsWith(`${directory}/`);
    const base = [...this.base.keys()].filter((path) => !this.own.has(path));
    return [...[...this.own.keys()].reverse(), ...base].filter(isUnder);
  }

  write(path: string, content: Buffer): void {
    if (content.length > this.#quota.maxFileBytes) throw new Refused('file_too_large');
    this.#checkTotals([[path, content]], []);
    if (!this.get(path)) {
      if (this.isDirectory(path)) throw new Refused('is_directory');
      this.#checkParents(path);
    }
    if (!this.get(path)?.equals(content)) this.#put(path, content);
  }

  remove(path: string): void {
    const files = this.get(path) ? [path] : this.isDirectory(path) ? this.list(path) : [];
    if (files.length === 0) throw new Refused('not_found');
    for (const file of files) this.#drop(file);
  }

  rename(from: string, to: string): void {
    const isFile = this.get(from) !== undefined;
    if (!isFile && !this.isDirectory(from)) throw new Refused('not_found');
    if (from === to) return;
    if (to.startsWith(`${from}/`)) throw new Refused('invalid_path');
    if (this.isDirectory(to) || (!isFile && this.get(to))) throw new Refused('already_exists');
    this.#checkParents(to);
    const sources = isFile ? [from] : this.list(from).reverse();
    const moves = sources.map((file): [string, Buffer] => [to + file.slice(from.length), this.get(file)!]);
    if (moves.some(([path]) => path.split('/').length > 64 || Buffer.byteLength(path) > 4096))
      throw new Refused('invalid_path');
    if (moves.some(([, content]) => content.length > this.#quota.maxFileBytes))
      throw new Refused('file_too_large');
    this.#checkTotals(moves, sources);
    sources.forEach((file) => this.#drop(file));
    moves.forEach(([file, content]) => this.#put(file, content));
  }

  /** Several files at once; the last entry for a path counts. */
  writeAll(changes: ReadonlyArray<readonly [string, Buffer | null]>): void {
    const after = new Map<string, Buffer | null>();
    for (const [path, content] of changes) {
      after.delete(path);
      after.set(path, content);
    }
    const deleted = [...after.keys()].filter((path) => after.get(path) === null);
    const written = [...after].filter((entry): entry is [string, Buffer] => entry[1] !== null);
    const outcome = new Set([...this.own.keys(), ...this.base.keys(), ...written.map(([path]) => path)]);
    for (const [path, content] of after) {
      if (content === null) this.read(path);
      else if (content.length > this.#quota.maxFileBytes) throw new Refused('file_too_large');
    }
    this.#checkTotals(written, deleted);
    for (const path of deleted) outcome.delete(path);
    for (const [path] of written) {
      for (const other of outcome) if (path.startsWith(`${other}/`)) throw new Refused('not_directory');
      for (const other of outcome)
        if (!after.has(other) && other.startsWith(`${path}/`)) throw new Refused('is_directory');
    }
    deleted.forEach((path) => this.#drop(path));
    for (const [path, content] of written) if (!this.get(path)?.equals(content)) this.#put(path, content);
  }

  #put(path: string, content: Buffer): void {
    this.own.delete(path);
    this.own.set(path, content);
  }

  #drop(path: string): void {
    this.own.delete(path);
    this.base.delete(path);
  }

  #checkParents(path: string): void {
    const names = path.split('/');
    for (let n = 1; n < names.length; n++) {
      if (this.get(names.slice(0, n).join('/'))) throw new Refused('not_directory');
    }
  }

  /** Refuses what would grow the session's files past a quota; one that is over already may still shrink. */
  #checkTotals(added: ReadonlyArray<readonly [string, Buffer]>, removed: readonly string[]): void {
    const after = new Map(this.own);
    for (const path of removed) after.delete(path);
    for (const [path, content] of added) after.set(path, content);
    const bytes = sumBytes(after);
    if (bytes > this.#quota.maxTotalBytes && bytes > sumBytes(this.own)) throw new Refused('quota_exceeded');
    if (after.size > this.#quota.maxFiles && after.size > this.own.size) throw new Refused('too_many_files');
  }
}

function sumBytes(files: ReadonlyMap<string, Buffer>): number {
  return [...files.values()].reduce((sum, content) => sum + content.length, 0);
}
