import { describe, expect, it } from 'vitest';
import { Harness } from './harness.ts';

type Files = Readonly<Record<string, string | Uint8Array>>;

const wrap = (...lines: string[]): string => ['*** Begin Patch', ...lines, '*** End Patch'].join('\n');
const update = (path: string, ...lines: string[]): string => wrap(`*** Update File: ${path}`, ...lines);

function harnessOf(files: Files, quota = {}): Harness {
  return new Harness(files, [], ['apply_patch', 'apply_patch_atomic'], quota);
}

function treeOf({ workspace }: Harness): Record<string, string> {
  const paths = workspace.list().sort();
  return Object.fromEntries(paths.map((path) => [path, workspace.readText(path)]));
}

/** The files after a patch that must succeed. */
function applied(files: Files, patch: string): Record<string, string> {
  const harness = harnessOf(files);
  harness.ok('apply_patch', { patch });
  return treeOf(harness);
}

/** The failure of a patch that must not change anything. */
function refused(files: Files, patch: string): string {
  const harness = harnessOf(files);
  const before = treeOf(harness);
  const error = harness.error('apply_patch', { patch });
  expect(treeOf(harness)).toEqual(before);
  expect(error.length).toBeLessThan(2_000);
  return error;
}

describe('what apply_patch takes', () => {
  const patch = update('a', '@@', '-x', '+y');

  it.each([
    ['a heredoc', `<<'EOF'\n${patch}\nEOF`],
    ['a heredoc of the command', `apply_patch <<"PATCH"\n${patch}\nPATCH\n`],
    ['a code fence', `\`\`\`diff\n${patch}\n\`\`\``],
    ['a heredoc in a code fence', `\n\`\`\`\napply_patch <<EOF\n${patch}\nEOF\n\`\`\`\n`],
    ['CRLF line breaks', patch.replaceAll('\n', '\r\n')],
    ['blank lines around it', `\n\n${patch}\n\n`],
  ])('%s', (_, text) => {
    expect(applied({ a: 'x\n' }, text)).toEqual({ a: 'y\n' });
  });

  it('a chunk without a marker, when it is the first', () => {
    expect(applied({ a: '1\nx\n2\n' }, update('a', ' 1', '-x', '+y', '@@', '-2', '+3'))).toEqual({
      a: '1\ny\n3\n',
    });
  });

  it('several headings, one in the other', () => {
    const file = 'class A\n  f()\n    x\nclass B\n  f()\n    x\n';
    expect(applied({ a: file }, update('a', '@@ class B', '@@   f()', '-    x', '+    y'))).toEqual({
      a: 'class A\n  f()\n    x\nclass B\n  f()\n    y\n',
    });
  });

  it('an absolute path, which is one of the workspace', () => {
    expect(applied({ 'lib/a': 'x\n' }, update('/lib/a', '@@', '-x', '+y'))).toEqual({ 'lib/a': 'y\n' });
  });

  it('several operations on one file, one after the other', () => {
    const patch = wrap(
      '*** Add File: a',
      '+x',
      '*** Update File: a',
      '@@',
      '-x',
      '+y',
      '*** Update File: a',
      '*** Move to: b',
      '@@',
      '-y',
      '+z',
    );
    expect(applied({}, patch)).toEqual({ b: 'z\n' });
  });

  it('a move to where the file is, as a change of it', () => {
    expect(applied({ a: 'x\n' }, update('a', '*** Move to: ./a', '@@', '-x', '+y'))).toEqual({ a: 'y\n' });
  });
});

describe('what apply_patch leaves as it is', () => {
  it.each<[string, string, string[], string]>([
    ['a BOM', '\ufeffx\ny\n', ['-x', '+z'], '\ufeffz\ny\n'],
    ['CRLF', 'x\r\ny\r\n', ['-x', '+z', '+zz', ' y'], 'z\r\nzz\r\ny\r\n'],
    ['mixed endings', 'a\nx\r\ny\nb\r\n', [' a', '-x', '+z', ' y'], 'a\nz\r\ny\nb\r\n'],
    ['a last line without an end', 'x\ny', ['-x', '+z', ' y'], 'z\ny'],
    ['a CR inside of a line', 'x\ry\nz\n', ['-z', '+Z'], 'x\ry\nZ\n'],
    ['trailing blanks of unchanged lines', 'a  \nx\n', [' a', '-x', '+z'], 'a  \nz\n'],
    ['quotes of unchanged lines', '\u201ca\u201d\nx\n', [' "a"', '-x', '+z'], '\u201ca\u201d\nz\n'],
  ])('%s', (_, before, lines, after) => {
    expect(applied({ a: before }, update('a', '@@', ...lines))).toEqual({ a: after });
  });

  it('ends the last line when something comes after it', () => {
    expect(applied({ a: 'x' }, update('a', '@@', '+y'))).toEqual({ a: 'x\ny\n' });
    expect(applied({ a: 'w\r\nx' }, update('a', '@@', ' x', '+y'))).toEqual({ a: 'w\r\nx\r\ny\r\n' });
  });
});

describe('lines that are not quite the same', () => {
  it('are found where they are unique, and the added ones get their indentation', () => {
    const harness = harnessOf({ a: 'if\n    x\n    y\n' });
    const answer = harness.ok('apply_patch', { patch: update('a', '@@', ' x', '-y', '+z', '+  w') });
    expect(treeOf(harness)).toEqual({ a: 'if\n    x\n    z\n      w\n' });
    expect(answer).toBe(
      'Success. Updated the following files:\nM a (+2 -1)\na: chunk 1 of 1 (patch line 3) was found at line 2, ignoring indentation',
    );
  });

  it('lose indentation too', () => {
    expect(applied({ a: '  x\n' }, update('a', '@@', '-    x', '+    y', '+      z'))).toEqual({
      a: '  y\n    z\n',
    });
  });

  it('have tabs for blanks', () => {
    expect(applied({ a: '\tx\n' }, update('a', '@@', '-    x', '+    y', '+        z'))).toEqual({
      a: '\ty\n\t\tz\n',
    });
  });

  it('have their sign forgotten: what is added is as it is written', () => {
    expect(applied({ a: 'f\n    x\n' }, update('a', '@@', '    x', '+    y'))).toEqual({
      a: 'f\n    x\n    y\n',
    });
  });

  it.each<[string, string, string[], RegExp]>([
    [
      'stand in two places',
      '  x\n  x\n',
      ['-x', '+y'],
      /ignoring indentation, its lines stand at line 1 and at line 2/,
    ],
    [
      'stand in two places, but for blanks at the end',
      'x \nx \n',
      ['-x', '+y'],
      /ignoring trailing blanks, its lines stand at line 1 and/,
    ],
    ['are shifted unevenly', '  x\n    y\n', ['-x', '-y', '+z'], /not shifted evenly.*\n +1\t {2}x\n/],
    ['are followed by one that is indented too little', '  x\n', ['-    x', '+ y'], /not shifted evenly/],
    [
      'stand in two places after a heading that does',
      '  h\nx\n  h\nx\n',
      ['@@ h', '-x', '+y'],
      /after a heading that is not exact, its lines stand at line 2 and at line 4/,
    ],
  ])('are refused when they %s', (_, file, lines, why) => {
    expect(
      refused({ a: file }, update('a', ...(lines[0]!.startsWith('@@') ? [] : ['@@']), ...lines)),
    ).toMatch(why);
  });

  it('are taken at the first place when they are exact, which is told', () => {
    const harness = harnessOf({ a: 'x\ny\nx\n' });
    expect(harness.ok('apply_patch', { patch: update('a', '@@', '-x', '+z') })).toContain(
      'changed line 1, the first of several places with these lines; the next is line 3',
    );
    expect(treeOf(harness)).toEqual({ a: 'z\ny\nx\n' });
  });

  it('are only at the end when the patch says so', () => {
    expect(applied({ a: 'x\ny\nx\n' }, update('a', '@@', '-x', '+z', '*** End of File'))).toEqual({
      a: 'x\ny\nz\n',
    });
    expect(refused({ a: 'x\ny\n' }, update('a', '@@', '-x', '+z', '*** End of File'))).toContain(
      'not at the end of the file',
    );
  });
});

describe('a patch that cannot be read', () => {
  it.each<[string, string, string]>([
    ['is empty', ' \n', 'the patch is empty'],
    ['has no operation', wrap(), 'the patch is empty: between the markers comes "*** Add File: PATH"'],
    [
      'has no begin',
      '*** Update File: a\n@@\n-x\n+y\n*** End Patch',
      'patch line 1: the first line must be "*** Begin Patch", not "*** Update File: a"',
    ],
    [
      'is a unified diff',
      '--- a/a\n+++ b/a\n@@ -1 +1 @@\n-x\n+y\n',
      'a unified diff is for the tool "patch"',
    ],
    [
      'has no end',
      '*** Begin Patch\n*** Update File: a\n@@\n-x\n+y',
      'patch line 5: the last line must be "*** End Patch", not "+y"; a patch that is cut off is not applied',
    ],
    ['is only its begin', '*** Begin Patch', 'the last line must be "*** End Patch"'],
    [
      'has an unknown header',
      wrap('*** Rename File: a'),
      'patch line 2: "*** Rename File: a" is no header of a file: expected "*** Add File: PATH"',
    ],
    ['names no file', wrap('*** Add File:  ', '+x'), 'patch line 2: "*** Add File:  " is no header'],
    ['adds a line to no file', wrap('+x'), 'a line with + belongs under a header'],
    ['has an empty update', update('a'), 'patch line 2: the update of "a" is empty'],
    ['has an empty move', update('a', '*** Move to: b'), 'the update of "a" is empty'],
    [
      'moves to nowhere',
      update('a', '*** Move to:', '@@', '-x'),
      'patch line 3: "*** Move to:" names no path',
    ],
    [
      'has an empty chunk',
      update('a', '@@', '@@', '*** Delete File: a'),
      'patch line 3: chunk 1 of "a" has no lines',
    ],
    ['has only an end of file', update('a', '@@', '*** End of File'), ''],
    [
      'has a line without a sign',
      update('a', '@@', '-x', 'y'),
      'patch line 5: a line in a chunk of "a" starts with " " (unchanged)',
    ],
    [
      'forgets the marker',
      update('a', '@@', '-x', '*** End of File', '+y'),
      'patch line 6: chunk 2 of "a" must start with "@@"',
    ],
    [
      'forgets a + in a new file',
      wrap('*** Add File: b', '+x', '', '+y'),
      'patch line 4: every line of the new file "b" starts with "+"',
    ],
    [
      'goes on after its end',
      `${wrap('*** Delete File: a')}\n${wrap('*** Delete File: a')}`,
      'patch line 3: "*** End Patch" is no header of a file',
    ],
  ])('%s', (_, patch, problem) => {
    expect(refused({ a: 'x\n' }, patch)).toContain(problem);
  });
});

describe('a patch that does not fit', () => {
  const file = Array.from({ length: 30 }, (_, i) => `line ${i + 1}\n`).join('');

  it('is told what is near, with line numbers', () => {
    expect(refused({ a: file }, update('a', '@@', ' line 11', '-line zwölf', '+x', ' line 13'))).toBe(
      'Error: Update File "a" (patch line 2) failed. Nothing was changed.\n' +
        'chunk 1 of 1 (patch line 3): its lines are not in the file. Nearest: line 12 is "line 12" where the patch has "line zwölf".\n' +
        '     8\tline 8\n     9\tline 9\n    10\tline 10\n    11\tline 11\n    12\tline 12\n    13\tline 13\n    14\tline 14',
    );
  });

  it.each<[string, Files, string, string]>([
    [
      'of a missing file',
      {},
      update('a', '@@', '-x'),
      'Update File "a" (patch line 2) failed. Nothing was changed.\n"a" does not exist',
    ],
    ['of a directory', { 'a/b': '' }, update('a', '@@', '-x'), '"a" is a directory'],
    [
      'that adds where a directory is',
      { 'a/b': '' },
      wrap('*** Add File: a', '+x'),
      'Add File "a" (patch line 2) failed. Nothing was changed.\n"a" is a directory',
    ],
    [
      'that adds under a file',
      { a: '' },
      wrap('*** Add File: a/b', '+x'),
      '"a/b" cannot be made, because "a" is a file',
    ],
    [
      'that moves onto a directory',
      { a: 'x\n', 'd/b': '' },
      update('a', '*** Move to: d', '@@', '-x'),
      '"d" is a directory',
    ],
    ['that deletes what is not there', {}, wrap('*** Delete File: a'), '"a" does not exist'],
    [
      'that deletes a directory',
      { 'a/b': '' },
      wrap('*** Delete File: a'),
      '"a" is a directory; name the files in it',
    ],
    ['outside', {}, wrap('*** Add File: ../x', '+x'), 'contains ".."'],
    ['that moves outside', { a: 'x\n' }, update('a', '*** Move to: b/../../c', '@@', '-x'), 'contains ".."'],
    ['of a .git file', {}, wrap('*** Add File: .git/config', '+x'), '.git name'],
    ['of a file with a NUL', { a: 'x\0\n' }, update('a', '@@', '-x'), '"a" is binary'],
    ['of an empty file', { a: '' }, update('a', '@@', '-x'), 'The file is empty.'],
    [
      'with a heading that is nowhere',
      { a: 'x\n' },
      update('a', '@@ f()', '-x'),
      'no line of the file is its heading "f()"',
    ],
    [
      'with headings out of order',
      { a: 'f\nx\ng\ny\n' },
      update('a', '@@ g', '-y', '@@ f', '-x'),
      'its heading "f" is on line 1, but not after line 4',
    ],
    [
      'with chunks out of order',
      { a: file },
      update('a', '@@', '-line 20', '@@', '-line 10'),
      'chunk 2 of 2 (patch line 5): its lines are not after line 20. They stand at line 10: chunks come in the order of the file,',
    ],
    [
      'with chunks that share a line',
      { a: file },
      update('a', '@@', ' line 1', '-line 2', ' line 3', '@@', ' line 3', '-line 4'),
      'They stand at line 3: chunks come in the order of the file, share no lines with the one before',
    ],
    [
      'with a heading that the chunk repeats',
      { a: file },
      update('a', '@@ line 1', ' line 1', '-line 2'),
      'and do not repeat their heading.',
    ],
    [
      'with lines that stand everywhere',
      { a: `${'}\n'.repeat(60)}x\n` },
      update('a', '@@', ' }', '-nothing', ' }'),
      'Those of them that are in it stand in many places. Read the file again: it has 61 lines.',
    ],
    [
      'that only adds after a heading',
      { a: 'f\nx\n' },
      update('a', '@@ f', '+y'),
      'it only adds lines, so its place is not clear',
    ],
    [
      'with lines that are nowhere',
      { a: file },
      update('a', '@@', '-nothing'),
      'None of them is in it; "nothing" is not. Read the file again: it has 30 lines.',
    ],
  ])('%s', (_, files, patch, problem) => {
    expect(refused(files, patch)).toContain(problem);
  });

  it('is told the line that is most like it, when none is the same', () => {
    const error = refused({ a: `${file}call(first, second);\n` }, update('a', '@@', '-call(first, third);'));
    expect(error).toContain('None of them is in it. Most like them is line 31.');
    expect(error).toContain('    31\tcall(first, second);');
  });

  it.each([
    [wrap(`*** Add File: ${'x'.repeat(100_000)}`, 'y')],
    [update('x'.repeat(100_000))],
    [update('x'.repeat(100_000), '@@')],
    [update('x'.repeat(100_000), '@@', '-x', 'y')],
  ])('is told in short, whatever its path is', (patch) => {
    expect(refused({ a: 'x\n' }, patch)).toContain('…');
  });

  it('of a file that is not UTF-8', () => {
    const harness = harnessOf({ a: Buffer.from([0xff, 0x0a]) });
    expect(harness.error('apply_patch', { patch: update('a', '@@', '-x') })).toContain('is not UTF-8');
  });
});

describe('a part that fails', () => {
  const files = { a: 'x\n', b: 'x\n', c: 'x\n' };
  const patch = wrap(
    '*** Update File: a',
    '@@',
    '-x',
    '+y',
    '*** Delete File: c',
    '*** Update File: b',
    '@@',
    '-none',
    '+y',
    '*** Add File: d',
    '+d',
  );

  it('leaves what stands before it applied, and says what is not', () => {
    const harness = harnessOf(files);
    expect(harness.error('apply_patch', { patch })).toContain(
      'Update File "b" (patch line 7) failed. Applied before it and kept: "a", "c". Not applied: "b", "d"; send only these again.',
    );
    expect(treeOf(harness)).toEqual({ a: 'y\n', b: 'x\n' });
  });

  it('leaves nothing applied when all was asked for', () => {
    const harness = harnessOf(files);
    expect(harness.error('apply_patch_atomic', { patch })).toContain(
      '(patch line 7) failed. Nothing was changed.',
    );
    expect(treeOf(harness)).toEqual(files);
  });

  it('is a quota half way: the file before it stays, or nothing', () => {
    const big = wrap(
      '*** Update File: a',
      '@@',
      '-x',
      '+yy',
      '*** Delete File: c',
      '*** Add File: d',
      `+${'d'.repeat(20)}`,
    );
    const some = harnessOf(files, { maxTotalBytes: 12 });
    expect(some.error('apply_patch', { patch: big })).toContain('it may write 12');
    expect(treeOf(some)).toEqual({ a: 'yy\n', b: 'x\n' });

    const all = harnessOf(files, { maxTotalBytes: 12 });
    expect(all.error('apply_patch_atomic', { patch: big })).toMatch(
      /The patch was not applied. Nothing was changed.\n.*it may write 12/,
    );
    expect(treeOf(all)).toEqual(files);
  });
});

describe('a patch that is large', () => {
  it('of 100,000 chunks in a file of 100,000 lines is applied', () => {
    const count = 100_000;
    const file = Array.from({ length: count }, (_, i) => `line ${i}\n`).join('');
    const chunks = Array.from({ length: count }, (_, i) => `@@\n-line ${i}\n+new ${i}`);
    const result = applied({ a: file }, update('a', chunks.join('\n')));
    expect(result['a']).toBe(file.replaceAll('line', 'new'));
  });

  it.each<[string, string, string]>([
    [
      'looks for the same in a file of the same lines',
      '\n'.repeat(2_000_000),
      update('a', '@@\n \n-x\n'.repeat(50_000)),
    ],
    [
      'almost finds its lines everywhere',
      'x\n'.repeat(1_000_000) + 'y\n',
      update('a', ...Array.from({ length: 1_000 }, () => `@@\n${' x\n'.repeat(50)}-y\n+z`)),
    ],
    [
      'is many small updates of one large file',
      `${'long line '.repeat(390_000)}\nx\n`,
      wrap(...Array.from({ length: 40_000 }, () => '*** Update File: a\n@@\n-x\n+x')),
    ],
  ])('and %s ends soon', (_, file, patch) => {
    const harness = harnessOf({ a: file });
    expect(harness.error('apply_patch_atomic', { patch })).toMatch(
      /too much work|not in the file|not after line/,
    );
    expect(harness.workspace.readText('a') === file).toBe(true);
  });
});
