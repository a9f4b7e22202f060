import { describe, expect, it } from 'vitest';
import { Harness } from './harness.ts';

const numbered = (count: number): string =>
  Array.from({ length: count }, (_, i) => `line ${i + 1}`).join('\n');

describe('a text file', () => {
  it('is numbered like cat -n, from 1', () => {
    const { ok } = reader({ 'a.txt': 'one\ntwo\n\nfour\n' });
    expect(ok({ path: 'a.txt' })).toBe('     1\tone\n     2\ttwo\n     3\t\n     4\tfour');
  });

  it('reads the same with and without a final newline', () => {
    const { ok } = reader({ 'a.txt': 'one\ntwo', 'b.txt': 'one\ntwo\n' });
    expect(ok({ path: 'a.txt' })).toBe(ok({ path: 'b.txt' }));
  });

  it('shows CRLF lines without \\r and leaves the bytes alone', () => {
    const { ok, harness } = reader({ 'a.txt': 'one\r\ntwo\r\n' });
    expect(ok({ path: 'a.txt' })).toBe('     1\tone\n     2\ttwo');
    expect(harness.workspace.readText('a.txt')).toBe('one\r\ntwo\r\n');
  });

  it('shows no BOM', () => {
    const { ok } = reader({ 'a.txt': '\ufeffone' });
    expect(ok({ path: 'a.txt' })).toBe('     1\tone');
  });

  it.each(['/lib/a.txt', './lib/a.txt', 'lib//a.txt'])('is found as %s', (path) => {
    expect(reader({ 'lib/a.txt': 'one' }).ok({ path })).toBe('     1\tone');
  });
});

describe('paging', () => {
  it('skips `offset` lines and keeps the real numbers', () => {
    const { ok } = reader({ 'a.txt': numbered(101) });
    expect(ok({ path: 'a.txt', offset: 100 })).toBe('   101\tline 101');
  });

  it('stops after `limit` lines and says where to read on', () => {
    const { ok } = reader({ 'a.txt': numbered(5) });
    expect(ok({ path: 'a.txt', offset: 1, limit: 2 })).toBe(
      '     2\tline 2\n     3\tline 3\n\n[Lines 2-3 of 5 shown; read on with offset=3.]',
    );
  });

  it('adds no note when the last line is shown', () => {
    const { ok } = reader({ 'a.txt': 'a\nb\nc\n' });
    expect(ok({ path: 'a.txt', limit: 3 })).toBe('     1\ta\n     2\tb\n     3\tc');
  });

  it('says that an offset is past the end', () => {
    const { ok } = reader({ 'a.txt': 'a\nb\n' });
    expect(ok({ path: 'a.txt', offset: 2 })).toBe('(offset 2 is past the end: a.txt has 2 lines)');
    expect(ok({ path: 'a.txt', offset: 1 })).toBe('     2\tb');
  });

  it('says that a file is empty', () => {
    const { ok } = reader({ 'a.txt': '', 'bom.txt': '\ufeff' });
    expect(ok({ path: 'a.txt' })).toBe('(a.txt is empty)');
    expect(ok({ path: 'bom.txt' })).toBe('(bom.txt is empty)');
  });

  it('shows 2,000 lines whole and 2,001 with a note', () => {
    const { ok } = reader({ 'fits.txt': numbered(2000), 'over.txt': numbered(2001) });
    expect(ok({ path: 'fits.txt' }).split('\n').at(-1)).toBe('  2000\tline 2000');
    expect(ok({ path: 'over.txt' }).split('\n').slice(-3)).toEqual([
      '  2000\tline 2000',
      '',
      '[Lines 1-2000 of 2001 shown; read on with offset=2000.]',
    ]);
  });

  it('does not go beyond 2,000 lines when asked for more', () => {
    const { ok } = reader({ 'a.txt': numbered(2500) });
    expect(ok({ path: 'a.txt', limit: 2500 })).toContain('[Lines 1-2000 of 2500 shown');
  });
});

describe('long content', () => {
  it('shows a line of 2,000 characters whole and cuts one of 2,001', () => {
    const { ok } = reader({ 'a.txt': `${'x'.repeat(2000)}\n${'y'.repeat(2001)}` });
    expect(ok({ path: 'a.txt' })).toBe(
      `     1\t${'x'.repeat(2000)}\n     2\t${'y'.repeat(2000)}… [line cut: 2001 characters]`,
    );
  });

  it('never cuts a line inside a code point', () => {
    const { ok } = reader({ 'a.txt': `${'x'.repeat(1999)}😀!` });
    expect(ok({ path: 'a.txt' })).toContain(`\t${'x'.repeat(1999)}… [line cut`);
  });

  // A line of 1,017 characters is 1,024 bytes of output with its number, tab and newline.
  const kilobyteLine = 'k'.repeat(1024 - 8);

  it('shows 51,200 bytes whole', () => {
    const lines = Array.from({ length: 50 }, () => kilobyteLine);
    const { ok } = reader({ 'a.txt': `${lines.join('\n')}k` });
    const shown = ok({ path: 'a.txt' });
    expect(Buffer.byteLength(shown)).toBe(51_200);
    expect(shown).not.toContain('[Lines');
  });

  it('keeps whole lines of 51,201 bytes, and the note leads on to the very next one', () => {
    const lines = Array.from({ length: 50 }, () => kilobyteLine);
    const { ok } = reader({ 'a.txt': `${lines.join('\n')}kk` });
    expect(ok({ path: 'a.txt' })).toMatch(/\n\n\[Lines 1-49 of 50 shown; read on with offset=49\.\]$/);
    expect(ok({ path: 'a.txt', offset: 49 })).toBe(`    50\t${kilobyteLine}kk`);
  });

  it('counts bytes, not characters', () => {
    const { ok } = reader({ 'a.txt': Array.from({ length: 100 }, () => '€'.repeat(500)).join('\n') });
    // 33 lines of 1,508 bytes fit into 51,200, a 34th does not.
    expect(ok({ path: 'a.txt' })).toMatch(/\n\n\[Lines 1-33 of 100 shown; read on with offset=33\.\]$/);
  });

  it('can be read to its end by following the notes', () => {
    const text = Array.from({ length: 3000 }, (_, i) => `${i} ${'ü😀'.repeat(i % 40)}`).join('\n');
    const { ok } = reader({ 'a.txt': text });
    const lines: string[] = [];
    for (let offset: number | undefined = 0; offset !== undefined;) {
      const shown = ok({ path: 'a.txt', offset });
      const [body = '', note = ''] = shown.split('\n\n[');
      lines.push(...body.split('\n').map((line) => line.slice(7)));
      const next = /offset=(\d+)/.exec(note);
      offset = next ? Number(next[1]) : undefined;
    }
    expect(lines.join('\n')).toBe(text);
  });
});

describe('what cannot be read', () => {
  it('is an error with the size for a binary file', () => {
    const { error } = reader({ 'nul.bin': 'a\0b', 'bad.bin': new Uint8Array([0x61, 0xff, 0xfe, 0x62]) });
    expect(error({ path: 'nul.bin' })).toBe('Error: binary file (3 bytes): nul.bin is not UTF-8 text');
    expect(error({ path: 'bad.bin' })).toBe('Error: binary file (4 bytes): bad.bin is not UTF-8 text');
  });

  it('is an error for a missing file, a directory and a path that leaves the workspace', () => {
    const { error } = reader({ 'lib/a.txt': 'x' });
    expect(error({ path: 'b.txt' })).toMatch(/^Error: .*does not exist/);
    expect(error({ path: 'lib' })).toMatch(/^Error: .*is a directory/);
    expect(error({ path: '../etc/passwd' })).toMatch(/^Error: .*\.\./);
  });
});

describe('what a file is that is not text', () => {
  const bytes = (text: string, size = text.length): Uint8Array => {
    const all = new Uint8Array(size);
    all.set(Buffer.from(text, 'latin1'));
    return all;
  };
  const png = '\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0';
  const jpeg = '\xff\xd8\xff\xe0\0\x04xx\xff\xc0\0\x11\x08\x01\xe0\x02\x80\x03';

  it.each([
    ['a PNG image, 640x480, not text', bytes(png, 100)],
    ['a damaged PNG image, not text', bytes(png.slice(0, 12))],
    ['a JPEG image, 640x480, not text', bytes(jpeg, 100)],
    ['a GIF image, 3x2, not text', bytes('GIF89a\x03\0\x02\0', 20)],
    ['a WebP image, 640x480, not text', bytes('RIFF....WEBPVP8X........\x7f\x02\0\xdf\x01\0', 40)],
    ['a PDF document, not text', '%PDF-1.7\nvalid UTF-8\n'],
    ['a ZIP archive (also .jar, .docx, .xlsx), not text', bytes('PK\x03\x04', 40)],
    ['a gzip archive, not text', bytes('\x1f\x8b\x08\0', 40)],
    ['an ELF executable or library, not text', bytes('\x7fELF', 40)],
    ['an SQLite database, not text', bytes('SQLite format 3\0', 40)],
    ['text in UTF-16 LE, not in UTF-8', Buffer.from('\ufeffhallo', 'utf16le')],
    ['text in UTF-16 BE, not in UTF-8', Buffer.from('\ufeffhallo', 'utf16le').swap16()],
    ['not UTF-8 text; it looks like UTF-16 LE', Buffer.from('hello there', 'utf16le')],
    [
      'not UTF-8 text; it looks like Latin-1 (ISO 8859-1) or Windows-1252',
      bytes('Gr\xfc\xdfe aus Z\xfcrich'),
    ],
    ['not UTF-8 text; it looks like Windows-1252', bytes('it\x92s \x93quoted\x94 text here')],
    ['not UTF-8 text; it looks like Shift_JIS', bytes('\x82\xb1\x82\xf1\x82\xc9\x82\xbf\x82\xcd')],
    ['not UTF-8 text', bytes('\x01\x02\xff\xfe\x80')],
  ])('is told: %s', (kind, content) => {
    const size = typeof content === 'string' ? content.length : content.length;
    expect(reader({ f: content }).error({ path: 'f' })).toBe(
      `Error: binary file (${size} bytes): f is ${kind}`,
    );
  });

  it('is not guessed of text that only looks strange', () => {
    expect(reader({ f: 'MZ and %PDF-, 文字' }).ok({ path: 'f' })).toContain('MZ and');
    expect(reader({ f: 'ID3' }).ok({ path: 'f' })).toContain('ID3');
  });
});

describe('a path that is not there', () => {
  const { error } = reader({
    'src/tools/search.ts': 'x',
    'test/tools/search.ts': 'x',
    'src/tools/list.ts': 'x',
    'README.md': 'x',
  });

  it('is answered with the files that may have been meant', () => {
    expect(error({ path: 'src/search.ts' })).toMatch(
      /does not exist\. Did you mean src\/tools\/search\.ts or test\/tools\/search\.ts\?$/,
    );
    expect(error({ path: 'test/search.ts' })).toMatch(/Did you mean test\/tools\/search\.ts or src/);
    expect(error({ path: 'src/tools/lists.ts' })).toMatch(/Did you mean src\/tools\/list\.ts\?$/);
    expect(error({ path: 'readme.md' })).toMatch(/Did you mean README\.md\?$/);
    expect(error({ path: 'src/tools/unlike-anything.py' })).toMatch(/does not exist\.$/);
  });

  it('is a directory, and its names are told', () => {
    expect(error({ path: 'src' })).toBe('Error: "src" is a directory; name a file in it. It holds tools/.');
    expect(error({ path: 'src/tools/' })).toMatch(/It holds list\.ts, search\.ts\.$/);
    const many = reader(Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`d/${i + 10}`, ''])));
    expect(many.error({ path: 'd' })).toMatch(/It holds 10, 11, .*, 29 and 10 more\.$/);
  });
});

describe('a line that is cut', () => {
  it('can be read to its end by `column`', () => {
    const line = Array.from({ length: 1_000 }, (_, i) => `${i}😀`).join('');
    const { ok } = reader({ 'a.txt': `${line}\nshort\n` });
    let text = '';
    for (let column = 0; column < line.length; column = text.length) {
      const [shown = ''] = ok({ path: 'a.txt', limit: 1, column }).split('\n');
      text += shown
        .slice(7)
        .replace(/^…/, '')
        .replace(/… \[line cut: \d+ characters\]$/, '');
    }
    expect(text).toBe(line);
    expect(ok({ path: 'a.txt', offset: 1, column: 2 })).toBe('     2\t…ort');
    expect(ok({ path: 'a.txt', offset: 1, column: 99 })).toBe('     2\t…');
  });

  it('may be 4 MB long', () => {
    const { ok } = reader({ 'a.txt': 'z'.repeat(4 * 1024 * 1024) });
    expect(ok({ path: 'a.txt' })).toBe(`     1\t${'z'.repeat(2000)}… [line cut: 4194304 characters]`);
    expect(ok({ path: 'a.txt', column: 4_194_303 })).toBe('     1\t…z');
  });
});

function reader(files: Readonly<Record<string, string | Uint8Array>>): {
  readonly harness: Harness;
  readonly ok: (args: Readonly<Record<string, unknown>>) => string;
  readonly error: (args: Readonly<Record<string, unknown>>) => string;
} {
  const harness = new Harness(files);
  return {
    harness,
    ok: (args) => harness.ok('read', args),
    error: (args) => harness.error('read', args),
  };
}
