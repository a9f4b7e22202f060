import { isUtf8 } from 'node:buffer';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { OverlayWorkspace } from '../../workspace/overlay-workspace.ts';
import { resolvePath } from '../../workspace/paths.ts';
import type { Workspace, WorkspaceQuota } from '../../workspace/workspace.ts';
import { FileTree } from './file-tree.ts';
import { PosixError, posixCodeOf } from './posix-error.ts';

/** What a shell is told of a file. The workspace keeps no modes and no times, so they are the same for all. */
export interface ShellStat {
  readonly isFile: boolean;
  readonly isDirectory: boolean;
  readonly isSymbolicLink: false;
  readonly mode: number;
  /** Bytes. */
  readonly size: number;
  readonly mtime: Date;
  /** The same for two paths that name one file: without it, `cp` and `mv` replace nothing. */
  readonly identity: string;
}

interface ShellEntry {
  readonly name: string;
  readonly isFile: boolean;
  readonly isDirectory: boolean;
  readonly isSymbolicLink: false;
}

type Encoding = BufferEncoding | { readonly encoding?: BufferEncoding | null } | undefined;

export interface WorkspaceFileSystemOptions {
  /** Names of the shell's programs: each is seen as a file in `/bin` and in `/usr/bin`. */
  readonly programs: ReadonlySet<string>;
  readonly scratchQuota: WorkspaceQuota;
  readonly signal: AbortSignal;
}

/** Executable, because a script in the workspace could be run no other way than through its interpreter. */
const MODE = 0o755;
/** Operations follow one another without end in promise jobs alone; so often the thread's other work gets its turn. */
const TURN_MS = 20;
const MAX_REFUSALS = 3;

/** A place in one of the trees. */
interface Place {
  readonly tree: FileTree;
  readonly path: string;
}

/**
 * The files that a shell sees during one call, in the form that just-bash asks of a file system (`IFileSystem`): the
 * session's workspace at `/`, where other tools have it too. Three things are laid under it and are in no listing, so that
 * neither `find .` nor `rm -rf *` meets them:
 *
 * - `/dev/null`
 * - the shell's programs, as `/bin/NAME` and `/usr/bin/NAME`
 * - `/tmp`, which is gone after the call; unless the project itself has a directory `tmp`, which then is the one meant
 *
 * A directory without files lives as long as the call. There are no links; modes and times are not kept.
 */
export class WorkspaceFileSystem {
  readonly #project: FileTree;
  readonly #scratch: FileTree | undefined;
  readonly #programs: ReadonlySet<string>;
  readonly #signal: AbortSignal;
  readonly #refusals = new Set<string>();
  /** Files that were not UTF-8 when they were read: as text, each of their bytes is one character. */
  readonly #readAsBytes = new Set<string>();
  // Not `performance`, which just-bash takes from whatever runs within a script.
  #lastTurn = Date.now();
  #ended = false;

  constructor(workspace: Workspace, { programs, scratchQuota, signal }: WorkspaceFileSystemOptions) {
    this.#project = new FileTree(workspace);
    if (!workspace.exists('tmp')) this.#scratch = new FileTree(new OverlayWorkspace({ quota: scratchQuota }));
    this.#programs = programs;
    this.#signal = signal;
  }

  /** Why the workspace refused changes, in its own words: a shell's messages only name the kind of error. */
  get refusals(): readonly string[] {
    return [...this.#refusals];
  }

  /** The call has ended: what a command left running can change nothing any more. */
  end(): void {
    this.#ended = true;
  }

  /** What is not UTF-8 comes as Latin-1, as just-bash itself takes such bytes: so none of them is lost. */
  async readFile(path: string, encoding?: Encoding): Promise<string> {
    const bytes = await this.#read(path);
    const asked = encodingOf(encoding);
    return bytes.toString(asked === 'utf8' && this.#readAsBytes.has(absolute(path)) ? 'latin1' : asked);
  }

  async readFileBuffer(path: string): Promise<Uint8Array> {
    return new Uint8Array(await this.#read(path));
  }

  async writeFile(path: string, content: string | Uint8Array, encoding?: Encoding): Promise<void> {
    await this.#change('open', path, () => {
      if (isNull(path)) return;
      const place = this.#placeOf(path);
      // What a command says no encoding of is text that it made of what it read, as `sed -i` does; the shell says one.
      const isBytewise = this.#readAsBytes.delete(absolute(path)) && encoding === undefined;
      place.tree.write(
        place.path,
        isBytewise && typeof content === 'string' ? bytewise(content) : bytesOf(content, encoding),
      );
    });
  }

  async appendFile(path: string, content: string | Uint8Array, encoding?: Encoding): Promise<void> {
    await this.#change('open', path, () => {
      if (isNull(path)) return;
      const { tree, path: file } = this.#placeOf(path);
      const before = tree.stat(file)?.kind === 'file' ? tree.read(file) : new Uint8Array();
      tree.write(file, Buffer.concat([before, bytesOf(content, encoding)]));
    });
  }

  async exists(path: string): Promise<boolean> {
    await this.#turn();
    return this.#stat(path) !== undefined;
  }

  async stat(path: string): Promise<ShellStat> {
    await this.#turn();
    const stat = this.#stat(path);
    if (!stat) throw new PosixError('ENOENT', 'stat', path);
    return stat;
  }

  lstat(path: string): Promise<ShellStat> {
    return this.stat(path);
  }

  async mkdir(path: string, options?: { readonly recursive?: boolean }): Promise<void> {
    await this.#change('mkdir', path, () => {
      const { tree, path: directory } = this.#placeOf(path);
      if (!options?.recursive) return tree.makeDirectory(directory);
      const names = directory === '' ? [] : directory.split('/');
      for (let count = 1; count <= names.length; count += 1) {
        const parent = names.slice(0, count).join('/');
        if (tree.stat(parent)?.kind !== 'directory') tree.makeDirectory(parent);
      }
    });
  }

  async readdir(path: string): Promise<string[]> {
    return (await this.readdirWithFileTypes(path)).map((entry) => entry.name);
  }

  async readdirWithFileTypes(path: string): Promise<ShellEntry[]> {
    await this.#turn();
    const place = this.#find(path);
    const entries = place?.tree.entries(place.path);
    if (!entries) throw new PosixError(this.#stat(path) ? 'ENOTDIR' : 'ENOENT', 'scandir', path);
    return Array.from(entries, ([name, kind]) => ({
      name,
      isFile: kind === 'file',
      isDirectory: kind === 'directory',
      isSymbolicLink: false as const,
    })).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async rm(
    path: string,
    options?: { readonly recursive?: boolean; readonly force?: boolean },
  ): Promise<void> {
    await this.#change('rm', path, () => {
      const { tree, path: target } = this.#placeOf(path);
      const stat = tree.stat(target);
      if (!stat) {
        if (this.#stat(path)) throw new PosixError('EPERM', 'rm', path);
        if (options?.force) return;
        throw new PosixError('ENOENT', 'rm', path);
      }
      if (target === '') throw new PosixError('EBUSY', 'rm', path);
      if (stat.kind === 'directory' && !options?.recursive && tree.entries(target)?.size) {
        throw new PosixError('ENOTEMPTY', 'rm', path);
      }
      tree.remove(target);
    });
  }

  async cp(from: string, to: string, options?: { readonly recursive?: boolean }): Promise<void> {
    const stat = await this.stat(from);
    if (stat.isFile) return this.writeFile(to, await this.readFileBuffer(from));
    if (!options?.recursive) throw new PosixError('EISDIR', 'cp', from);
    const source = absolute(from);
    if (`${absolute(to)}/`.startsWith(`${source}/`)) throw new PosixError('EINVAL', 'cp', to);
    const names = await this.readdir(from);
    await this.mkdir(to, { recursive: true });
    for (const name of names) await this.cp(`${from}/${name}`, `${to}/${name}`, options);
  }

  async mv(from: string, to: string): Promise<void> {
    const [source, target] = [this.#find(from), this.#find(to)];
    if (source && target && source.tree !== target.tree) {
      await this.cp(from, to, { recursive: true });
      return this.rm(from, { recursive: true });
    }
    await this.#change('mv', from, () => {
      const { tree, path } = this.#placeOf(from);
      if (path === '') throw new PosixError('EBUSY', 'mv', from);
      tree.rename(path, this.#placeOf(to).path);
    });
  }

  resolvePath(base: string, path: string): string {
    return absolute(path.startsWith('/') ? path : `${base}/${path}`);
  }

  /** None: just-bash itself does without, and a list of every path would cost more than any call that asks for it. */
  getAllPaths(): string[] {
    return [];
  }

  /** Changes nothing: there are no modes. */
  async chmod(path: string): Promise<void> {
    await this.stat(path);
  }

  /** Changes nothing: there are no times. */
  async utimes(path: string): Promise<void> {
    await this.stat(path);
  }

  symlink(_target: string, path: string): Promise<void> {
    return this.#refuseLink('symlink', path);
  }

  link(_existing: string, path: string): Promise<void> {
    return this.#refuseLink('link', path);
  }

  async readlink(path: string): Promise<string> {
    await this.stat(path);
    throw new PosixError('EINVAL', 'readlink', path);
  }

  async realpath(path: string): Promise<string> {
    await this.stat(path);
    return absolute(path);
  }

  async #read(path: string): Promise<Buffer> {
    await this.#turn();
    if (isNull(path)) return Buffer.alloc(0);
    const place = this.#find(path);
    const stat = place?.tree.stat(place.path);
    if (place && stat?.kind === 'file') {
      const bytes = place.tree.read(place.path);
      if (isUtf8(bytes)) this.#readAsBytes.delete(absolute(path));
      else this.#readAsBytes.add(absolute(path));
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    if (stat) throw new PosixError('EISDIR', 'read', path);
    throw new PosixError(this.#isProgram(path) ? 'EACCES' : 'ENOENT', 'open', path);
  }

  /** @throws {PosixError} with the code that the workspace's refusal comes down to */
  async #change(operation: string, path: string, change: () => void): Promise<void> {
    await this.#turn();
    try {
      change();
    } catch (error) {
      const code = posixCodeOf(error);
      if (!code) throw error;
      if (this.#refusals.size < MAX_REFUSALS && error instanceof Error) this.#refusals.add(error.message);
      throw new PosixError(code, operation, path);
    }
  }

  async #refuseLink(operation: string, path: string): Promise<void> {
    await this.#change(operation, path, () => {
      this.#refusals.add('The workspace holds files and directories only: links cannot be made.');
      throw new PosixError('EPERM', operation, path);
    });
  }

  #stat(path: string): ShellStat | undefined {
    const place = this.#find(path);
    const stat = place?.tree.stat(place.path);
    if (place && stat) {
      const root = place.tree === this.#scratch ? '/tmp/' : '/';
      return statOf(stat.kind, stat.size, root + place.path);
    }
    return isNull(path) || this.#isProgram(path) ? statOf('file', 0, absolute(path)) : undefined;
  }

  #isProgram(path: string): boolean {
    const name = /^\/(?:usr\/)?bin\/([^/]+)$/.exec(absolute(path))?.[1];
    return name !== undefined && this.#programs.has(name);
  }

  /** Where a path is; undefined for one that no workspace can have. */
  #find(path: string): Place | undefined {
    try {
      return this.#placeOf(path);
    } catch {
      return undefined;
    }
  }

  /** @throws {WorkspaceError} `invalid_path` */
  #placeOf(path: string): Place {
    const resolved = resolvePath(absolute(path));
    if (!this.#scratch || (resolved !== 'tmp' && !resolved.startsWith('tmp/'))) {
      return { tree: this.#project, path: resolved };
    }
    return { tree: this.#scratch, path: resolved.slice('tmp/'.length) };
  }

  async #turn(): Promise<void> {
    if (Date.now() - this.#lastTurn > TURN_MS) {
      await nextTurn();
      this.#lastTurn = Date.now();
    }
    if (this.#ended || this.#signal.aborted) throw new Error('the command was stopped');
  }
}

function statOf(kind: 'file' | 'directory', size: number, identity: string): ShellStat {
  return {
    isFile: kind === 'file',
    isDirectory: kind === 'directory',
    isSymbolicLink: false,
    mode: MODE,
    size,
    mtime: new Date(0),
    identity,
  };
}

function isNull(path: string): boolean {
  return absolute(path) === '/dev/null';
}

/** Absolute and without `.`, `..` and doubled or final slashes; the root is its own parent. */
function absolute(path: string): string {
  const names: string[] = [];
  for (const name of path.split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  return `/${names.join('/')}`;
}

function encodingOf(encoding: Encoding): BufferEncoding {
  return (typeof encoding === 'object' ? encoding.encoding : encoding) ?? 'utf8';
}

function bytesOf(content: string | Uint8Array, encoding: Encoding): Uint8Array {
  return typeof content === 'string' ? Buffer.from(content, encodingOf(encoding)) : content;
}

/** A character up to U+00FF as the byte that it stands for; others, which a script put there, as UTF-8. */
function bytewise(text: string): Uint8Array {
  const latin1 = text.replace(/[^\0-\u00ff]+/g, (other) => Buffer.from(other).toString('latin1'));
  return Buffer.from(latin1, 'latin1');
}
