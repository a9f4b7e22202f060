import type { BaseImageHandle } from '../workspace/base-image.ts';
import { sha256 } from '../workspace/bytes.ts';

/** Computed once per buffer: an image is shared by all the sessions that start from it. */
const hashes = new WeakMap<SharedArrayBuffer, string>();
/** Handles by the hash of their buffer, so that sessions read from a store share one buffer and one image id. */
const handles = new Map<string, { readonly imageId: string; readonly buffer: WeakRef<SharedArrayBuffer> }>();
const dropped = new FinalizationRegistry<string>((hash) => {
  if (handles.get(hash)?.buffer.deref() === undefined) handles.delete(hash);
});

/** The hash of an image's packed bytes. The handle is what {@link imageOf} gives for it, as long as its buffer lives. */
export function hashOf(handle: BaseImageHandle): string {
  let hash = hashes.get(handle.buffer);
  if (hash === undefined) {
    hash = sha256(new Uint8Array(handle.buffer));
    remember(hash, handle);
  }
  return hash;
}

/** The handle of the image with this hash. `load` is asked for its bytes when no buffer with them is alive. */
export function imageOf(hash: string, load: () => Uint8Array): BaseImageHandle {
  const known = handles.get(hash);
  const alive = known?.buffer.deref();
  if (known && alive) return { imageId: known.imageId, buffer: alive };
  const bytes = load();
  const buffer = new SharedArrayBuffer(bytes.length);
  new Uint8Array(buffer).set(bytes);
  const handle = { imageId: hash, buffer };
  remember(hash, handle);
  return handle;
}

function remember(hash: string, { imageId, buffer }: BaseImageHandle): void {
  hashes.set(buffer, hash);
  if (handles.get(hash)?.buffer.deref() !== undefined) return;
  handles.set(hash, { imageId, buffer: new WeakRef(buffer) });
  dropped.register(buffer, hash);
}
