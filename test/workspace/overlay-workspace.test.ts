import { describe, expect, it } from 'vitest';
import { BaseImage } from '../../src/workspace/base-image.ts';
import { fromFiles } from '../../src/workspace/from-files.ts';
import { OverlayWorkspace } from '../../src/workspace/overlay-workspace.ts';
import type { FileChange } from '../../src/workspace/workspace.ts';
import { refusal, workspaceContract } from '../contracts/workspace.ts';

const shown = (changes: readonly FileChange[]): Array<[string, string | null]> =>
  changes.map(({ path, bytes }) => [path, bytes && Buffer.from(bytes).toString()]);

describe('a workspace whose files are in a base image', () => {
  workspaceContract(
    ({ files, quota }) => new OverlayWorkspace({ images: [fromFiles(files)], ...(quota && { quota }) }),
  );
});

describe('a workspace whose files are in two images', () => {
  workspaceContract(({ files, quota }) => {
    const below = { ...files, 'lib/a.ts': 'hidden by the image above' };
    const above = files && { 'lib/a.ts': files['lib/a.ts']! };
    return new OverlayWorkspace({
      images: [fromFiles(above), fromFiles(files && below)],
      ...(quota && { quota }),
    });
  });
});

describe('a workspace whose files are in its own volume', () => {
  workspaceContract(({ files = {}, quota }) => {
    const changes = Object.entries(files).map(([path, text]) => ({ path, bytes: Buffer.from(text) }));
    return new OverlayWorkspace({ changes, ...(quota && { quota }) });
  });
});

describe('changes', () => {
  const images = [fromFiles({ 'a.txt': 'A', 'dir/b.txt': 'B', 'dir/c.txt': 'C' })];

  it('are the net effect, in order of last change', () => {
    const workspace = new OverlayWorkspace({ images });
    workspace.writeText('new.txt', '1');
    workspace.writeText('a.txt', 'changed');
    workspace.writeText('gone.txt', 'soon');
    workspace.remove('dir');
    workspace.writeText('new.txt', '2');
    workspace.remove('gone.txt');
    expect(shown(workspace.takeChanges())).toEqual([
      ['a.txt', 'changed'],
      ['dir/b.txt', null],
      ['dir/c.txt', null],
      ['new.txt', '2'],
    ]);
    expect(workspace.takeChanges()).toEqual([]);
  });

  it('say that a file is gone when an earlier take reported it', () => {
    const workspace = new OverlayWorkspace({ images });
    workspace.writeText('new.txt', '1');
    workspace.takeChanges();
    workspace.writeText('new.txt', '2');
    workspace.remove('new.txt');
    expect(shown(workspace.takeChanges())).toEqual([['new.txt', null]]);
  });

  it('leave out what was written as it already is', () => {
    const workspace = new OverlayWorkspace({ images });
    workspace.writeText('a.txt', 'A');
    workspace.writeBytes('dir/b.txt', Buffer.from('B'));
    expect(workspace.takeChanges()).toEqual([]);
    expect(workspace.byteLength).toBe(0);
  });

  it('have buffers of their own, so that a copy of one holds nothing else', () => {
    const workspace = new OverlayWorkspace({ images });
    workspace.writeText('new.txt', 'text');
    workspace.writeBytes('bytes', Buffer.from('bytes'));
    workspace.rename('a.txt', 'moved');
    for (const { bytes } of workspace.takeChanges()) {
      if (bytes) expect(bytes.buffer.byteLength).toBe(bytes.length);
    }
  });

  it('can be transferred and written, given ones too: the workspace has its own', () => {
    const given = Buffer.from('given');
    const workspace = new OverlayWorkspace({ images, changes: [{ path: 'given.txt', bytes: given }] });
    given.fill('x');
    workspace.writeText('new.txt', 'text');
    const [change] = workspace.takeChanges();
    change!.bytes!.fill(120);
    structuredClone(change, { transfer: [change!.bytes!.buffer as ArrayBuffer] });
    expect(workspace.readText('new.txt')).toBe('text');
    expect(workspace.readText('given.txt')).toBe('given');
  });

  it('are not changed by what is written later', () => {
    const workspace = new OverlayWorkspace({ images });
    const given = Buffer.from('once');
    workspace.writeBytes('new.txt', given);
    given.fill('x');
    const [change] = workspace.takeChanges();
    workspace.writeText('new.txt', 'then');
    expect(Buffer.from(change!.bytes!).toString()).toBe('once');
  });

  it('make the same workspace elsewhere: contents, order and quotas', () => {
    const first = new OverlayWorkspace({ images });
    first.writeText('dir/b.txt', 'changed');
    first.remove('a.txt');
    first.writeText('a.txt/inside', 'x');
    first.rename('dir', 'moved');
    const changes = first.takeChanges();
    const second = new OverlayWorkspace({ images, changes });
    expect(second.list()).toEqual(first.list());
    expect(second.list().map((path) => second.readText(path))).toEqual(
      first.list().map((path) => first.readText(path)),
    );
    expect(second.byteLength).toBe(first.byteLength);
    expect(second.takeChanges()).toEqual([]);
  });
});

describe('the order of a list', () => {
  it('is changes, latest first, then the images, first image first', () => {
    const images = [
      fromFiles({ 'seed.txt': '' }),
      fromFiles({ 'b.txt': '', 'a.txt': '', 'seed.txt': 'hidden' }),
    ];
    const workspace = new OverlayWorkspace({ images });
    workspace.writeText('x.txt', '1');
    workspace.writeText('b.txt', '2');
    expect(workspace.list()).toEqual(['b.txt', 'x.txt', 'seed.txt', 'a.txt']);
  });
});

describe('quotas over a base image', () => {
  const images = [fromFiles({ 'big/a': 'x'.repeat(100), 'big/b': 'y'.repeat(100) })];

  it('do not count what the session has not touched', () => {
    const workspace = new OverlayWorkspace({ images, quota: { maxTotalBytes: 10, maxFiles: 1 } });
    workspace.writeText('small', '1234567890');
    workspace.remove('big/a');
    expect(workspace.byteLength).toBe(10);
  });

  it('are asked before a directory is moved, as a whole', () => {
    const workspace = new OverlayWorkspace({ images, quota: { maxTotalBytes: 150 } });
    expect(refusal(() => workspace.rename('big', 'moved'))).toBe('quota_exceeded');
    const few = new OverlayWorkspace({ images, quota: { maxFiles: 1 } });
    expect(refusal(() => few.rename('big', 'moved'))).toBe('too_many_files');
    const small = new OverlayWorkspace({ images, quota: { maxFileBytes: 99 } });
    expect(refusal(() => small.rename('big/a', 'moved'))).toBe('file_too_large');
    for (const each of [workspace, few, small]) {
      expect(each.list()).toEqual(['big/a', 'big/b']);
      expect(each.takeChanges()).toEqual([]);
    }
  });
});

describe('a handle that crossed a thread', () => {
  it('opens as the same files', () => {
    const image = fromFiles({ 'a/b': 'text', 'a-b': '' });
    const { buffer } = image.handle;
    const copy = BaseImage.open({ imageId: 'another thread', buffer });
    expect(copy.paths()).toEqual(['a-b', 'a/b']);
    expect(new OverlayWorkspace({ images: [copy] }).readText('a/b')).toBe('text');
  });
});
