/**
 * Characters that a model and a file write differently for the same text, and what stands for them in a search. One
 * UTF-16 unit each, so that only the invisible ones change a text's length.
 *
 * | in a search  | stands for                                                                                        |
 * | ------------ | ------------------------------------------------------------------------------------------------- |
 * | `'`          | U+2018 ‘, U+2019 ’, U+201A ‚, U+201B ‛, U+2032 ′                                                  |
 * | `"`          | U+201C “, U+201D ”, U+201E „, U+201F ‟, U+2033 ″                                                  |
 * | `-`          | U+2010 and U+2011 hyphens, U+2012 figure dash, U+2013 –, U+2014 —, U+2015 ―, U+2212 minus         |
 * | space        | the other blanks of Unicode's class Zs: U+00A0, U+1680, U+2000 to U+200A, U+202F, U+205F, U+3000  |
 * | nothing      | U+FEFF (byte order mark), U+200B and U+2060 (break, no break), U+00AD (soft hyphen)               |
 *
 * Left as they are: joiners (U+200C, U+200D) and marks of direction, which change what is read; guillemets, backticks
 * and accents, which are no other spelling of a quote; `…`, which is not one character for one; composed and decomposed
 * letters.
 */
const SINGLE_QUOTES = /[\u2018\u2019\u201a\u201b\u2032]/g;
const DOUBLE_QUOTES = /[\u201c\u201d\u201e\u201f\u2033]/g;
const DASHES = /[\u2010-\u2015\u2212]/g;
const SPACES = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g;
const INVISIBLE = /[\ufeff\u200b\u2060\u00ad]/g;

const ANY = new RegExp(
  [SINGLE_QUOTES, DOUBLE_QUOTES, DASHES, SPACES, INVISIBLE].map(({ source }) => source).join('|'),
);
const DASH = new RegExp(`-|${DASHES.source}`);
const QUOTE = new RegExp(`['"]|${SINGLE_QUOTES.source}|${DOUBLE_QUOTES.source}`);

/** Whether {@link withoutLookalikes} or {@link INVISIBLE_PATTERN} would change a text. */
export function hasLookalikes(text: string): boolean {
  return ANY.test(text);
}

export function hasQuote(text: string): boolean {
  return QUOTE.test(text);
}

export function isDash(sign: string | undefined): boolean {
  return sign !== undefined && DASH.test(sign);
}

/** The text in plain characters, of the same length: what is invisible stays. */
export function withoutLookalikes(text: string): string {
  return text
    .replace(SINGLE_QUOTES, "'")
    .replace(DOUBLE_QUOTES, '"')
    .replace(DASHES, '-')
    .replace(SPACES, ' ');
}

export const INVISIBLE_PATTERN: string = INVISIBLE.source;

export function isInvisible(code: number): boolean {
  return code === 0xfeff || code === 0x200b || code === 0x2060 || code === 0x00ad;
}

/** A text as it is searched for: line breaks are `\n`, lookalikes are plain, what is invisible is gone. */
export function plain(text: string): string {
  const unix = text.replaceAll('\r\n', '\n');
  return hasLookalikes(unix) ? withoutLookalikes(unix).replace(INVISIBLE, '') : unix;
}
