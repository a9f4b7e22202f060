import type { BaseImage } from './base-image.ts';

/**
 * The same files in the same order of images. An image that was packed twice from the same files is the same, too, and so
 * is one that a store gave back, under another id.
 */
export function isSameBase(a: readonly BaseImage[], b: readonly BaseImage[]): boolean {
  const [some, others] = [a, b].map((images) => images.filter((image) => image.fileCount > 0));
  return some!.length === others!.length && some!.every((image, i) => image.hasSameFiles(others![i]!));
}
