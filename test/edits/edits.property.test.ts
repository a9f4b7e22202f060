import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tryEdit } from './edited.ts';

const WORDS = ['foo', 'bar();', 'if (x) {', '}', "don't", 'don’t', '“a”', '"a"', ''];
const line = fc
  .tuple(
    fc.constantFrom('', '  ', '    ', '\t'),
    fc.constantFrom(...WORDS),
    fc.constantFrom('', '', ' ', '\t'),
  )
  .map((parts) => parts.join(''));
const ending = fc.constantFrom('\n', '\n', '\r\n');
const file = fc
  .array(fc.tuple(line, ending), { minLength: 1, maxLength: 12 })
  .map((lines) => lines.map((parts) => parts.join('')).join(''));
const text = fc.array(line, { minLength: 1, maxLength: 3 }).map((lines) => lines.join('\n'));

describe('any edit', () => {
  it('that is made at the first level is what String.replace makes of it', () => {
    fc.assert(
      fc.property(file, text, text, (content, oldText, newText) => {
        const unix = content.replaceAll('\r\n', '\n');
        const outcome = tryEdit(unix, oldText, newText);
        fc.pre('text' in outcome && outcome.level === 'exact');
        expect(outcome).toMatchObject({ text: unix.replace(oldText, () => newText) });
        expect(unix.split(oldText)).toHaveLength(2);
      }),
      { numRuns: 600 },
    );
  });

  it('of a part of the file can be taken back, byte for byte', () => {
    fc.assert(
      fc.property(file, fc.nat(), fc.nat(), (content, from, length) => {
        const unix = content.replaceAll('\r\n', '\n');
        const start = from % unix.length;
        const oldText = unix.slice(start, start + 1 + (length % 20));
        // A text of its own, so that the way back is clear.
        const newText = 'instead';
        const there = tryEdit(unix, oldText, newText);
        fc.pre('text' in there && there.level === 'exact');
        const back = tryEdit((there as { text: string }).text, newText, oldText);
        // Several lines in place of one that is indented are indented with it.
        fc.pre('text' in back && back.level === 'exact');
        expect(back).toMatchObject({ text: unix });
      }),
      { numRuns: 600 },
    );
  });

  it('leaves every line as it is, at whatever level, that is not in the old text', () => {
    fc.assert(
      fc.property(file, text, (content, oldText) => {
        const outcome = tryEdit(`head\r\n${content}tail – “x” \r\n`, oldText, 'instead');
        fc.pre('text' in outcome);
        const after = (outcome as { text: string }).text;
        const at = after.indexOf('instead');
        // What is before and behind the place is the file's own beginning and end.
        const whole = `head\r\n${content}tail – “x” \r\n`;
        expect(whole.startsWith(after.slice(0, at).trimEnd())).toBe(true);
        expect(whole.endsWith(after.slice(at + 'instead'.length).trimStart())).toBe(true);
      }),
      { numRuns: 600 },
    );
  });

  it('of lines that the new text repeats keeps their bytes', () => {
    fc.assert(
      fc.property(file, text, (content, oldText) => {
        const newText = `${oldText}\nadded();`;
        const outcome = tryEdit(content, oldText, newText);
        fc.pre('text' in outcome);
        const after = (outcome as { text: string }).text;
        // Every line of the file is still there, in order, but where a new one was put behind a part of one.
        const left = after.split('\n').filter((each) => !each.includes('added();'));
        const before = content.split('\n');
        const kept = before.filter((each) => left.includes(each));
        expect(kept.length).toBeGreaterThanOrEqual(before.length - 1);
      }),
      { numRuns: 600 },
    );
  });
});
