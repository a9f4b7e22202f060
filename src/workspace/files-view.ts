import { isUtf8 } from 'node:buffer';
import type { BaseImage } from './base-image.ts';
import { isSameContent, sha256 } from './bytes.ts';
import { comparePaths } from './paths.ts';
import { isScratch } from './scratch.ts';

/** What a session changed, by canonical path: the new content, or null for a deleted file. */
export type OverlayMap = ReadonlyMap<string, Uint8Array | null>;

/** One file that differs from the base. Hashes are SHA-256 of the content, in hex; null where there is no file. */
export interface ChangeSummary {
  readonly path: string;
  readonly kind: 'added' | 'modified' | 'deleted';
  readonly before: string | null;
  readonly after: string | null;
}

/** One file that differs from the base, with both contents where they lie: do not write them. */
export interface FileDifference {
  readonly path: string;
  readonly before: Uint8Array | null;
  readonly after: Uint8Array | null;
}

/** A file's content in the first image that has it, where it lies. */
export function viewInImages(images: readonly BaseImage[], path: string): Buffer | undefined {
  for (const image of images) {
    const view = image.view(path);
    if (view) return view;
  }
  return undefined;
}

/** The files whose content differs from the images', in the byte order of their paths. */
export function fileDifferences(images: readonly BaseImage[], overlay: OverlayMap): FileDifference[] {
  return overlayDifferences(images, NOTHING, overlay);
}

/** The files whose content differs between two overlays of the same images, in the byte order of their paths. */
export function overlayDifferences(
  images: readonly BaseImage[],
  earlier: OverlayMap,
  later: OverlayMap,
): FileDifference[] {
  const differences: FileDifference[] = [];
  for (const path of new Set([...earlier.keys(), ...later.keys()])) {
    if (isScratch(path)) continue;
    const before = contentIn(images, earlier, path);
    const after = contentIn(images, later, path);
    if (before !== after && !isSameContent(before, after)) differences.push({ path, before, after });
  }
  return differences.sort((a, b) => comparePaths(a.path, b.path));
}

/** Differences with hashes in the place of contents. */
export function summarized(differences: readonly FileDifference[]): ChangeSummary[] {
  return differences.map(({ path, before, after }) => ({
    path,
    kind: before === null ? 'added' : after === null ? 'deleted' : 'modified',
    before: before && sha256(before),
    after: after && sha256(after),
  }));
}

/**
 * The files of a session as a map: relative POSIX path → text, or a `Uint8Array` that the caller owns where the
 * content is not UTF-8. Keys are in byte order. Nothing is decoded before it is asked for; the overlay must not
 * change afterwards.
 */
export class FilesView implements ReadonlyMap<string, string | Uint8Array> {
  readonly #images: readonly BaseImage[];
  readonly #overlay: OverlayMap;
  #paths: readonly string[] | undefined;

  constructor(images: readonly BaseImage[], overlay: OverlayMap) {
    this.#images = images;
    this.#overlay = overlay;
  }

  get size(): number {
    return this.#sortedPaths().length;
  }

  get [Symbol.toStringTag](): string {
    return 'FilesView';
  }

  get(path: string): string | Uint8Array | undefined {
    const bytes = this.#view(path);
    if (!bytes) return undefined;
    return isUtf8(bytes) ? bytes.toString('utf8') : new Uint8Array(bytes);
  }

  has(path: string): boolean {
    return this.#view(path) !== undefined;
  }

  forEach(
    callback: (
      value: string | Uint8Array,
      path: string,
      map: ReadonlyMap<string, string | Uint8Array>,
    ) => void,
    thisArg?: unknown,
  ): void {
    for (const [path, content] of this) callback.call(thisArg, content, path, this);
  }

  keys(): MapIterator<string> {
    return this.#sortedPaths().values();
  }

  *values(): MapIterator<string | Uint8Array> {
    for (const path of this.#sortedPaths()) yield this.get(path)!;
  }

  *entries(): MapIterator<[string, string | Uint8Array]> {
    for (const path of this.#sortedPaths()) yield [path, this.get(path)!];
  }

  [Symbol.iterator](): MapIterator<[string, string | Uint8Array]> {
    return this.entries();
  }

  #view(path: string): Buffer | undefined {
    if (typeof path !== 'string') return undefined;
    const own = isScratch(path) ? undefined : this.#overlay.get(path);
    if (own === null) return undefined;
    if (own === undefined) return viewInImages(this.#images, path);
    return Buffer.from(own.buffer, own.byteOffset, own.byteLength);
  }

  #sortedPaths(): readonly string[] {
    return (this.#paths ??= this.#collectPaths());
  }

  #collectPaths(): readonly string[] {
    const first = this.#images[0];
    if (this.#overlay.size === 0 && this.#images.length <= 1) return first ? first.paths() : [];
    const paths = new Set(this.#images.flatMap((image) => image.paths()));
    for (const [path, content] of this.#overlay) {
      if (isScratch(path)) continue;
      if (content === null) paths.delete(path);
      else paths.add(path);
    }
    return [...paths].sort(comparePaths);
  }
}

const NOTHING: OverlayMap = new Map();

/** A file's content where it lies; null where there is no file. */
function contentIn(images: readonly BaseImage[], overlay: OverlayMap, path: string): Uint8Array | null {
  const own = overlay.get(path);
  return own === undefined ? (viewInImages(images, path) ?? null) : own;
}
