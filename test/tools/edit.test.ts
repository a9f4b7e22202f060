import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Harness } from './harness.ts';

/** The file after an edit that must succeed. */
function edited(file: string, old_string: string, new_string: string, replace_all = false): string {
  const harness = new Harness({ 'a.txt': file });
  harness.ok('edit', { path: 'a.txt', old_string, new_string, replace_all });
  return harness.workspace.readText('a.txt');
}

/** The message of an edit that must be refused, and must leave the file as it was. */
function refused(file: string, old_string: string, new_string: string, replace_all = false): string {
  const harness = new Harness({ 'a.txt': file });
  const message = harness.error('edit', { path: 'a.txt', old_string, new_string, replace_all });
  expect(harness.workspace.readText('a.txt')).toBe(file);
  return message;
}

describe('a text that occurs once', () => {
  it('is replaced', () => {
    expect(edited('one two three', 'two', '2')).toBe('one 2 three');
  });

  it('can be deleted, and can be the whole file', () => {
    expect(edited('one two three', ' two', '')).toBe('one three');
    expect(edited('all', 'all', '')).toBe('');
  });

  it('takes `$&`, `$1` and `$$` literally', () => {
    expect(edited('a b c', 'b', "$& $1 $$ $` $'")).toBe("a $& $1 $$ $` $' c");
    expect(edited('b b', 'b', '$&', true)).toBe('$& $&');
  });

  it('is searched literally, not as a pattern', () => {
    expect(edited('a.c abc', 'a.c', 'x')).toBe('x abc');
  });
});

describe('what is refused', () => {
  it('is a text that occurs several times', () => {
    expect(refused('x x x', 'x', 'y')).toBe(
      'Error: old_string occurs 3 times - provide more context or pass replace_all=true (line 1)',
    );
    expect(refused('x\n-\nx\n', 'x', 'y')).toMatch(/ occurs 2 times .* \(lines 1, 3\)$/);
    expect(refused('x\n'.repeat(12), 'x', 'y')).toMatch(/ \(lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and more\)$/);
  });

  it('is a text that occurs once without overlap and yet in two places', () => {
    expect(refused('}\n}\n}\n', '}\n}\n', '}\n')).toMatch(/occurs 2 times .* \(lines 1, 2\)$/);
  });

  it('is a text that is not there', () => {
    expect(refused('abc', 'abd', 'x')).toMatch(/^Error: old_string not found in a\.txt; it must match/);
    expect(refused('abc', 'abd', 'x', true)).toMatch(/^Error: old_string not found/);
  });

  it('is a text copied with its line numbers, and the message says so', () => {
    expect(refused('abc', '     1\tabc', 'x')).toMatch(/leave out the line numbers/);
    expect(refused('a\n\nb\n', '    1\ta\n    2\t\n    3\tb', 'x')).toMatch(/leave out the line numbers/);
  });

  it('is an edit that changes nothing, and an empty old_string', () => {
    expect(refused('abc', 'abc', 'abc')).toMatch(/^Error: old_string and new_string are identical/);
    expect(refused('abc', '', 'x')).toMatch(/^Error: old_string is empty/);
    expect(refused('', '', 'x')).toMatch(/^Error: old_string is empty/);
  });

  // Found by `npm run fuzz`: the half was found inside a whole one, which became U+FFFD on both sides.
  it('is half of a character, which would be found in a whole one', () => {
    expect(refused('a\u{1f600}b\n', '\ud83d', 'x')).toContain('half of a character');
    expect(refused('a\u{1f600}b\n', '\ude00b', 'x')).toContain('half of a character');
  });

  it('is a binary or missing file', () => {
    const harness = new Harness({ 'a.bin': 'a\0b' });
    const args = { old_string: 'a', new_string: 'b' };
    expect(harness.error('edit', { path: 'a.bin', ...args })).toMatch(/^Error: binary file \(3 bytes\)/);
    expect(harness.error('edit', { path: 'b.txt', ...args })).toMatch(/^Error: .*does not exist/);
  });

  it('is a directory', () => {
    const harness = new Harness({ 'src/a.ts': 'a' });
    const message = harness.error('edit', { path: 'src', old_string: 'a', new_string: 'b' });
    expect(message).toMatch(/^Error: .*"src" is a directory/);
  });

  it('is a text that only differs in case, and the message says where', () => {
    expect(refused('one\nTwo three\n', 'two Three', 'x')).toMatch(
      /line 2 has it in other upper and lower case/,
    );
  });

  it('is any text in an empty file', () => {
    expect(refused('', 'a', 'b')).toMatch(/a\.txt is empty; write the whole file/);
  });

  it('is what would change nothing in the end', () => {
    expect(refused('a\r\nb\r\n', 'a\nb', 'a\r\nb')).toMatch(/nothing would change/);
  });

  it('is more than 100,000 places at once', () => {
    expect(edited('a'.repeat(100_000), 'a', 'b', true)).toBe('b'.repeat(100_000));
    expect(refused('a'.repeat(100_001), 'a', 'b', true)).toMatch(
      /^Error: old_string occurs 100001 times, more/,
    );
  });

  it('is a result that would be huge, before it is built', () => {
    const message = refused('a'.repeat(50_000), 'a', 'b'.repeat(50_000), true);
    expect(message).toBe('Error: the file would grow to more than 33554432 characters');
  });
});

describe('a text that is not there', () => {
  it('is answered with the nearest lines by what they share, numbered, and where they differ', () => {
    const file = 'zero\nfunction one() {\n  first();\n  second();\n}\nzero\n';
    expect(refused(file, 'function one() {\n  first();\n  third();\n}', 'x')).toBe(
      [
        'Error: old_string not found in a.txt; it must match the file, with blanks and line breaks. Read the file and copy the text from it',
        'The nearest text, which is not a match, is lines 2-5; the first difference is in line 4:',
        '     2\tfunction one() {',
        '     3\t  first();',
        '     4\t  second();',
        '     5\t}',
      ].join('\n'),
    );
  });

  it('is answered with the line that shares most of its words', () => {
    expect(refused('a\nconst total = price * count;\nb\n', 'let total = price * counts;', 'x')).toMatch(
      /is line 2; the first difference is in line 2:\n     2\tconst total = price \* count;$/,
    );
  });

  it('is answered without any where nothing is near, or where lines are too common to tell a place', () => {
    expect(refused('one\ntwo\n', 'three four', 'x')).not.toContain('nearest');
    expect(refused('same line\n'.repeat(30), 'same line\nother text', 'x')).not.toContain('nearest');
  });
});

describe('replace_all', () => {
  it('changes every occurrence, from left to right without overlap', () => {
    expect(edited('x x x', 'x', 'y', true)).toBe('y y y');
    expect(edited('aaa', 'aa', 'b', true)).toBe('ba');
  });

  it('is content with one occurrence', () => {
    expect(edited('one', 'one', 'two', true)).toBe('two');
  });
});

describe('line endings and BOM', () => {
  it('of a CRLF file survive an edit written with LF', () => {
    expect(edited('a\r\nb\r\nc\r\n', 'a\nb', 'x\ny\nz')).toBe('x\r\ny\r\nz\r\nc\r\n');
    expect(edited('a\r\nb\r\n', 'b\n', '')).toBe('a\r\n');
    expect(edited('a\r\nb\r\n', '\nb', '\nx')).toBe('a\r\nx\r\n');
    expect(edited('a\r\nb\r\n', '\nb', '')).toBe('a\r\n');
  });

  it('of a CRLF file are used for new lines within one old line', () => {
    expect(edited('a\r\nb\r\n', 'b', 'b1\nb2')).toBe('a\r\nb1\r\nb2\r\n');
    expect(edited('a\r\nb', 'b', 'b1\nb2')).toBe('a\r\nb1\r\nb2');
  });

  it('are taken as written where old_string has CRLF itself', () => {
    expect(edited('a\r\nb\r\n', 'a\r\nb', 'a\nb')).toBe('a\nb\r\n');
  });

  it('of a mixed file stay mixed, each place in its own way', () => {
    expect(edited('a\r\nb\na\nb\r\n', 'b', 'x\ny', true)).toBe('a\r\nx\ny\na\nx\r\ny\r\n');
  });

  it('do not make a text unique: both spellings count', () => {
    expect(refused('a\r\nb\r\n-\na\nb\n', 'a\nb', 'x')).toMatch(/^Error: old_string occurs 2 times/);
  });

  it('of an LF file stay LF', () => {
    expect(edited('a\nb\n', 'a\nb', 'x\ny\nz')).toBe('x\ny\nz\n');
  });

  it('leave the BOM where it is', () => {
    expect(edited('\ufeffa\r\nb', 'a\nb', 'x')).toBe('\ufeffx');
  });

  it('make no difference to the result, only to its bytes', () => {
    const piece = fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 12 });
    fc.assert(
      fc.property(
        piece,
        fc.string({ unit: fc.constantFrom('a', 'b', '\n'), minLength: 1, maxLength: 4 }),
        piece,
        (file, old, text) => {
          fc.pre(old !== text);
          const lf = new Harness({ f: file });
          const crlf = new Harness({ f: file.replaceAll('\n', '\r\n') });
          const args = { path: 'f', old_string: old, new_string: text, replace_all: true };
          expect(crlf.result('edit', args).isError).toBe(lf.result('edit', args).isError);
          // Without any line ending in the file there is none to keep.
          fc.pre(file.includes('\n'));
          expect(crlf.workspace.readText('f')).toBe(lf.workspace.readText('f').replaceAll('\n', '\r\n'));
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('the confirmation', () => {
  const file = Array.from({ length: 30 }, (_, i) => `line ${i + 1}`).join('\n');

  function confirmation(old_string: string, new_string: string, replace_all = false, text = file): string {
    return new Harness({ 'a.txt': text }).ok('edit', { path: 'a.txt', old_string, new_string, replace_all });
  }

  it('shows the changed lines whole, with their numbers', () => {
    expect(confirmation('ne 12', 'nie 12')).toBe('Edited a.txt:\n@@ -12 +12 @@\n-line 12\n+linie 12');
    expect(confirmation('line 1\n', 'first\n')).toBe('Edited a.txt:\n@@ -1 +1 @@\n-line 1\n+first');
  });

  it('shows added and removed lines as git counts them', () => {
    expect(confirmation('line 5\n', 'line 5\nnew\n')).toBe('Edited a.txt:\n@@ -5,0 +6 @@\n+new');
    expect(confirmation('line 5\nline 6\n', '')).toBe('Edited a.txt:\n@@ -5,2 +4,0 @@\n-line 5\n-line 6');
  });

  it('shows the first three of many places, with the numbers that lines have afterwards', () => {
    expect(confirmation('line 1', 'a\nb', true)).toBe(
      [
        'Edited a.txt in 11 places:',
        '@@ -1 +1,2 @@',
        '-line 1',
        '+a',
        '+b',
        '@@ -10 +11,2 @@',
        '-line 10',
        '+a',
        '+b0',
        '@@ -11 +13,2 @@',
        '-line 11',
        '+a',
        '+b1',
        '... and 8 more',
      ].join('\n'),
    );
    expect(confirmation('0', '', true, '0\n-\n0\n-\n0\n-\n0\n')).toMatch(/\n\.\.\. and 1 more$/);
  });

  it('says what was left out of account to find the text', () => {
    expect(confirmation('one\ntwo', 'one\n2', false, 'one \ntwo\n')).toBe(
      "Edited a.txt:\n@@ -2 +2 @@\n-two\n+2\n[old_string matched only without regard to blanks at the ends of lines; the file's own were kept.]",
    );
  });

  it('merges several places on one line', () => {
    expect(confirmation('a', 'b', true, 'a a a')).toBe(
      'Edited a.txt in 3 places:\n@@ -1 +1 @@\n-a a a\n+b b b',
    );
  });

  it('is short after a large change', () => {
    const text = confirmation('x', 'y'.repeat(50_000), false, 'x');
    expect(text).toBe('Edited a.txt:\n@@ from line 1 @@ (1 characters became 50000)');
    expect(confirmation('x', 'y\n'.repeat(50), false, 'x')).toContain('\n+... 31 more lines');
  });
});
