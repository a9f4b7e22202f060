import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { BaseImage, packImage } from '../../src/workspace/base-image.ts';
import { FilesView } from '../../src/workspace/files-view.ts';
import { fromFiles, normalizeFiles } from '../../src/workspace/from-files.ts';
import type { FilesInput } from '../../src/workspace/from-files.ts';

describe('files as a caller gives them', () => {
  it.each([
    ['an object', { '/lib/a.ts': 'a', 'b.bin': Uint8Array.of(0xff) }],
    [
      'a Map',
      new Map<string, string | Uint8Array>([
        ['./lib/a.ts', 'a'],
        ['b.bin', Uint8Array.of(0xff)],
      ]),
    ],
    [
      'the files of another session',
      new FilesView([fromFiles({ 'lib/a.ts': 'a' })], new Map([['b.bin', Uint8Array.of(0xff)]])),
    ],
  ])('come as %s', (_, files) => {
    const image = fromFiles(files);
    expect(image.paths()).toEqual(['b.bin', 'lib/a.ts']);
    expect([...image.read('b.bin')!]).toEqual([0xff]);
  });

  it('may be none', () => {
    expect(fromFiles({}).paths()).toEqual([]);
    expect(normalizeFiles(undefined)).toEqual([]);
  });

  it('are copied', () => {
    const bytes = Uint8Array.of(1);
    const image = fromFiles({ a: bytes });
    bytes[0] = 2;
    expect([...image.read('a')!]).toEqual([1]);
  });

  it.each<[string, unknown, RegExp]>([
    ['two spellings of one file', { 'lib/a.ts': '', '/lib/a.ts': '' }, /two spellings of one file/],
    ['two normal forms of one name', { 'e\u0301': '', é: '' }, /two spellings of one file/],
    ['a file that is a directory too', { a: '', 'a/b/c': '' }, /"a" is a file and "a\/b\/c" would be in it/],
    ['a path that leaves the root', { '../a': '' }, /contains "\.\."/],
    ['no name', { '': '' }, /root directory/],
    ['a number', { a: 1 }, /must be text or a Uint8Array, got number/],
    ['an array', ['a'], /must be an object or Map .* got an array/],
    ['null', null, /got null/],
    ['a string', 'a.ts', /got string/],
  ])('are refused: %s', (_, files, message) => {
    expect(() => normalizeFiles(files as FilesInput)).toThrow(
      expect.objectContaining({
        code: 'invalid_option',
        option: 'files',
        message: expect.stringMatching(message) as unknown,
      }),
    );
  });
});

describe('a packed image', () => {
  const names = ['a', 'a-b/c', 'a.b', 'a0', 'ab/c', 'b/c/d', 'b/c/e', 'b/cc', 'é/\u{1f600}', 'é/\uffe6'];
  const image = packImage(names.map((path) => ({ path, bytes: Buffer.from(`content of ${path}`) })));

  it('finds every file and no other', () => {
    for (const path of names) expect(image.view(path)?.toString()).toBe(`content of ${path}`);
    for (const path of ['', 'b', 'b/c', 'b/c/', 'c', 'A', 'é', 'zz', 'a-', 'x'.repeat(4096)]) {
      expect([image.has(path), image.size(path), image.read(path)]).toEqual([false, undefined, undefined]);
    }
  });

  it('knows a directory from a name that begins alike', () => {
    const candidates = ['', 'a', 'a-b', 'ab', 'b', 'b/c', 'b/c/d', 'b/cc', 'é', 'x'];
    expect(candidates.filter((path) => image.isDirectory(path))).toEqual(['', 'a-b', 'ab', 'b', 'b/c', 'é']);
    expect([...image.pathsUnder('b/c')]).toEqual(['b/c/d', 'b/c/e']);
  });

  it('crosses to a thread by reference, and reads the same there', async () => {
    const worker = new Worker(
      `const { parentPort, workerData } = require('node:worker_threads');
       parentPort.postMessage(workerData.imageId + Buffer.from(workerData.buffer).toString('latin1').length);
       new Uint8Array(workerData.buffer)[workerData.buffer.byteLength - 1] = 0x21;`,
      { eval: true, workerData: image.handle },
    );
    const message = await new Promise((resolve, reject) => {
      let received: unknown;
      worker.on('message', (value) => (received = value));
      worker.on('exit', () => resolve(received)).on('error', reject);
    });
    expect(message).toBe(image.handle.imageId + image.byteLength);
    // The thread wrote where no skein code may: that it shows here proves that nothing was copied.
    expect(image.view(image.paths().at(-1)!)?.at(-1)).toBe(0x21);
  });

  it('is one object for one handle in a thread', () => {
    expect(BaseImage.open({ ...image.handle })).toBe(image);
  });

  it('is refused when it is something else', () => {
    const buffer = new SharedArrayBuffer(64);
    expect(() => BaseImage.open({ imageId: 'no image', buffer })).toThrow(/holds no base image/);
  });
});
