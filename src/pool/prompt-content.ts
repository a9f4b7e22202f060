import { InvalidOptionError, SkeinError } from '../errors.ts';
import type { PromptBody } from '../journal/active-prompt.ts';
import { dataUrl, textOf } from '../model/content.ts';
import type { ContentPart } from '../model/message.ts';
import { fileKind } from '../tools/file-kind.ts';
import { imageTypeOf, type ImageType } from '../tools/image-type.ts';
import { asBuffer } from '../workspace/bytes.ts';
import { resolveFilePath } from '../workspace/paths.ts';

/** Each goes out with every later request of the session; Anthropic's models see more than 20 only scaled down. */
const MAX_IMAGES = 20;
/** Providers take 5 to 20 MB of one image. What one refuses within this, it says itself. */
export const MAX_IMAGE_BYTES = 10 * 1024 * 1024;
/** They are a third longer in a request, and OpenAI takes requests of 50 MB at most. */
const MAX_TOTAL_BYTES = 32 * 1024 * 1024;
/** Nobody writes more by hand, and each costs the provider. */
const MAX_PARTS = 100;
const MAX_URL_CHARS = 8_192;

const TYPES: readonly string[] = [
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
] satisfies readonly ImageType[];

/** What a prompt says: a text, or texts and images in order. */
export type PromptContent = string | readonly PromptPart[];

export type PromptPart =
  | { readonly type: 'text'; readonly text: string }
  /** An image: its bytes, or those in base64. PNG, JPEG, GIF or WebP, which they have to be. */
  | { readonly type: 'image'; readonly data: Uint8Array | string; readonly mediaType: string }
  /** A file of the session as it is when the prompt is sent. */
  | { readonly type: 'image'; readonly path: string }
  /** An image that the provider fetches: skein does not. */
  | { readonly type: 'image'; readonly url: string };

const KEYS: Readonly<Record<string, readonly string[]>> = {
  text: ['type', 'text'],
  data: ['type', 'data', 'mediaType'],
  path: ['type', 'path', 'mediaType'],
  url: ['type', 'url'],
};

/**
 * What a caller's prompt says, as it is journalled and sent: images as bytes, wherever they came from. Texts alone are one text,
 * with an empty line between.
 * @param fileOf  a file of the session, by its path; undefined when there is none
 * @throws {InvalidOptionError}
 */
export function promptContent(
  content: PromptContent,
  fileOf: (path: string) => Uint8Array | string | undefined,
): Pick<PromptBody, 'text' | 'content'> {
  if (typeof content === 'string') return { text: content };
  if (!Array.isArray(content)) {
    const given = content === null ? 'null' : typeof content === 'object' ? 'an object' : String(content);
    refuse('prompt', `expected a text or a list of parts, but was given ${given}`);
  }
  const given = content as readonly unknown[];
  if (given.length === 0 || given.length > MAX_PARTS) {
    refuse('prompt', `expected 1 to ${MAX_PARTS} parts, but was given ${given.length}`);
  }
  const reader = new PartReader(fileOf);
  const parts = given.map((part, index) => reader.read(part, `prompt[${index}]`));
  const text = textOf(parts);
  return parts.every(({ type }) => type === 'text') ? { text } : { text, content: parts };
}

class PartReader {
  readonly #fileOf: (path: string) => Uint8Array | string | undefined;
  #images = 0;
  #bytes = 0;

  constructor(fileOf: (path: string) => Uint8Array | string | undefined) {
    this.#fileOf = fileOf;
  }

  read(given: unknown, place: string): ContentPart {
    if (typeof given !== 'object' || given === null) return refuse(place, 'expected a part, { type, … }');
    const part = given as Readonly<Record<string, unknown>>;
    const kind = kindOf(part, place);
    const unknown = Object.keys(part).find((key) => part[key] !== undefined && !KEYS[kind]!.includes(key));
    if (unknown !== undefined) refuse(`${place}.${unknown}`, `a part with "${kind}" has no such key`);
    if (kind !== 'text') this.#countImage(place);
    switch (kind) {
      case 'text':
        return { type: 'text', text: asText(part['text'], `${place}.text`) };
      case 'url':
        return imagePart(checkedUrl(asText(part['url'], `${place}.url`), `${place}.url`));
      case 'path':
        return this.#image(this.#file(part['path'], `${place}.path`), part['mediaType'], place, 'path');
      case 'data':
        if (part['mediaType'] === undefined) refuse(`${place}.mediaType`, `is missing; ${expectedTypes()}`);
        return this.#image(bytesOf(part['data'], `${place}.data`), part['mediaType'], place, 'data');
    }
  }

  #countImage(place: string): void {
    this.#images += 1;
    if (this.#images > MAX_IMAGES) refuse(place, `is one image too many; a prompt has at most ${MAX_IMAGES}`);
  }

  #file(given: unknown, place: string): Buffer {
    const path = asText(given, place);
    let content: Uint8Array | string | undefined;
    try {
      content = this.#fileOf(resolveFilePath(path));
    } catch (error) {
      if (!(error instanceof SkeinError)) throw error;
      return refuse(place, `names no file: ${error.message.replace(/\.$/, '')}`);
    }
    if (content === undefined) refuse(place, `the session has no file ${JSON.stringify(path)}`);
    return typeof content === 'string' ? Buffer.from(content) : asBuffer(content);
  }

  #image(bytes: Buffer, claimed: unknown, place: string, source: string): ContentPart {
    const where = `${place}.${source}`;
    if (bytes.length === 0) refuse(where, 'is empty');
    if (bytes.length > MAX_IMAGE_BYTES) {
      refuse(where, `has ${bytes.length} bytes; an image has at most ${MAX_IMAGE_BYTES}`);
    }
    this.#bytes += bytes.length;
    if (this.#bytes > MAX_TOTAL_BYTES) {
      refuse(where, `makes it ${this.#bytes} bytes of images; a prompt has at most ${MAX_TOTAL_BYTES}`);
    }
    if (claimed !== undefined && (typeof claimed !== 'string' || !TYPES.includes(claimed))) {
      refuse(`${place}.mediaType`, `${expectedTypes()}, but was given ${JSON.stringify(claimed)}`);
    }
    const type = imageTypeOf(bytes);
    if (!type) return refuse(where, `is no PNG, JPEG, GIF or WebP image; it is ${fileKind(bytes)}`);
    if (claimed !== undefined && claimed !== type) {
      refuse(`${place}.mediaType`, `says ${String(claimed)}, but the bytes are those of ${type}`);
    }
    return imagePart(dataUrl(type, bytes));
  }
}

function kindOf(part: Readonly<Record<string, unknown>>, place: string): 'text' | 'data' | 'path' | 'url' {
  if (part['type'] === 'text') return 'text';
  if (part['type'] !== 'image') {
    const given = JSON.stringify(part['type']) ?? 'nothing';
    return refuse(`${place}.type`, `expected "text" or "image", but was given ${given}`);
  }
  const sources = (['data', 'path', 'url'] as const).filter((key) => part[key] !== undefined);
  if (sources.length === 1) return sources[0]!;
  return refuse(
    place,
    `expected one of data, path and url, but was given ${sources.join(' and ') || 'none'}`,
  );
}

function bytesOf(data: unknown, place: string): Buffer {
  if (data instanceof Uint8Array) return asBuffer(data);
  if (typeof data !== 'string') return refuse(place, 'expected bytes (a Uint8Array), or base64 text');
  // Before any work, and four characters for three bytes.
  if (data.length > MAX_IMAGE_BYTES * 1.5) {
    return refuse(place, `is longer than base64 of ${MAX_IMAGE_BYTES} bytes`);
  }
  const bytes = Buffer.from(data, 'base64');
  // What the decoder passes over is missing here: no part of an image is lost unseen.
  if (bytes.toString('base64') !== data) {
    return refuse(
      place,
      'is not base64 (the standard alphabet, padded, without line breaks or a data: prefix)',
    );
  }
  return bytes;
}

function checkedUrl(url: string, place: string): string {
  if (url.startsWith('data:')) refuse(place, 'holds the bytes itself; give them as data, with a mediaType');
  if (url.length > MAX_URL_CHARS) refuse(place, `is longer than ${MAX_URL_CHARS} characters`);
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !/^https?:$/.test(parsed.protocol)) refuse(place, 'expected an http or https URL');
  // It is journalled and sent: a password has no business in it.
  if (parsed?.username || parsed?.password) refuse(place, 'expected a URL without user and password');
  return url;
}

function asText(value: unknown, place: string): string {
  return typeof value === 'string' ? value : refuse(place, `expected string, but was given ${String(value)}`);
}

function imagePart(url: string): ContentPart {
  return { type: 'image_url', image_url: { url } };
}

function expectedTypes(): string {
  return `expected one of ${TYPES.join(', ')}`;
}

function refuse(option: string, problem: string): never {
  throw new InvalidOptionError({ option, problem });
}
