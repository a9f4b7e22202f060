import type { ContentPart, UserContent } from './message.ts';

/** An image costs about so many tokens: OpenAI's and Anthropic's counts of one of a million pixels are near it. */
export const IMAGE_TOKENS = 1_500;

const DATA_URL = /^data:([a-z]+\/[a-z0-9.+-]+);base64,/;

/** Bytes as a URL, which is how providers take them. */
export function dataUrl(mediaType: string, bytes: Buffer): string {
  return `data:${mediaType};base64,${bytes.toString('base64')}`;
}

/** What {@link dataUrl} made; undefined for a URL that leads elsewhere. */
export function readDataUrl(
  url: string,
): { readonly mediaType: string; readonly base64: string } | undefined {
  const head = DATA_URL.exec(url);
  return head ? { mediaType: head[1]!, base64: url.slice(head[0].length) } : undefined;
}

export function imageCount(content: UserContent): number {
  return typeof content === 'string' ? 0 : content.filter(({ type }) => type === 'image_url').length;
}

/** What is written in a message; images are not. */
export function textOf(content: UserContent): string {
  if (typeof content === 'string') return content;
  return content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n\n');
}

/** The message as people read it, its images named. */
export function describeContent(content: UserContent): string {
  return typeof content === 'string' ? content : content.map(describePart).join('\n\n');
}

function describePart(part: ContentPart): string {
  if (part.type === 'text') return part.text;
  const { url } = part.image_url;
  const data = readDataUrl(url);
  if (!data) return `[image: ${url}]`;
  return `[image: ${data.mediaType}, ${Math.ceil((data.base64.length * 3) / 4 / 1024)} KiB]`;
}

/** Characters, those of its images' URLs too. */
export function contentLength(content: UserContent): number {
  if (typeof content === 'string') return content.length;
  return content.reduce(
    (length, part) => length + (part.type === 'text' ? part.text : part.image_url.url).length,
    0,
  );
}

/** Bytes in encoded messages begin so. A text that says so has the quote escaped. */
const ENCODED_DATA = '"data:image/';
const CHARS_PER_TOKEN = 4;

/** Characters of encoded messages, where an image counts as what its tokens would be as text. */
export function weighedLength(messages: string): number {
  let length = messages.length;
  for (let at = messages.indexOf(ENCODED_DATA); at >= 0; at = messages.indexOf(ENCODED_DATA, at + 1)) {
    if (messages[at - 1] === '\\') continue;
    const end = messages.indexOf('"', at + 1);
    length += IMAGE_TOKENS * CHARS_PER_TOKEN - (end - at);
    at = end;
  }
  return length;
}
