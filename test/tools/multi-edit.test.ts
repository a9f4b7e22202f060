import { describe, expect, it } from 'vitest';
import { Harness } from './harness.ts';

const FILE = 'one\ntwo\nthree\nfour\n';

type Edit = readonly [oldText: string, newText: string, replaceAll?: boolean];

function call(edits: readonly Edit[], file = FILE): { harness: Harness; args: Record<string, unknown> } {
  const harness = new Harness({ 'a.txt': file }, [], ['code']);
  const args = {
    path: 'a.txt',
    edits: edits.map(([old_string, new_string, replace_all = false]) => ({
      old_string,
      new_string,
      replace_all,
    })),
  };
  return { harness, args };
}

function edited(edits: readonly Edit[], file = FILE): string {
  const { harness, args } = call(edits, file);
  harness.ok('multi_edit', args);
  return harness.workspace.readText('a.txt');
}

function refused(edits: readonly Edit[], file = FILE): string {
  const { harness, args } = call(edits, file);
  const message = harness.error('multi_edit', args);
  expect(harness.workspace.readText('a.txt')).toBe(file);
  return message;
}

describe('several edits of one file', () => {
  it('are all made, whatever their order', () => {
    expect(
      edited([
        ['four', '4'],
        ['one\n', ''],
        ['three', '3\n3'],
      ]),
    ).toBe('two\n3\n3\n4\n');
  });

  it('see the file as it was, not what others make of it', () => {
    expect(
      edited([
        ['one', 'two'],
        ['two', 'one'],
      ]),
    ).toBe('two\none\nthree\nfour\n');
  });

  it('may touch, and may be made in many places', () => {
    expect(
      edited([
        ['one\n', '1\n'],
        ['two\n', '2\n'],
        ['ee', 'EE', true],
      ]),
    ).toBe('1\n2\nthrEE\nfour\n');
  });

  it('are each told, with the level at which they were found', () => {
    const { harness, args } = call(
      [
        ['one', '1'],
        ['"two"', '"2"'],
        ['  three three\n', '  3\n'],
        ['four', '4'],
      ],
      'one\n“two”\nthree three\nfour\n',
    );
    expect(harness.ok('multi_edit', args)).toBe(
      [
        'Edited a.txt in 4 places:',
        '@@ -1 +1 @@',
        '-one',
        '+1',
        '@@ -2 +2 @@',
        '-“two”',
        '+“2”',
        '@@ -3,2 +3,2 @@',
        '-three three',
        '-four',
        '+3',
        '+4',
        "[edit 2 matched only without regard to line endings and the kind of quotes, dashes and spaces; the file's own were kept.]",
        "[edit 3 matched only without regard to the depth of indentation; the file's own were kept.]",
      ].join('\n'),
    );
  });
});

describe('what is refused, and changes nothing', () => {
  it('is every edit of a call with one that cannot be made, each with its number and reason', () => {
    expect(
      refused([
        ['one', '1'],
        ['five', '5'],
        ['o', '0'],
        ['two', 'two'],
        ['', 'x'],
      ]),
    ).toBe(
      [
        'Error: none of the 5 edits was made.',
        'edit 2: old_string not found in a.txt; it must match the file, with blanks and line breaks. Read the file and copy the text from it',
        'edit 3: old_string occurs 3 times - provide more context or pass replace_all=true (lines 1, 2, 4)',
        'edit 4: old_string and new_string are identical; nothing would change',
        'edit 5: old_string is empty; give the text to replace, or write the whole file',
      ].join('\n'),
    );
  });

  it('is an overlap, with the numbers of both edits', () => {
    const message = refused([
      ['three\nfour', 'x'],
      ['one', '1'],
      ['two\nthree', 'y'],
    ]);
    expect(message).toBe(
      'Error: none of the 3 edits was made.\nedit 3: overlaps edit 1 at line 3; make the two one edit',
    );
    expect(
      refused([
        ['one', '1'],
        ['one', '1'],
      ]),
    ).toMatch(/edit 2: overlaps edit 1 at line 1/);
    expect(
      refused([
        ['o', '0', true],
        ['four', '4'],
      ]),
    ).toMatch(/edit 2: overlaps edit 1 at line 4/);
  });

  it('is an edit of what another one makes, and the message says so', () => {
    expect(
      refused([
        ['one', 'first'],
        ['first', '1'],
      ]),
    ).toMatch(/edit 2: .*each edit of one call sees the file as it was/);
  });

  it('is no edit, or more than 1,000', () => {
    expect(refused([])).toMatch(/edits/);
    const many = Array.from({ length: 1_001 }, (_, i): Edit => [`${i}`, 'x']);
    expect(refused(many)).toMatch(/1001 edits are more than the 1000 of one call/);
  });

  it('is told of the first ten problems, and how many more there are', () => {
    const message = refused(Array.from({ length: 25 }, (_, i): Edit => [`no ${i}`, 'x']));
    expect(message.match(/^edit \d+:/gm)).toHaveLength(10);
    expect(message).toMatch(/\n\.\.\. and 15 more problems$/);
  });
});
