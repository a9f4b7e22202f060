import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printable, PrintableFilter, printableLine } from '../../src/cli/printable.ts';

describe('text on its way to a terminal', () => {
  it.each([
    ['plain text', 'Grüße, 世界 👩‍💻\n\tend', 'Grüße, 世界 👩‍💻\n\tend'],
    ['colours', 'a\u001b[31;1mred\u001b[0mb', 'aredb'],
    ['cursor moves and clearing', '\u001b[2J\u001b[1;1Hx\u001b[K', 'x'],
    ['a private mode', '\u001b[?1049hx\u001b[?25l', 'x'],
    ['a title, ended by BEL', '\u001b]0;owned\u0007x', 'x'],
    ['a link', '\u001b]8;;http://evil\u001b\\click\u001b]8;;\u001b\\', 'click'],
    ['the clipboard', '\u001b]52;c;ZXZpbA==\u0007x', 'x'],
    ['a device string', '\u001bPq#0;2\u001b\\x', 'x'],
    ['other strings', '\u001bXsos\u001b\\a\u001b^pm\u001b\\b\u001b_apc\u001b\\c', 'abc'],
    ['C1 controls', '\u009b31mred\u009d0;t\u009cx\u0090q\u009cy\u0085', 'redxy'],
    ['short escapes', 'a\u001bcb\u001b(Bc\u001b#8d\u001b7e', 'abcde'],
    ['a lone carriage return', 'safe\rEVIL\r\nnext', 'safeEVIL\nnext'],
    ['backspace, bell, delete, NUL', 'a\bb\u0007c\u007fd\0', 'abcd'],
    ['marks of direction', 'a\u202eb\u2066c\u200fd\u061ce', 'abcde'],
    ['line separators of Unicode', 'a\u2028b\u2029c', 'abc'],
    ['an escape in an escape', '\u001b\u001b[31mx', 'x'],
    ['an escape in a sequence', '\u001b[3\u001b[31mx', 'x'],
    ['a string that never ends', '\u001b]0;hidden\nshown', '\nshown'],
    ['a cancelled string', '\u001b]0;hidden\u0018shown', 'shown'],
    ['a sequence cut off by a letter beyond ASCII', '\u001b[31é', 'é'],
    ['an unfinished sequence', 'x\u001b[31', 'x'],
  ])('keeps only what can be seen of %s', (_, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('loses the same wherever it is cut', () => {
    const pieces = fc.constantFrom(
      '\u001b',
      '[',
      ']',
      '31',
      'm',
      ';',
      '\u0007',
      '\\',
      'P',
      '\u009b',
      '\u009c',
      '\u009d',
      '\n',
      '\r',
      'x',
      'é',
      '👩',
      '\u202e',
      '\u0018',
    );
    const corpus = fc.tuple(fc.array(pieces, { maxLength: 30 }), fc.array(fc.nat(40)));
    fc.assert(
      fc.property(corpus, ([parts, cuts]) => {
        const text = parts.join('');
        const filter = new PrintableFilter();
        const at = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b), text.length];
        const shown = at.slice(1).map((end, i) => filter.push(text.slice(at[i], end)));
        expect(shown.join('')).toBe(printable(text));
        expect(printable(text)).not.toMatch(/(?![\n\t])\p{Cc}|[\u202a-\u202e]/u);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is one line where it stands in one', () => {
    expect(printableLine('a\nb\tc\u001b[1m')).toBe('a b c');
  });
});
