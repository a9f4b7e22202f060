import { constants } from 'node:fs';
import type { Dirent } from 'node:fs';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { BaseImageError, InvalidOptionError, WorkspaceError } from '../errors.ts';
import { packImage } from './base-image.ts';
import type { BaseImage, ImageEntry, SkippedFile } from './base-image.ts';
import { globMatcher } from './glob.ts';
import { IgnoreRules } from './ignore-rules.ts';
import { resolveFilePath } from './paths.ts';
import { ignoreRulesAbove, withIgnoreFile } from './read-ignore-rules.ts';
import { DEFAULT_QUOTA } from './workspace.ts';

/** What {@link fromDirectory} takes. `.git`, `node_modules` and symbolic links are never taken. */
export interface FromDirectoryOptions {
  /** Globs, relative to the directory; only files that match one are taken. A directory's name means all in it. */
  readonly include?: readonly string[];
  /** Globs of files and directories to leave out. */
  readonly exclude?: readonly string[];
  /** Larger files are skipped. Default 4 MiB, what a session may write. */
  readonly maxFileBytes?: number;
  /** More files than this are refused. Default 50,000. */
  readonly maxFiles?: number;
  /** More bytes than this, in all, are refused. Default 256 MiB. */
  readonly maxTotalBytes?: number;
  /** Take binary files (a NUL in the first 8 KiB) too. Default false. */
  readonly binary?: boolean;
  /** Honour the `.gitignore` files in the directory. Default true. */
  readonly gitignore?: boolean;
  /** Take `.env*` files too. Default false: they hold secrets, and sessions send what they read to a model. */
  readonly secrets?: boolean;
}

type Settings = Required<FromDirectoryOptions>;

const DEFAULTS: Settings = {
  include: [],
  exclude: [],
  maxFileBytes: DEFAULT_QUOTA.maxFileBytes,
  maxFiles: DEFAULT_QUOTA.maxFiles,
  maxTotalBytes: DEFAULT_QUOTA.maxTotalBytes,
  binary: false,
  gitignore: true,
  secrets: false,
};

/** Files read at once; more only queue for libuv's four threads. */
const READERS = 8;
const BINARY_PROBE_BYTES = 8192;
/** Never through a link, and never waiting for the other end of a pipe. */
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * A base image of a real directory, read once. Whatever is left out without the caller having asked for it is in
 * `image.skipped`, with its reason; a skipped directory is named once, for all in it.
 * @throws {BaseImageError} `base_unreadable` when the directory cannot be read or is a file; `base_too_large` over
 *   `maxFiles` or `maxTotalBytes`
 * @throws {InvalidOptionError}
 */
export async function fromDirectory(
  directory: string,
  options: FromDirectoryOptions = {},
): Promise<BaseImage> {
  const settings = checkOptions(options);
  const root = resolve(directory);
  await checkRoot(root);
  const walk = new Walk(root, settings);
  await walk.directory(
    '',
    settings.gitignore ? await ignoreRulesAbove(await realpath(root)) : IgnoreRules.none,
  );
  const entries = await readAll(root, walk, settings);
  walk.skipped.sort((a, b) => (a.path < b.path ? -1 : 1));
  return packImage(entries, walk.skipped);
}

/** One pass over the tree's names. Contents are read afterwards, when it is known what is wanted. */
class Walk {
  readonly found = new Set<string>();
  readonly skipped: SkippedFile[] = [];
  readonly #root: string;
  readonly #settings: Settings;
  readonly #isIncluded: (path: string) => boolean;
  readonly #isExcluded: (path: string) => boolean;

  constructor(root: string, settings: Settings) {
    this.#root = root;
    this.#settings = settings;
    this.#isIncluded = settings.include.length > 0 ? globMatcher(settings.include) : () => true;
    this.#isExcluded = settings.exclude.length > 0 ? globMatcher(settings.exclude) : () => false;
  }

  async directory(directory: string, outerRules: IgnoreRules): Promise<void> {
    let children: Dirent[];
    try {
      children = await readdir(join(this.#root, directory), { withFileTypes: true });
    } catch (error) {
      if (directory === '') throw unreadable(this.#root, error);
      this.skip(directory, `unreadable (${codeOf(error)})`);
      return;
    }
    let rules = outerRules;
    if (this.#settings.gitignore && children.some((child) => child.name === '.gitignore' && child.isFile())) {
      rules = await withIgnoreFile(outerRules, this.#root, directory);
    }
    for (const child of children) {
      const path = directory === '' ? child.name : `${directory}/${child.name}`;
      if (this.#isExcluded(path)) continue;
      const reason = this.#reasonToSkip(child, path, rules);
      if (reason !== undefined) this.skip(path, reason);
      else if (child.isDirectory()) await this.directory(path, rules);
      else if (this.#isIncluded(path)) this.#take(path);
    }
  }

  skip(path: string, reason: string): void {
    this.skipped.push({ path, reason });
  }

  #reasonToSkip(child: Dirent, path: string, rules: IgnoreRules): string | undefined {
    if (child.name === '.git' || child.name === 'node_modules') return 'never taken';
    if (child.isSymbolicLink()) return 'symbolic link';
    if (!child.isDirectory() && !child.isFile()) return 'not a regular file';
    if (rules.ignores(path, child.isDirectory())) return 'ignored by .gitignore';
    if (child.isFile() && child.name.startsWith('.env') && !this.#settings.secrets) return 'may hold secrets';
    return undefined;
  }

  #take(name: string): void {
    let path: string;
    try {
      path = resolveFilePath(name);
    } catch (error) {
      if (!(error instanceof WorkspaceError)) throw error;
      this.skip(name, `unusable name (${error.code})`);
      return;
    }
    if (path !== name) {
      // A patch or a write would name another file than the one on disk.
      this.skip(name, 'its name is not in Unicode NFC');
      return;
    }
    this.found.add(path);
    if (this.found.size > this.#settings.maxFiles) {
      throw tooLarge(this.#root, `more than ${this.#settings.maxFiles} files`, 'maxFiles');
    }
  }
}

async function readAll(root: string, walk: Walk, settings: Settings): Promise<ImageEntry[]> {
  const entries: ImageEntry[] = [];
  const queue = walk.found.values();
  let totalBytes = 0;
  const reader = async (): Promise<void> => {
    for (const path of queue) {
      const result = await readOne(join(root, path), settings);
      if (typeof result === 'string') {
        walk.skip(path, result);
        continue;
      }
      totalBytes += result.bytes.length;
      if (totalBytes > settings.maxTotalBytes) {
        throw tooLarge(root, `more than ${settings.maxTotalBytes} bytes`, 'maxTotalBytes');
      }
      entries.push({ path, ...result });
    }
  };
  await Promise.all(Array.from({ length: READERS }, reader));
  return entries;
}

/** A file's content, or the reason to skip it. */
async function readOne(file: string, settings: Settings): Promise<Omit<ImageEntry, 'path'> | string> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, READ_FLAGS);
    const { size, mtimeMs } = await handle.stat();
    if (size > settings.maxFileBytes) return `larger than ${settings.maxFileBytes} bytes (${size})`;
    const bytes = await readUpTo(handle, size);
    if (!settings.binary && bytes.subarray(0, BINARY_PROBE_BYTES).includes(0)) return 'binary';
    return { bytes, mtimeMs };
  } catch (error) {
    return `unreadable (${codeOf(error)})`;
  } finally {
    await handle?.close();
  }
}

/** At most the size that was checked, whatever is appended meanwhile. */
async function readUpTo(handle: FileHandle, size: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(size);
  let length = 0;
  while (length < size) {
    const { bytesRead } = await handle.read(buffer, length, size - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}

async function checkRoot(root: string): Promise<void> {
  const info = await stat(root).catch((error: unknown) => {
    throw unreadable(root, error);
  });
  if (!info.isDirectory()) {
    throw new BaseImageError('base_unreadable', `Base ${root} is a file; give the directory that holds it.`);
  }
}

function checkOptions(options: FromDirectoryOptions): Settings {
  for (const [name, value] of Object.entries(options)) {
    const option = `base.${name}`;
    const fallback = DEFAULTS[name as keyof Settings] as Settings[keyof Settings] | undefined;
    if (fallback === undefined) {
      const problem = `is unknown; fromDirectory takes ${Object.keys(DEFAULTS).join(', ')}`;
      throw new InvalidOptionError({ option, problem });
    }
    if (value === undefined) continue;
    if (Array.isArray(fallback)) {
      if (Array.isArray(value) && value.every((glob) => typeof glob === 'string' && glob !== '')) continue;
      throw new InvalidOptionError({ option, problem: 'must be an array of globs' });
    }
    if (typeof value !== typeof fallback || (typeof value === 'number' && !(value >= 0))) {
      const wanted = typeof fallback === 'number' ? 'a number ≥ 0' : 'true or false';
      throw new InvalidOptionError({ option, problem: `must be ${wanted}, got ${String(value)}` });
    }
  }
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return { ...DEFAULTS, ...given };
}

function unreadable(root: string, cause: unknown): BaseImageError {
  const message = `Base directory ${root} cannot be read (${codeOf(cause)}); check that it exists and its permissions.`;
  return new BaseImageError('base_unreadable', message, { cause });
}

function tooLarge(root: string, what: string, option: keyof Settings): BaseImageError {
  const message = `Base directory ${root} holds ${what}; exclude some or raise ${option}.`;
  return new BaseImageError('base_too_large', message);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
