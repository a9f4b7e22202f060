import { chmod, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { baseImage } from '../../src/workspace/make-base-image.ts';
import { OverlayWorkspace } from '../../src/workspace/overlay-workspace.ts';

let root: string;
let outside: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'skein-base-'));
  outside = await mkdtemp(join(tmpdir(), 'skein-outside-'));
});
afterEach(async () => {
  await rm(root, { recursive: true });
  await rm(outside, { recursive: true });
});

async function put(files: Record<string, string | Uint8Array>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
}

describe('an image of a directory', () => {
  it('holds its files, byte for byte', async () => {
    await put({ 'src/a.ts': 'a\r\n', 'src/deep/b.ts': '\ufeffb', empty: '', 'sp ace é.txt': 'ü' });
    const image = await baseImage.fromDirectory(root);
    expect(image.paths()).toEqual(['empty', 'sp ace é.txt', 'src/a.ts', 'src/deep/b.ts']);
    expect(Buffer.from(image.read('src/a.ts')!).toString()).toBe('a\r\n');
    expect(image.size('empty')).toBe(0);
    expect([image.fileCount, image.skipped]).toEqual([4, []]);
  });

  it('honours the .gitignore files of the repository above it', async () => {
    await put({
      '.git/HEAD': '',
      '.gitignore': 'secret.txt\n/packages/app/build\n',
      'packages/.gitignore': '*.log\n',
      'packages/app/a.ts': '',
      'packages/app/a.log': '',
      'packages/app/secret.txt': '',
      'packages/app/build/b.js': '',
      'packages/app/lib/build/b.js': '',
    });
    const image = await baseImage.fromDirectory(join(root, 'packages/app'));
    expect(image.paths()).toEqual(['a.ts', 'lib/build/b.js']);
  });

  it('is what was asked for, even where the repository above ignores all of it', async () => {
    await put({ '.git/HEAD': '', '.gitignore': 'scratch/\n*.log\n', 'scratch/a.ts': '' });
    expect((await baseImage.fromDirectory(join(root, 'scratch'))).paths()).toEqual(['a.ts']);
  });

  it('leaves out a name that is not in NFC, and says so', async () => {
    await put({ 'cafe\u0301.js': '', 'caf\u00e9.ts': '', 'de\u0301/a.js': '' });
    const image = await baseImage.fromDirectory(root);
    expect(image.paths()).toEqual(['caf\u00e9.ts']);
    expect(image.skipped).toEqual([
      { path: 'cafe\u0301.js', reason: 'its name is not in Unicode NFC' },
      { path: 'de\u0301/a.js', reason: 'its name is not in Unicode NFC' },
    ]);
  });

  it('honours every .gitignore as git does', async () => {
    await put({
      '.gitignore': 'dist/\n*.log\n/only-root\nFOO\n',
      'dist/a.js': '',
      'a.log': '',
      'only-root': '',
      foo: '',
      'lib/only-root': '',
      'lib/.gitignore': '!keep.log\nsecret\n',
      'lib/keep.log': '',
      'lib/other.log': '',
      'lib/sub/secret': '',
      secret: '',
    });
    const image = await baseImage.fromDirectory(root);
    const taken = ['.gitignore', 'foo', 'lib/.gitignore', 'lib/keep.log', 'lib/only-root', 'secret'];
    expect(image.paths()).toEqual(taken);
    expect(image.skipped.map(({ path }) => path)).toEqual([
      'a.log',
      'dist',
      'lib/other.log',
      'lib/sub/secret',
      'only-root',
    ]);
    expect((await baseImage.fromDirectory(root, { gitignore: false })).fileCount).toBe(11);
  });

  it('leaves out what a session should not have, and says so', async () => {
    await put({
      'a.ts': 'text',
      '.git/config': '',
      'node_modules/x/index.js': '',
      'pkg/node_modules/y.js': '',
      '.env': 'KEY=1',
      'pkg/.env.local': 'KEY=2',
      'logo.png': Uint8Array.of(0x89, 0x50, 0, 1),
      'latin1.txt': Uint8Array.of(0xe9),
      'big.txt': 'x'.repeat(101),
      'back\\slash': '',
    });
    await writeFile(join(outside, 'password'), 'secret');
    await symlink(outside, join(root, 'linked-directory'));
    await symlink(join(outside, 'password'), join(root, 'linked-file'));
    await symlink('nowhere', join(root, 'dangling'));
    const image = await baseImage.fromDirectory(root, { maxFileBytes: 100 });
    expect(image.paths()).toEqual(['a.ts', 'latin1.txt']);
    expect(image.skipped).toEqual([
      { path: '.env', reason: 'may hold secrets' },
      { path: '.git', reason: 'never taken' },
      { path: 'back\\slash', reason: 'unusable name (invalid_path)' },
      { path: 'big.txt', reason: 'larger than 100 bytes (101)' },
      { path: 'dangling', reason: 'symbolic link' },
      { path: 'linked-directory', reason: 'symbolic link' },
      { path: 'linked-file', reason: 'symbolic link' },
      { path: 'logo.png', reason: 'binary' },
      { path: 'node_modules', reason: 'never taken' },
      { path: 'pkg/.env.local', reason: 'may hold secrets' },
      { path: 'pkg/node_modules', reason: 'never taken' },
    ]);
  });

  it('takes binary files and .env files on request', async () => {
    await put({ '.env': 'KEY=1', 'logo.png': Uint8Array.of(0, 255) });
    const image = await baseImage.fromDirectory(root, { binary: true, secrets: true });
    expect(image.paths()).toEqual(['.env', 'logo.png']);
    expect([...image.read('logo.png')!]).toEqual([0, 255]);
  });

  it('takes what include names, less what exclude names', async () => {
    await put({ 'src/a.ts': '', 'src/b.js': '', 'src/.hidden.ts': '', 'test/a.ts': '', 'README.md': '' });
    const pathsOf = async (include: string[], exclude: string[] = []): Promise<readonly string[]> =>
      (await baseImage.fromDirectory(root, { include, exclude })).paths();
    expect(await pathsOf(['**/*.ts'])).toEqual(['src/.hidden.ts', 'src/a.ts', 'test/a.ts']);
    expect(await pathsOf(['src'])).toEqual(['src/.hidden.ts', 'src/a.ts', 'src/b.js']);
    expect(await pathsOf(['./src/', '/README.md'], ['**/.*'])).toEqual(['README.md', 'src/a.ts', 'src/b.js']);
    expect(await pathsOf([], ['src', '*.md'])).toEqual(['test/a.ts']);
    expect(await pathsOf(['none/**'])).toEqual([]);
  });

  it('is listed newest first', async () => {
    await put({ old: '', 'dir/newest': '', middle: '' });
    for (const [path, time] of Object.entries({ old: 1, middle: 2, 'dir/newest': 3 })) {
      await utimes(join(root, path), time, time);
    }
    const workspace = new OverlayWorkspace({ images: [await baseImage.fromDirectory(root)] });
    expect(workspace.list()).toEqual(['dir/newest', 'middle', 'old']);
  });
});

describe('a directory that cannot be an image', () => {
  it('is refused when it is missing or a file', async () => {
    await put({ file: '' });
    const missing = baseImage.fromDirectory(join(root, 'none'));
    await expect(missing).rejects.toMatchObject({ code: 'base_unreadable', message: /ENOENT/ });
    await expect(baseImage.fromDirectory(join(root, 'file'))).rejects.toMatchObject({
      code: 'base_unreadable',
    });
  });

  it.skipIf(process.getuid?.() === 0)(
    'is refused when it may not be read; below it, what may not is skipped',
    async () => {
      await put({ 'a.ts': '', 'locked/b.ts': '', 'locked.ts': '' });
      await chmod(join(root, 'locked'), 0);
      await chmod(join(root, 'locked.ts'), 0);
      const image = await baseImage.fromDirectory(root);
      expect(image.skipped).toEqual([
        { path: 'locked', reason: 'unreadable (EACCES)' },
        { path: 'locked.ts', reason: 'unreadable (EACCES)' },
      ]);
      await expect(baseImage.fromDirectory(join(root, 'locked'))).rejects.toMatchObject({
        code: 'base_unreadable',
      });
      await chmod(join(root, 'locked'), 0o700);
    },
  );

  it('is refused when it holds too much', async () => {
    await put({ a: 'xx', b: 'xx' });
    await expect(baseImage.fromDirectory(root, { maxFiles: 1 })).rejects.toMatchObject({
      code: 'base_too_large',
    });
    await expect(baseImage.fromDirectory(root, { maxTotalBytes: 3 })).rejects.toMatchObject({
      code: 'base_too_large',
    });
  });

  it.each([
    [{ includes: ['a'] }, 'base.includes'],
    [{ include: 'a' }, 'base.include'],
    [{ exclude: [1] }, 'base.exclude'],
    [{ maxFileBytes: '1' }, 'base.maxFileBytes'],
    [{ maxFiles: -1 }, 'base.maxFiles'],
    [{ binary: 'yes' }, 'base.binary'],
  ])('is refused with options %j, by name', async (options, option) => {
    await expect(baseImage.fromDirectory(root, options as object)).rejects.toMatchObject({
      code: 'invalid_option',
      option,
    });
  });
});
