import type { BaseImage } from './base-image.ts';

/**
 * The same images in the same order. One that was packed twice from the same files is the same, too, and so is one that
 * a store gave back, under another id.
 */
export function isSameBase(a: readonly BaseImage[], b: readonly BaseImage[]): boolean {
  return a.length === b.length && a.every((image, i) => isSameImage(image, b[i]!));
}

function isSameImage({ handle: a }: BaseImage, { handle: b }: BaseImage): boolean {
  return a.imageId === b.imageId || Buffer.from(a.buffer).equals(Buffer.from(b.buffer));
}
