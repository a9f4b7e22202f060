import type { BaseImage } from './base-image.ts';
import { asBuffer } from './bytes.ts';
import { Volume } from './volume.ts';
import type { FileChange } from './workspace.ts';

/** In the index: this path is deleted in the images underneath. Sizes are never negative. */
const DELETED = -1;

/**
 * What a session changed over its base images: a volume for contents, an index in order of last change, and deletion
 * marks. It keeps the books and knows no rules: paths are canonical, and kinds and quotas were checked.
 */
export class Overlay {
  readonly #images: readonly BaseImage[];
  /** By path, in order of last change: size in bytes, or {@link DELETED}. */
  readonly #index = new Map<string, number>();
  /** Paths changed since the last take, in order of last change: was the path a file of the overlay at that take? */
  #dirty = new Map<string, boolean>();
  /** Made by the first write: most of a session's cost is here, and many sessions only read. */
  #volume: Volume | undefined;
  #fileCount = 0;
  #markCount = 0;
  #byteLength = 0;

  /** @param images  the first that has a path wins */
  constructor(images: readonly BaseImage[]) {
    this.#images = images;
  }

  /** Files in the volume; files of the images do not count. */
  get fileCount(): number {
    return this.#fileCount;
  }

  /** Bytes of the files in the volume. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** A file's bytes where they lie, in the volume or an image: never write or keep them. `undefined` when no file is there. */
  view(path: string): Buffer | undefined {
    const size = this.#index.get(path);
    if (size !== undefined) return size === DELETED ? undefined : asBuffer(this.#writable().bytes(path));
    for (const image of this.#images) {
      const view = image.view(path);
      if (view) return view;
    }
    return undefined;
  }

  /** Bytes of the file at a path; `undefined` when no file is there. */
  size(path: string): number | undefined {
    const size = this.#index.get(path);
    if (size !== undefined) return size === DELETED ? undefined : size;
    return this.#sizeInImages(path);
  }

  /** Bytes that a path takes in the volume; `undefined` when its file, if any, is an image's. */
  ownSize(path: string): number | undefined {
    const size = this.#index.get(path);
    return size === DELETED ? undefined : size;
  }

  /** Whether a file is under this path; the root always is a directory. */
  isDirectory(path: string): boolean {
    if (path === '' || this.#volume?.isDirectory(path)) return true;
    for (const image of this.#images) {
      if (!image.isDirectory(path)) continue;
      if (this.#markCount === 0) return true;
      for (const file of image.pathsUnder(path)) if (this.#index.get(file) !== DELETED) return true;
    }
    return false;
  }

  /** Files under a directory: the overlay's by last change, newest first, then each image's in its own order. */
  filesUnder(directory: string): string[] {
    const prefix = directory === '' ? '' : `${directory}/`;
    const files: string[] = [];
    for (const [path, size] of this.#index) if (size !== DELETED && path.startsWith(prefix)) files.push(path);
    files.reverse();
    this.#images.forEach((image, i) => {
      const above = this.#images.slice(0, i);
      for (const path of image.newestUnder(directory)) {
        if (!this.#index.has(path) && !above.some((other) => other.has(path))) files.push(path);
      }
    });
    return files;
  }

  /** Creates or replaces a file. The bytes are kept: nobody writes them any more, and they have a buffer of their own. */
  write(path: string, bytes: Uint8Array): void {
    this.#writable().write(path, bytes);
    this.#forget(path);
    this.#index.set(path, bytes.length);
    this.#fileCount++;
    this.#byteLength += bytes.length;
  }

  /** Deletes a file; a mark stays where an image has one too. */
  delete(path: string): void {
    if (this.#forget(path)) this.#writable().remove(path);
    if (this.#sizeInImages(path) !== undefined) {
      this.#index.set(path, DELETED);
      this.#markCount++;
    }
  }

  /** See {@link OverlayWorkspace.takeChanges}. */
  take(): FileChange[] {
    const changes: FileChange[] = [];
    for (const [path, wasKnown] of this.#dirty) {
      const size = this.#index.get(path);
      if (size === DELETED || (size === undefined && wasKnown)) {
        changes.push({ path, bytes: null });
      } else if (size !== undefined) {
        changes.push({ path, bytes: this.#writable().bytes(path) });
      }
    }
    this.#dirty = new Map();
    return changes;
  }

  /** See {@link OverlayWorkspace.applyChanges}. */
  apply(changes: Iterable<FileChange>): void {
    const dirty = this.#dirty;
    this.#dirty = new Map();
    for (const { path, bytes } of changes) {
      if (bytes === null) this.delete(path);
      else this.write(path, bytes);
      dirty.delete(path);
    }
    this.#dirty = dirty;
  }

  #sizeInImages(path: string): number | undefined {
    for (const image of this.#images) {
      const size = image.size(path);
      if (size !== undefined) return size;
    }
    return undefined;
  }

  /** Takes a path out of the index and makes it the latest change. @returns whether it was a file of the volume */
  #forget(path: string): boolean {
    const old = this.#index.get(path);
    const wasFile = old !== undefined && old !== DELETED;
    const wasKnown = this.#dirty.get(path) ?? wasFile;
    this.#dirty.delete(path);
    this.#dirty.set(path, wasKnown);
    this.#index.delete(path);
    if (wasFile) {
      this.#fileCount--;
      this.#byteLength -= old;
    } else if (old === DELETED) {
      this.#markCount--;
    }
    return wasFile;
  }

  #writable(): Volume {
    return (this.#volume ??= new Volume());
  }
}
