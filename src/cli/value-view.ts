/** Line ends aside, what a terminal could be steered by, or nobody would see. */
const UNPRINTABLE = /(?!\n)[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** A value as JSON: readable on a terminal, with what is not printable spelt in JSON's own way; on one line elsewhere. */
export function viewValue(value: unknown, isTerminal: boolean): string {
  if (!isTerminal) return `${JSON.stringify(value)}\n`;
  const spell = (character: string): string =>
    Array.from({ length: character.length }, (_, i) => character.charCodeAt(i))
      .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
      .join('');
  return `${JSON.stringify(value, null, 2).replace(UNPRINTABLE, spell)}\n`;
}
