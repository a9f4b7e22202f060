import type { FileChange } from '../workspace/workspace.ts';
import { dataUrl, readDataUrl } from '../model/content.ts';
import type { ContentPart, Message, UserContent } from '../model/message.ts';
import type { JournalEntry } from './entries.ts';
import { leanEntry } from './lean-entry.ts';
import { asBuffer, sha256 } from '../workspace/bytes.ts';
import { wholeUsage } from '../model/usage.ts';
import { hashOf, imageOf } from './sqlite-images.ts';

/** Bytes up to this many stay in the entry: a row of their own would cost more than it saves. */
const INLINE_BYTES = 100;

/** An entry as JSON, and the contents that it refers to, by SHA-256 in hex. */
export interface EncodedEntry {
  readonly json: Buffer;
  readonly contents: ReadonlyMap<string, Uint8Array>;
}

/**
 * How bytes stand in the JSON. Only the places that hold bytes by type (`changes[].bytes`, `overlay[].bytes`,
 * `spec.images[]`, the images of `content[]`, and `messages` of a restored conversation, which many forks have in common)
 * are ever written or read this way, so that JSON of a user that looks alike is what it was.
 */
type StoredBytes = { readonly base64: string } | { readonly sha256: string };
type StoredPart =
  ContentPart | { readonly type: 'image'; readonly mediaType: string; readonly bytes: StoredBytes };
interface StoredChange {
  readonly path: string;
  readonly bytes: StoredBytes | null;
}

/**
 * Hashes of contents that were written or read before: what a fork takes over is named, not read through again. Contents
 * in journals are never changed.
 */
const hashes = new WeakMap<Uint8Array, string>();

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
  const text = Buffer.from(json.buffer, json.byteOffset, json.length).toString();
  return leanEntry(loaded(JSON.parse(text) as JournalEntry, content));
}

function loaded(entry: JournalEntry, content: (hash: string) => Uint8Array): JournalEntry {
  if (entry.type === 'opened') {
    const images = entry.spec.images as unknown as readonly { readonly sha256: string }[];
    const handles = images.map((image) => imageOf(image.sha256, () => content(image.sha256)));
    return { ...entry, spec: { ...entry.spec, images: handles } };
  }
  if (entry.type === 'step-ended' || entry.type === 'effect-ended') {
    return { ...entry, changes: loadedChanges(entry.changes, content) };
  }
  if (entry.type === 'restored') {
    const text = loadedBytes(entry.messages as unknown as StoredBytes, content);
    const messages = JSON.parse(asBuffer(text).toString()) as Message[];
    return {
      ...entry,
      messages: messages.map((message) => loadedMessage(message, content)),
      overlay: loadedChanges(entry.overlay, content),
    };
  }
  if (entry.type === 'prompt-accepted' && entry.content) {
    return { ...entry, content: loadedContent(entry.content, content) };
  }
  if (entry.type === 'model-responded') {
    const { response } = entry;
    return { ...entry, response: { ...response, usage: wholeUsage(response.usage) } };
  }
  if (entry.type === 'compacted') return { ...entry, usage: entry.usage && wholeUsage(entry.usage) };
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
    return { ...entry, changes: storedChanges(entry.changes, contents) };
  }
  if (entry.type === 'restored') {
    const parts = entry.messages.map((message) => storedMessage(message, contents));
    const messages = storedBytes(Buffer.from(JSON.stringify(parts)), contents);
    return { ...entry, messages, overlay: storedChanges(entry.overlay, contents) };
  }
  if (entry.type === 'prompt-accepted' && entry.content) {
    return { ...entry, content: storedContent(entry.content, contents) };
  }
  return entry;
}

function storedMessage(message: Message, contents: Map<string, Uint8Array>): unknown {
  if (message.role !== 'user' || typeof message.content === 'string') return message;
  return { ...message, content: storedContent(message.content, contents) };
}

function loadedMessage(message: Message, content: (hash: string) => Uint8Array): Message {
  if (message.role !== 'user' || typeof message.content === 'string') return message;
  return { ...message, content: loadedContent(message.content, content) };
}

function storedContent(
  parts: readonly ContentPart[],
  contents: Map<string, Uint8Array>,
): readonly StoredPart[] {
  return parts.map((part) => {
    const data = part.type === 'image_url' ? readDataUrl(part.image_url.url) : undefined;
    if (!data) return part;
    const bytes = storedBytes(fromBase64(data.base64), contents);
    return { type: 'image', mediaType: data.mediaType, bytes };
  });
}

function loadedContent(stored: UserContent, content: (hash: string) => Uint8Array): readonly ContentPart[] {
  return (stored as readonly StoredPart[]).map((part) => {
    if (part.type !== 'image') return part;
    const url = dataUrl(part.mediaType, asBuffer(loadedBytes(part.bytes, content)));
    return { type: 'image_url', image_url: { url } };
  });
}

function storedChanges(
  changes: readonly FileChange[],
  contents: Map<string, Uint8Array>,
): readonly StoredChange[] {
  return changes.map(({ path, bytes }) => ({ path, bytes: bytes && storedBytes(bytes, contents) }));
}

function loadedChanges(changes: unknown, content: (hash: string) => Uint8Array): readonly FileChange[] {
  return (changes as readonly StoredChange[]).map(({ path, bytes }) => ({
    path,
    bytes: bytes && loadedBytes(bytes, content),
  }));
}

function storedBytes(bytes: Uint8Array, contents: Map<string, Uint8Array>): StoredBytes {
  if (bytes.length <= INLINE_BYTES) {
    return { base64: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64') };
  }
  const hash = hashes.get(bytes) ?? sha256(bytes);
  hashes.set(bytes, hash);
  contents.set(hash, bytes);
  return { sha256: hash };
}

function loadedBytes(stored: StoredBytes, content: (hash: string) => Uint8Array): Uint8Array {
  if (!('sha256' in stored)) return fromBase64(stored.base64);
  const bytes = content(stored.sha256);
  hashes.set(bytes, stored.sha256);
  return bytes;
}

function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}
