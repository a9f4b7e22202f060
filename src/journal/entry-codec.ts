import type { FileChange } from '../workspace/workspace.ts';
import type { JournalEntry } from './entries.ts';
import { hashOf, imageOf, sha256 } from './sqlite-images.ts';

/** Bytes up to this many stay in the entry: a row of their own would cost more than it saves. */
const INLINE_BYTES = 100;

/** An entry as JSON, and the contents that it refers to, by SHA-256 in hex. */
export interface EncodedEntry {
  readonly json: Buffer;
  readonly contents: ReadonlyMap<string, Uint8Array>;
}

/**
 * How bytes stand in the JSON. Only the places that hold bytes by type (`changes[].bytes`, `spec.images[]`) are ever
 * written or read this way, so that JSON of a user that looks alike is what it was.
 */
type StoredBytes = { readonly base64: string } | { readonly sha256: string };
interface StoredChange {
  readonly path: string;
  readonly bytes: StoredBytes | null;
}

/** @throws TypeError when the entry holds what JSON cannot (a bigint, a cycle) */
export function encodeEntry(entry: JournalEntry): EncodedEntry {
  const contents = new Map<string, Uint8Array>();
  const json = Buffer.from(JSON.stringify(stored(entry, contents)));
  return { json, contents };
}

/**
 * @param content  the bytes with this hash, verified; the entry will own them
 * @throws SyntaxError when it is not JSON
 */
export function decodeEntry(json: Uint8Array, content: (hash: string) => Uint8Array): JournalEntry {
  const entry = JSON.parse(Buffer.from(json.buffer, json.byteOffset, json.length).toString()) as JournalEntry;
  if (entry.type === 'opened') {
    const images = entry.spec.images as unknown as readonly { readonly sha256: string }[];
    const loaded = images.map((image) => imageOf(image.sha256, () => content(image.sha256)));
    return { ...entry, spec: { ...entry.spec, images: loaded } };
  }
  if (entry.type === 'step-ended' || entry.type === 'effect-ended') {
    const changes = (entry.changes as unknown as readonly StoredChange[]).map(({ path, bytes }) => ({
      path,
      bytes: bytes && ('sha256' in bytes ? content(bytes.sha256) : fromBase64(bytes.base64)),
    }));
    return { ...entry, changes };
  }
  return entry;
}

function stored(entry: JournalEntry, contents: Map<string, Uint8Array>): unknown {
  if (entry.type === 'opened') {
    const images = entry.spec.images.map((handle) => {
      const hash = hashOf(handle);
      contents.set(hash, new Uint8Array(handle.buffer));
      return { sha256: hash };
    });
    return { ...entry, spec: { ...entry.spec, images } };
  }
  if (entry.type === 'step-ended' || entry.type === 'effect-ended') {
    return { ...entry, changes: entry.changes.map((change) => storedChange(change, contents)) };
  }
  return entry;
}

function storedChange({ path, bytes }: FileChange, contents: Map<string, Uint8Array>): StoredChange {
  if (bytes === null) return { path, bytes };
  if (bytes.length <= INLINE_BYTES) {
    const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
    return { path, bytes: { base64 } };
  }
  const hash = sha256(bytes);
  contents.set(hash, bytes);
  return { path, bytes: { sha256: hash } };
}

function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}
