import { IMAGE_TOKENS, imageCount, textOf } from '../model/content.ts';
import type { Message, UserContent } from '../model/message.ts';

/** Characters of a token where nothing is known of the model: as English and code have them. */
export const DEFAULT_CHARS_PER_TOKEN = 3.6;

/** A run of letters and digits as long as this is no word: Base64, a hash, minified data. */
const MIN_DENSE_RUN = 64;
/** What one character counts for, as characters of plain text. Of a dense run, of CJK and emoji, of other scripts. */
const DENSE = 1.6;
const WIDE = 3;
const FOREIGN = 1.7;

/** What surrounds the text of a message, and of a call in it, in characters. */
const MESSAGE_FRAME = 15;
const CALL_FRAME = 30;

/** Tokens of a text, roughly. @param charsPerToken  of the model, where it is known */
export function estimateTokens(text: string, charsPerToken: number = DEFAULT_CHARS_PER_TOKEN): number {
  return Math.ceil(weightOf(text) / charsPerToken);
}

/**
 * How many characters of plain text take as many tokens as this text. Tokens are this divided by the model's characters
 * a token, so that a model's figure, learned from whatever text, holds for any other.
 */
export function weightOf(text: string): number {
  // Almost every text is ASCII, which the encoder tells many times faster than a loop over its characters.
  return Buffer.byteLength(text) === text.length ? weightOfAscii(text) : weightOfAny(text);
}

function weightOfAny(text: string): number {
  let weight = text.length;
  let run = 0;
  for (let at = 0; at <= text.length; at += 1) {
    const unit = at < text.length ? text.charCodeAt(at) : 0;
    if (isDense(unit)) {
      run += 1;
      continue;
    }
    if (run >= MIN_DENSE_RUN) weight += run * (DENSE - 1);
    run = 0;
    if (unit >= 0x2e80) weight += WIDE - 1;
    else if (unit >= 0x80) weight += FOREIGN - 1;
  }
  return weight;
}

/** A run that counts has one of every {@link MIN_DENSE_RUN} characters: the others need not be looked at. */
function weightOfAscii(text: string): number {
  let weight = text.length;
  let at = MIN_DENSE_RUN - 1;
  while (at < text.length) {
    let end = at;
    if (isDense(text.charCodeAt(at))) {
      let begin = at;
      while (begin > 0 && isDense(text.charCodeAt(begin - 1))) begin -= 1;
      while (end < text.length && isDense(text.charCodeAt(end))) end += 1;
      if (end - begin >= MIN_DENSE_RUN) weight += (end - begin) * (DENSE - 1);
    }
    at = end + MIN_DENSE_RUN;
  }
  return weight;
}

function isDense(unit: number): boolean {
  return unit < 128 && IN_DENSE_RUN[unit] === 1;
}

/** Messages never change, and the same ones are asked about before every model call. */
const weights = new WeakMap<Message, number>();

/** {@link weightOf} a message with its calls and what a provider puts around them. */
export function weightOfMessage(message: Message): number {
  let weight = weights.get(message);
  if (weight === undefined) {
    weight = MESSAGE_FRAME + weightOfContent(message.content ?? '');
    if (message.role === 'assistant') {
      for (const call of message.tool_calls ?? []) {
        weight += CALL_FRAME + weightOf(call.function.name) + weightOf(call.function.arguments);
      }
      // What a provider wants back as it came.
      const { details = [] } = message.reasoning ?? {};
      if (details.length > 0) weight += weightOf(JSON.stringify(details));
    }
    weights.set(message, weight);
  }
  return weight;
}

/** Of an image what its tokens would be as text, whatever its bytes take. */
function weightOfContent(content: UserContent): number {
  return weightOf(textOf(content)) + imageCount(content) * IMAGE_TOKENS * DEFAULT_CHARS_PER_TOKEN;
}

export function weightOfMessages(messages: readonly Message[]): number {
  return messages.reduce((weight, message) => weight + weightOfMessage(message), 0);
}

/** 1 for the ASCII characters that Base64, hexadecimal and identifiers are made of. */
const IN_DENSE_RUN = Uint8Array.from({ length: 128 }, (_, code) =>
  /[\w+/-]/.test(String.fromCharCode(code)) ? 1 : 0,
);
