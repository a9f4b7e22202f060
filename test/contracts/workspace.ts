import { beforeEach, describe, expect, it } from 'vitest';
import { WorkspaceError } from '../../src/errors.ts';
import type { Workspace, WorkspaceQuota } from '../../src/workspace/workspace.ts';

/** Text files that the workspace holds at the start, and the limits it has. */
export interface WorkspaceSetup {
  readonly files?: Readonly<Record<string, string>>;
  readonly quota?: Partial<WorkspaceQuota>;
}

/** The code a workspace operation is refused with. */
export function refusal(operation: () => unknown): string {
  try {
    operation();
  } catch (error) {
    if (error instanceof WorkspaceError) return error.code;
    throw error;
  }
  return 'not refused';
}

/** What every {@link Workspace} does. */
export function workspaceContract(make: (setup: WorkspaceSetup) => Workspace): void {
  let workspace: Workspace;
  beforeEach(() => {
    workspace = make({ files: { 'lib/a.ts': 'one\n', 'lib/deep/b.ts': 'two\n', 'README.md': '# hi\n' } });
  });
  const tree = (): Record<string, string> =>
    Object.fromEntries(
      workspace
        .list()
        .sort()
        .map((path) => [path, workspace.readText(path)]),
    );

  describe('reading', () => {
    it('takes every spelling of a path', () => {
      for (const path of ['lib/a.ts', '/lib/a.ts', './lib//a.ts'])
        expect(workspace.readText(path)).toBe('one\n');
    });

    it('names what is wrong', () => {
      expect(refusal(() => workspace.readText('lib/none.ts'))).toBe('not_found');
      expect(refusal(() => workspace.readText('lib'))).toBe('is_directory');
      expect(refusal(() => workspace.readText('/'))).toBe('invalid_path');
      expect(refusal(() => workspace.readBytes('lib/../../x'))).toBe('path_escapes');
      workspace.writeBytes('bin', Uint8Array.of(0xff));
      expect(refusal(() => workspace.readText('bin'))).toBe('not_text');
    });

    it('gives bytes that the caller owns', () => {
      workspace.readBytes('lib/a.ts').fill(0);
      workspace.writeText('new', 'x');
      workspace.readBytes('new').fill(0);
      expect(workspace.readText('lib/a.ts') + workspace.readText('new')).toBe('one\nx');
    });

    it('keeps a byte order mark, line endings and every byte', () => {
      const text = '\ufeffa\r\nb\rc\n\0d';
      workspace.writeText('t', text);
      expect(workspace.readText('t')).toBe(text);
      const bytes = Uint8Array.from({ length: 512 }, (_, i) => i);
      workspace.writeBytes('b', bytes);
      expect(workspace.readBytes('b')).toEqual(bytes);
    });
  });

  describe('writing', () => {
    it('makes directories as needed', () => {
      workspace.writeText('x/y/z.txt', 'z');
      expect(workspace.stat('x/y')).toEqual({ kind: 'directory', size: 0 });
    });

    it('keeps a copy of the bytes', () => {
      const bytes = Uint8Array.of(1, 2, 3);
      workspace.writeBytes('b', bytes);
      bytes.fill(9);
      expect([...workspace.readBytes('b')]).toEqual([1, 2, 3]);
    });

    it('refuses a path that is a directory or goes through a file', () => {
      const before = tree();
      expect(refusal(() => workspace.writeText('lib', ''))).toBe('is_directory');
      expect(refusal(() => workspace.writeText('lib/a.ts/x', ''))).toBe('not_directory');
      expect(refusal(() => workspace.writeText('README.md/x/y', ''))).toBe('not_directory');
      expect(tree()).toEqual(before);
    });

    it('takes names that JavaScript gives a meaning to', () => {
      for (const path of ['__proto__', 'constructor/prototype', 'toString']) workspace.writeText(path, path);
      expect(workspace.readText('__proto__')).toBe('__proto__');
      expect(workspace.exists('hasOwnProperty')).toBe(false);
    });
  });

  describe('looking', () => {
    it('knows files and directories', () => {
      expect(workspace.stat('lib/a.ts')).toEqual({ kind: 'file', size: 4 });
      expect(workspace.stat('')).toEqual({ kind: 'directory', size: 0 });
      expect(workspace.stat('nothing')).toBeUndefined();
    });

    it('finds nothing at a path that cannot exist', () => {
      for (const path of ['../x', 'a\0', 'a\\b', 'lib/a.ts/x', 'li'])
        expect(workspace.exists(path)).toBe(false);
    });

    it('lists what was changed last first, and only what is under the directory', () => {
      workspace.writeText('lib/c.ts', '3');
      workspace.writeText('library/d.ts', '4');
      workspace.writeText('lib/a.ts', '5');
      expect(workspace.list('/lib/').slice(0, 2)).toEqual(['lib/a.ts', 'lib/c.ts']);
      expect(workspace.list('lib').sort()).toEqual(['lib/a.ts', 'lib/c.ts', 'lib/deep/b.ts']);
    });

    it('lists no file and no directory that is not there', () => {
      expect(refusal(() => workspace.list('lib/a.ts'))).toBe('not_directory');
      expect(refusal(() => workspace.list('nothing'))).toBe('not_found');
      for (const path of workspace.list()) workspace.remove(path);
      expect(workspace.list()).toEqual([]);
    });
  });

  describe('removing', () => {
    it('takes a file, and the directories that it leaves empty', () => {
      workspace.remove('lib/deep/b.ts');
      expect(workspace.exists('lib/deep')).toBe(false);
      workspace.writeText('lib/deep', 'now a file');
      expect(workspace.readText('lib/deep')).toBe('now a file');
    });

    it('takes a directory with all that is in it', () => {
      workspace.writeText('lib/deep/new.ts', '');
      workspace.remove('lib');
      expect(Object.keys(tree())).toEqual(['README.md']);
    });

    it('names what is wrong', () => {
      expect(refusal(() => workspace.remove('nothing'))).toBe('not_found');
      expect(refusal(() => workspace.remove('/'))).toBe('invalid_path');
    });
  });

  describe('moving', () => {
    it('moves a file, over another too', () => {
      workspace.rename('lib/a.ts', 'README.md');
      expect(tree()).toEqual({ 'README.md': 'one\n', 'lib/deep/b.ts': 'two\n' });
    });

    it('moves a directory', () => {
      workspace.writeText('lib/new.ts', 'new');
      workspace.rename('lib', 'src/main');
      expect(tree()).toEqual({
        'README.md': '# hi\n',
        'src/main/a.ts': 'one\n',
        'src/main/deep/b.ts': 'two\n',
        'src/main/new.ts': 'new',
      });
    });

    it('leaves everything where it is when it refuses', () => {
      workspace.writeText('other/x', 'x');
      const before = tree();
      expect(refusal(() => workspace.rename('lib', 'lib/deep/lib'))).toBe('invalid_path');
      expect(refusal(() => workspace.rename('lib', 'other'))).toBe('already_exists');
      expect(refusal(() => workspace.rename('lib', 'README.md'))).toBe('already_exists');
      expect(refusal(() => workspace.rename('README.md', 'lib'))).toBe('already_exists');
      expect(refusal(() => workspace.rename('lib', 'README.md/lib'))).toBe('not_directory');
      expect(refusal(() => workspace.rename('nothing', 'x'))).toBe('not_found');
      expect(refusal(() => workspace.rename('lib', '../lib'))).toBe('path_escapes');
      expect(refusal(() => workspace.rename('lib', Array(64).fill('d').join('/')))).toBe('invalid_path');
      expect(tree()).toEqual(before);
    });

    it('does nothing to a file or directory moved to where it is', () => {
      const before = tree();
      workspace.rename('lib', './lib');
      workspace.rename('README.md', '/README.md');
      expect(tree()).toEqual(before);
    });
  });

  describe('writing several files at once', () => {
    const change = (path: string, text: string | null): { path: string; bytes: Uint8Array | null } => ({
      path,
      bytes: text === null ? null : Buffer.from(text),
    });

    it('writes and deletes all of them', () => {
      workspace.writeAll([change('lib/a.ts', null), change('new/x', 'x'), change('/README.md', 'changed')]);
      expect(tree()).toEqual({ 'README.md': 'changed', 'lib/deep/b.ts': 'two\n', 'new/x': 'x' });
    });

    it('puts a file where a directory goes, and a directory where a file goes', () => {
      workspace.writeAll([change('lib/deep', 'file'), change('lib/deep/b.ts', null)]);
      workspace.writeAll([change('README.md/x', 'x'), change('README.md', null)]);
      expect(tree()).toEqual({ 'README.md/x': 'x', 'lib/a.ts': 'one\n', 'lib/deep': 'file' });
    });

    it('changes nothing when it refuses one of them', () => {
      const before = tree();
      const refused = (...changes: ReturnType<typeof change>[]): string =>
        refusal(() => workspace.writeAll([change('lib/a.ts', null), change('ok', 'ok'), ...changes]));
      expect(refused(change('none', null))).toBe('not_found');
      expect(refused(change('lib', null))).toBe('is_directory');
      expect(refused(change('lib/deep', 'x'))).toBe('is_directory');
      expect(refused(change('README.md/x', 'x'))).toBe('not_directory');
      expect(refused(change('ok/x', 'x'))).toBe('not_directory');
      expect(refused(change('../x', 'x'))).toBe('path_escapes');
      expect(refused(change('', 'x'))).toBe('invalid_path');
      expect(tree()).toEqual(before);
    });

    it('asks the quotas of the outcome', () => {
      workspace = make({ quota: { maxTotalBytes: 10, maxFiles: 2, maxFileBytes: 8 } });
      workspace.writeAll([change('a', '12345'), change('b', '12345')]);
      expect(refusal(() => workspace.writeAll([change('a', '1'), change('b', '123456789')]))).toBe(
        'file_too_large',
      );
      expect(refusal(() => workspace.writeAll([change('a', '1234'), change('b', '1234567')]))).toBe(
        'quota_exceeded',
      );
      expect(refusal(() => workspace.writeAll([change('a', '1'), change('c', '1')]))).toBe('too_many_files');
      workspace.writeAll([change('c', '123456'), change('b', '1234'), change('a', null)]);
      expect(tree()).toEqual({ b: '1234', c: '123456' });
    });
  });

  describe('quotas', () => {
    it('refuses a file that is too large', () => {
      workspace = make({ quota: { maxFileBytes: 4 } });
      workspace.writeText('a', 'éé');
      expect(refusal(() => workspace.writeText('a', 'ééx'))).toBe('file_too_large');
      expect(refusal(() => workspace.writeBytes('b', new Uint8Array(5)))).toBe('file_too_large');
      expect(tree()).toEqual({ a: 'éé' });
    });

    it('refuses more bytes in all, counting what a write replaces', () => {
      workspace = make({ quota: { maxTotalBytes: 10 } });
      workspace.writeText('a', '12345');
      workspace.writeText('b', '12345');
      expect(refusal(() => workspace.writeText('c', 'x'))).toBe('quota_exceeded');
      workspace.writeText('a', '1234');
      workspace.writeText('c', 'x');
      expect(refusal(() => workspace.writeText('a', '12345'))).toBe('quota_exceeded');
      workspace.remove('b');
      workspace.writeText('a', '12345');
      expect(tree()).toEqual({ a: '12345', c: 'x' });
    });

    it('refuses one file too many', () => {
      workspace = make({ quota: { maxFiles: 2 } });
      workspace.writeText('a', '');
      workspace.writeText('b', '');
      workspace.writeText('b', 'again');
      expect(refusal(() => workspace.writeText('c', ''))).toBe('too_many_files');
      workspace.remove('a');
      workspace.writeText('c', '');
      expect(Object.keys(tree())).toEqual(['b', 'c']);
    });
  });
}
