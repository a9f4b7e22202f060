import { randomUUID } from 'node:crypto';
import { BaseImageError } from '../errors.ts';
import { comparePaths } from './paths.ts';

/** What crosses threads: the buffer goes by reference, so a handle costs the same for 2 files and for 20,000. */
export interface BaseImageHandle {
  readonly imageId: string;
  readonly buffer: SharedArrayBuffer;
}

/** A file to be packed. `path` is canonical (see `paths.ts`); a larger `mtimeMs` is listed earlier. */
export interface ImageEntry {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly mtimeMs?: number;
}

/** A file or directory that was left out of an image, and why. */
export interface SkippedFile {
  readonly path: string;
  readonly reason: string;
}

/*
 * The buffer: four 32-bit words (magic, file count, start of the path bytes, start of the content bytes), then
 * three tables of 32-bit words (end of each path, end of each content, file numbers newest first), then all paths
 * and all contents, both in the byte order of the paths.
 */
const MAGIC = 0x316e6b73;
const HEADER_WORDS = 4;
const MAX_BYTES = 2 ** 31 - 1;

/** Packs files, in any order, into an image. Paths are distinct, and none is a directory of another. @throws `base_too_large` */
export function packImage(entries: readonly ImageEntry[], skipped: readonly SkippedFile[] = []): BaseImage {
  const sorted = entries.toSorted((a, b) => comparePaths(a.path, b.path));
  const count = sorted.length;
  const paths = Buffer.from(sorted.map((entry) => entry.path).join(''));
  const pathStart = 4 * (HEADER_WORDS + 3 * count);
  const contentStart = pathStart + paths.length;
  const total = sorted.reduce((sum, entry) => sum + entry.bytes.length, contentStart);
  if (total > MAX_BYTES) {
    throw new BaseImageError(
      'base_too_large',
      `The base image would take ${total} bytes; the limit is ${MAX_BYTES}.`,
    );
  }

  const buffer = new SharedArrayBuffer(total);
  const words = new Uint32Array(buffer, 0, HEADER_WORDS + 3 * count);
  const bytes = new Uint8Array(buffer);
  words.set([MAGIC, count, pathStart, contentStart]);
  bytes.set(paths, pathStart);
  let pathEnd = pathStart;
  let contentEnd = contentStart;
  sorted.forEach((entry, i) => {
    bytes.set(entry.bytes, contentEnd);
    words[HEADER_WORDS + i] = pathEnd += Buffer.byteLength(entry.path);
    words[HEADER_WORDS + count + i] = contentEnd += entry.bytes.length;
  });
  const newest = sorted.map((_, i) => i);
  newest.sort((a, b) => (sorted[b]!.mtimeMs ?? 0) - (sorted[a]!.mtimeMs ?? 0) || a - b);
  words.set(newest, HEADER_WORDS + 2 * count);
  return BaseImage.open({ imageId: randomUUID(), buffer }, skipped);
}

/** Opened images of this thread, so that its sessions share one decoded list of paths. */
const opened = new Map<string, WeakRef<BaseImage>>();
const dropped = new FinalizationRegistry<string>((imageId) => {
  if (opened.get(imageId)?.deref() === undefined) opened.delete(imageId);
});

/**
 * A read-only set of files in a SharedArrayBuffer: made once, shared by every thread. Opening costs microseconds
 * whatever the size: paths are sorted, so lookups search the buffer itself. Paths given to it must be canonical.
 */
export class BaseImage {
  readonly handle: BaseImageHandle;
  readonly fileCount: number;
  /** Bytes of the whole buffer, index included. */
  readonly byteLength: number;
  /** What was left out when the image was made; empty in an image opened from a handle. */
  readonly skipped: readonly SkippedFile[];

  readonly #bytes: Uint8Array;
  readonly #pathEnds: Uint32Array;
  readonly #contentEnds: Uint32Array;
  readonly #newest: Uint32Array;
  readonly #pathStart: number;
  readonly #contentStart: number;
  #paths: readonly string[] | undefined;

  /** The image behind a handle; the same object for the same handle, while anyone holds it. */
  static open(handle: BaseImageHandle, skipped: readonly SkippedFile[] = []): BaseImage {
    const known = opened.get(handle.imageId)?.deref();
    if (known) return known;
    const image = new BaseImage(handle, skipped);
    opened.set(handle.imageId, new WeakRef(image));
    dropped.register(image, handle.imageId);
    return image;
  }

  private constructor(handle: BaseImageHandle, skipped: readonly SkippedFile[]) {
    const { buffer } = handle;
    const [magic, count, pathStart, contentStart] = new Uint32Array(buffer, 0, HEADER_WORDS);
    if (magic !== MAGIC) {
      throw new BaseImageError('base_unreadable', 'The buffer holds no base image; pass the handle of one.');
    }
    this.handle = handle;
    this.skipped = skipped;
    this.fileCount = count!;
    this.byteLength = buffer.byteLength;
    this.#bytes = new Uint8Array(buffer);
    const table = (n: number): Uint32Array => new Uint32Array(buffer, 4 * (HEADER_WORDS + n * count!), count);
    this.#pathEnds = table(0);
    this.#contentEnds = table(1);
    this.#newest = table(2);
    this.#pathStart = pathStart!;
    this.#contentStart = contentStart!;
  }

  has(path: string): boolean {
    return this.#find(path) >= 0;
  }

  /** Whether both hold the same paths and contents. Their ages, which only decide an order of listing, do not count. */
  hasSameFiles(other: BaseImage): boolean {
    if (this.handle.imageId === other.handle.imageId) return true;
    // All that lies before and after the table of ages, whose length follows from what is before it.
    const [own, others] = [this, other].map((image) => Buffer.from(image.handle.buffer));
    const ages = this.#newest;
    const end = ages.byteOffset + ages.byteLength;
    return (
      own!.subarray(0, ages.byteOffset).equals(others!.subarray(0, ages.byteOffset)) &&
      own!.subarray(end).equals(others!.subarray(end))
    );
  }

  /** Bytes of a file's content; `undefined` when it is not here. */
  size(path: string): number | undefined {
    const i = this.#find(path);
    return i < 0 ? undefined : this.#contentEnds[i]! - this.#contentBegin(i);
  }

  /** A copy that the caller owns; `undefined` when the file is not here. */
  read(path: string): Uint8Array | undefined {
    const view = this.view(path);
    return view && new Uint8Array(view);
  }

  /** The shared bytes themselves: never write them. Node's Buffer methods take them, `TextDecoder` does not. */
  view(path: string): Buffer | undefined {
    const i = this.#find(path);
    if (i < 0) return undefined;
    const begin = this.#contentBegin(i);
    return Buffer.from(this.handle.buffer, begin, this.#contentEnds[i]! - begin);
  }

  /** Whether a file is under this path. `''`, the root, always is a directory. */
  isDirectory(path: string): boolean {
    if (path === '') return true;
    const [begin, end] = this.#range(path);
    return end > begin;
  }

  /** Every path, in byte order. Decoded on first use and kept; the array is shared, so do not change it. */
  paths(): readonly string[] {
    return (this.#paths ??= this.#decodePaths());
  }

  /** The paths under a directory (`''`: all), in byte order. */
  *pathsUnder(directory: string): Generator<string> {
    const [begin, end] = this.#range(directory);
    const paths = this.paths();
    for (let i = begin; i < end; i++) yield paths[i]!;
  }

  /** The paths under a directory (`''`: all), most recently modified first, then in byte order. */
  *newestUnder(directory: string): Generator<string> {
    const [begin, end] = this.#range(directory);
    const paths = this.paths();
    for (const i of this.#newest) if (i >= begin && i < end) yield paths[i]!;
  }

  /** File numbers [begin, end) of what lies under a directory: all paths with the prefix `directory/` are neighbours. */
  #range(directory: string): [number, number] {
    if (directory === '') return [0, this.fileCount];
    // '0' is the byte after '/': the first path at or past `directory0` is the first that is not under it.
    return [this.#lowerBound(`${directory}/`), this.#lowerBound(`${directory}0`)];
  }

  #find(path: string): number {
    const i = this.#lowerBound(path);
    return i < this.fileCount && compareAt(this.#bytes, this.#pathBegin(i), this.#pathEnds[i]!) === 0
      ? i
      : -1;
  }

  /** The first file whose path is not before the given one. Leaves that one encoded in {@link needle}. */
  #lowerBound(path: string): number {
    if (path !== needlePath) {
      needleLength = needle.write(path);
      needlePath = path;
    }
    let low = 0;
    let high = this.fileCount;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareAt(this.#bytes, this.#pathBegin(middle), this.#pathEnds[middle]!) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #pathBegin(i: number): number {
    return i === 0 ? this.#pathStart : this.#pathEnds[i - 1]!;
  }

  #contentBegin(i: number): number {
    return i === 0 ? this.#contentStart : this.#contentEnds[i - 1]!;
  }

  #decodePaths(): string[] {
    const all = Buffer.from(this.handle.buffer, this.#pathStart, this.#contentStart - this.#pathStart);
    return Array.from(this.#pathEnds, (end, i) =>
      all.toString('utf8', this.#pathBegin(i) - this.#pathStart, end - this.#pathStart),
    );
  }
}

/** The path that is searched for, encoded; 8 bytes more than a path may have, for the searches past its end. */
const needle = Buffer.alloc(4096 + 8);
let needleLength = 0;
/** The path that it is: a write asks several times for the same one. */
let needlePath = '';

/** A packed path against the needle, bytewise. By hand, because most differ early and a native call costs more. */
function compareAt(bytes: Uint8Array, begin: number, end: number): number {
  const length = Math.min(end - begin, needleLength);
  for (let i = 0; i < length; i++) {
    const difference = bytes[begin + i]! - needle[i]!;
    if (difference !== 0) return difference;
  }
  return end - begin - needleLength;
}
