import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchLines, searchable } from '../../src/tools/match-lines.ts';
import { searchPattern } from '../../src/tools/search-pattern.ts';
import { runWithin, TimeLimitExceeded } from '../../src/tools/time-limit.ts';
import { ToolFailure } from '../../src/tools/tool-failure.ts';

/** What grep does: cut the text into lines, try each. */
function lineByLine(stored: string, regex: RegExp): number[] {
  const text = stored.startsWith('\ufeff') ? stored.slice(1) : stored;
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.flatMap((line, i) =>
    regex.test(line.endsWith('\r') ? line.slice(0, -1) : line) ? [i + 1] : [],
  );
}

/** The numbers of the lines that the search tool finds, and whether it had to cut the text into lines. */
function found(stored: string, pattern: string, ignoreCase: boolean): number[] {
  const compiled = searchPattern(pattern, { ignoreCase, literal: false, multiline: false });
  if (compiled.needles?.every((needle) => !Buffer.from(stored).includes(needle))) return [];
  const text = searchable(stored);
  const numbers: number[] = [];
  matchLines(text, compiled, (start, end) => {
    expect(text.slice(start, end)).not.toContain('\n');
    numbers.push(text.slice(0, start).split('\n').length);
    return true;
  });
  return numbers;
}

/** Some of the patterns that are drawn would never end, in the tool or here; the tool's limit is not what this is about. */
function withinLimit<Result>(work: () => Result): Result {
  let result: Result | undefined;
  try {
    runWithin(250, () => (result = work()));
  } catch (error) {
    if (!(error instanceof TimeLimitExceeded)) throw error;
    fc.pre(false);
  }
  return result!;
}

const character = fc.constantFrom(
  'a',
  'b',
  'aabb',
  'xa.b',
  'A',
  ' ',
  '\t',
  'x',
  '1',
  'é',
  '\u{1f600}',
  '_',
  '.',
  '\\',
);
const lineEnd = fc.constantFrom('\n', '\n', '\n', '\r\n', '\r\n', '\n\n', '\r', '\u2028', '');
const text = fc
  .tuple(
    fc.constantFrom('', '', '\ufeff'),
    fc.array(fc.tuple(fc.array(character, { maxLength: 4 }), lineEnd), { maxLength: 8 }),
  )
  .map(([bom, lines]) => bom + lines.map(([line, end]) => line.join('') + end).join(''));

const atom = fc.constantFrom(
  'a',
  'b',
  'x',
  ' ',
  '.',
  'aab',
  'abb',
  'xa\\.b',
  '\\s',
  '\\S',
  '\\w',
  '\\W',
  '\\d',
  '\\D',
  '\\n',
  '\\r',
  '\\t',
  '\n',
  '\\x0a',
  '\\cJ',
  '[^x]',
  '[^]',
  '[]',
  '[^\\S]',
  '[\\s\\S]',
  '[a\\n]',
  '[^a\\]]',
  '[\\t-\\r]',
  '[ab ]',
  '[^\\n]',
  '\\u000a',
  '\\.',
  '\\b',
  '\\B',
  '^',
  '$',
  'é',
  '\\u{a}',
  '\\\\',
  '\\/',
  '\\1',
  '\\0',
  '\\12',
  '\\k<n>',
  '(?<n>a)\\k<n>',
  '[\\W]',
  '[^\\d\\s]',
  '\u{1f600}',
);
const withUnicode = fc.constantFrom('\\p{L}', '\\P{L}', '[^\\p{L}]', '[\\P{L}x]', '\\p{Lu}', '\\W', '\\s');
const quantifier = fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{0,2}', '*?', '+?');
const { pattern } = fc.letrec<{ pattern: string; piece: string; group: string }>((tie) => ({
  pattern: fc
    .array(fc.array(tie('piece'), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 2 })
    .map((branches) => branches.map((branch) => branch.join('')).join('|')),
  piece: fc
    .tuple(
      fc.oneof(
        { depthSize: 'small' },
        { weight: 6, arbitrary: atom },
        { weight: 1, arbitrary: withUnicode },
        tie('group'),
      ),
      quantifier,
    )
    .map(([piece, times]) => piece + times),
  group: fc
    .tuple(fc.constantFrom('(', '(?:', '(?=', '(?!', '(?<=', '(?<!', '(?<n>'), tie('pattern'))
    .map(([open, body]) => `${open}${body})`),
}));

describe('a search of a whole text', () => {
  it('finds the lines that a search line by line finds', () => {
    let compared = 0;
    let whole = 0;
    fc.assert(
      fc.property(
        text,
        pattern,
        fc.boolean(),
        fc.constantFrom('', 's', 'm'),
        (stored, source, ignoreCase, inline) => {
          const written = inline === '' ? source : `(?${inline})${source}`;
          const flags = inline + (ignoreCase ? 'i' : '') + (/\\[pP]\{/.test(source) ? 'u' : '');
          let regex: RegExp;
          try {
            regex = new RegExp(source, flags);
          } catch {
            expect(() => found(stored, written, ignoreCase)).toThrow(ToolFailure);
            return;
          }
          const [inText, inLines] = withinLimit((): [number[], number[]] => [
            found(stored, written, ignoreCase),
            lineByLine(stored, regex),
          ]);
          expect(inText).toEqual(inLines);
          compared++;
          if (searchPattern(source, { ignoreCase, literal: false, multiline: false }).inText) whole++;
        },
      ),
      { numRuns: 20_000 },
    );
    // Most patterns are searched for in the whole text; else this compares line by line with itself.
    expect(compared).toBeGreaterThan(10_000);
    expect(whole / compared).toBeGreaterThan(0.8);
    // Half of the usual limit on a machine of its own; beside other tests it takes longer.
  }, 180_000);
});
