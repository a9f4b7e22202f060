import { packImage, type BaseImage, type ImageEntry } from './base-image.ts';
import type { FileDifference } from './files-view.ts';

/** An image with the changes made to it: a new one, which lists the changed files as the newest. @throws `base_too_large` */
export function changeImage(image: BaseImage, changes: readonly FileDifference[]): BaseImage {
  const changed = new Set(changes.map(({ path }) => path));
  const entries: ImageEntry[] = [];
  let age = 0;
  for (const path of image.newestUnder('')) {
    age += 1;
    if (!changed.has(path)) entries.push({ path, bytes: image.view(path)!, mtimeMs: -age });
  }
  for (const { path, after } of changes) if (after !== null) entries.push({ path, bytes: after, mtimeMs: 1 });
  return packImage(entries, image.skipped);
}

/** What makes `after` of `before`, in no order. */
export function imageDifferences(before: BaseImage, after: BaseImage): FileDifference[] {
  const differences: FileDifference[] = [];
  for (const path of after.paths()) {
    const [old, now] = [before.view(path) ?? null, after.view(path)!];
    if (old === null || !old.equals(now)) differences.push({ path, before: old, after: now });
  }
  for (const path of before.paths())
    if (!after.has(path)) differences.push({ path, before: before.view(path)!, after: null });
  return differences;
}
