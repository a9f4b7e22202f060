const text = (lines: number, line: (n: number) => string): string =>
  Array.from({ length: lines }, (_, n) => `${line(n)}\n`).join('');

/** The base that the tool fuzzer starts from: all line endings, a BOM, binary, empty, too long in either direction. */
export const BASE_FILES: ReadonlyMap<string, Buffer> = new Map(
  Object.entries({
    'src/x.ts': 'foo\nbar\nfoo bar\n',
    'src/deep/z.ts': '\ufefffoo\r\nbar\r\n',
    'lib/crlf.ts': 'foo\r\nbar\nfoo\r\n\r\nlast',
    'lib/é.ts': 'o\u{1f600}o\n',
    'a/b/c.ts': '',
    'node_modules/m/x.ts': 'foo\n',
    '.hidden/x.ts': 'foo\n',
    'a-b': 'no end of line',
    'big.txt': text(2_500, (n) => `line ${n} of many`),
    'long.txt': `${'long '.repeat(12_000)}\nfoo\n`,
    'many.txt': text(40, (n) => (n % 3 === 0 ? 'foo' : 'ooo')),
  })
    .map(([path, content]): [string, Buffer] => [path, Buffer.from(content)])
    .concat([['bin', Buffer.from([0xff, 0xfe, 0, 0x80, 0x0a])]]),
);
