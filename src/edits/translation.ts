import { hasLookalikes, isInvisible, plain } from './lookalikes.ts';
import { splitIndent, type TextLine } from './text-lines.ts';

/** Spells a text as the file does. */
export type Translation = (text: string) => string;

const asItIs: Translation = (text) => text;

/**
 * A model that writes `“` wherever the file has `"` means `"` in its new text too. Learned from a place where the old
 * text was found, and only for characters that stood for one and the same plain character throughout. Never the other
 * way: a plain quote of the model may be one of the program's.
 * @param found  the file's lines, of which each is the old text's line but for lookalikes and blanks
 */
export function translationOf(old: readonly TextLine[], found: readonly TextLine[]): Translation {
  const meanings = new Map<string, string>();
  for (const [i, { content }] of old.entries()) {
    if (hasLookalikes(content))
      learn(meanings, splitIndent(content).body, splitIndent(found[i]?.content ?? '').body);
  }
  for (const [sign, meaning] of meanings) if (meaning === sign) meanings.delete(sign);
  if (meanings.size === 0) return asItIs;
  const signs = new RegExp(`[${[...meanings.keys()].join('')}]`, 'g');
  return (text) => text.replace(signs, (sign) => meanings.get(sign)!);
}

function learn(meanings: Map<string, string>, old: string, found: string): void {
  let at = 0;
  for (const sign of old.split('')) {
    const there = found[at];
    if (isInvisible(sign.charCodeAt(0)) && there !== sign) {
      note(meanings, sign, '');
      continue;
    }
    while (there !== sign && isInvisible(found.charCodeAt(at))) at++;
    const meant = found[at] ?? '';
    // The blanks at the ends of the lines may differ; nothing is learned from them.
    if (plain(meant) !== plain(sign)) return;
    if (hasLookalikes(sign)) note(meanings, sign, meant);
    at++;
  }
}

/** A sign that was met with two meanings, or that the file has too, stands for itself. */
function note(meanings: Map<string, string>, sign: string, meant: string): void {
  const known = meanings.get(sign);
  const isPlain = meant < '\u0080';
  meanings.set(sign, isPlain && (known === undefined || known === meant) ? meant : sign);
}
