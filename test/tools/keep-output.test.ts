import { describe, expect, it } from 'vitest';
import { tailOf } from '../../src/tools/output.ts';
import { runCall } from '../../src/tools/run-call.ts';
import { ToolSet } from '../../src/tools/tool-set.ts';
import { OverlayWorkspace } from '../../src/workspace/overlay-workspace.ts';
import type { WorkspaceQuota } from '../../src/workspace/workspace.ts';
import { contextOf, Harness } from './harness.ts';

const lines = (count: number): string => Array.from({ length: count }, (_, n) => `line ${n + 1}\n`).join('');

/** Calls a tool that answers with a text, where the model has `read`. */
class Teller {
  readonly workspace: OverlayWorkspace;
  text = '';
  readonly #tools = new ToolSet([
    { name: 'tell', description: '', parameters: { type: 'object' }, execute: () => this.text },
  ]);

  constructor(quota: Partial<WorkspaceQuota> = {}) {
    this.workspace = new OverlayWorkspace({ quota });
  }

  call(text: string, id = 'c1', readers: readonly string[] = ['read', 'search']): string {
    this.text = text;
    const call = { id, name: 'tell', arguments: '{}' };
    const result = runCall(this.#tools, call, contextOf(this.workspace), { readers });
    if (result instanceof Promise) throw new Error('answered with a promise');
    return result.content;
  }

  get files(): string[] {
    return this.workspace.exists('.skein') ? this.workspace.list('.skein') : [];
  }
}

describe('an output that is too long', () => {
  it('is in a file, and shown with its beginning and its end', () => {
    const teller = new Teller();
    const content = teller.call(lines(9_000));
    expect(content).toMatch(/^line 1\n/);
    expect(content).toContain('line 150\n[… 8800 of 9000 lines left out …]\nline 8951\n');
    expect(content).toMatch(
      /line 9000\n\n\[Output cut: its beginning and its end are shown, of 9000 lines and 88893 bytes\. The whole is in \/\.skein\/outputs\/c1\.txt: open it with read or search\.\]$/,
    );
    expect(teller.workspace.readText('.skein/outputs/c1.txt')).toBe(lines(9_000));
  });

  it('of one line is cut between code points at both ends', () => {
    const teller = new Teller();
    const content = teller.call(`a${'🦊'.repeat(30_000)}b`);
    expect(content).toMatch(/^a🦊+\n\[… 1 of 1 lines left out …\]\n🦊+b\n\n\[Output cut/u);
    expect(content).not.toMatch(/\p{Cs}/u);
    expect(Buffer.byteLength(content)).toBeLessThan(17_000);
  });

  it('is kept up to a mebibyte', () => {
    const teller = new Teller();
    const content = teller.call('é'.repeat(600_000) + 'x');
    expect(content).toContain('The beginning, 1048576 bytes, is in /.skein/outputs/c1.txt');
    expect(teller.workspace.stat('.skein/outputs/c1.txt')?.size).toBe(1_048_576);
    expect(teller.call(`x${'é'.repeat(600_000)}`, 'c2')).toContain('The beginning, 1048575 bytes,');
  });

  it('leaves earlier ones where they are, until there are too many', () => {
    const teller = new Teller();
    const big = 'x'.repeat(900_000);
    teller.call(lines(3_000));
    teller.call(lines(3_001));
    expect(teller.files).toEqual(['.skein/outputs/c1-2.txt', '.skein/outputs/c1.txt']);
    for (let call = 1; call <= 9; call += 1) teller.call(big, `big ${call}`);
    expect(teller.files[0]).toBe('.skein/outputs/big_9.txt');
    const sizes = teller.files.map((file) => teller.workspace.stat(file)!.size);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(8 * 1024 * 1024);
    for (let call = 1; call <= 80; call += 1) teller.call(lines(2_001), `small-${call}`);
    expect(teller.files).toHaveLength(64);
    expect(teller.files[0]).toBe('.skein/outputs/small-80.txt');
  });

  it('has a name that is one, whatever the id of its call', () => {
    const teller = new Teller();
    for (const id of ['../../etc/passwd', '', '.git', '\u0000\ud800', 'x'.repeat(900)])
      teller.call(lines(2_001), id);
    expect(teller.files.map((file) => file.slice('.skein/outputs/'.length))).toEqual([
      `${'x'.repeat(100)}.txt`,
      '__.txt',
      '_git.txt',
      'output.txt',
      '______etc_passwd.txt',
    ]);
  });

  it.each([
    ['the workspace has no room', { maxTotalBytes: 1_000 }, ['read']],
    ['the model has no tool to open it', {}, []],
  ])('is cut as if there were no files where %s', (_, quota, readers) => {
    const teller = new Teller(quota);
    const content = teller.call(lines(2_001), 'c1', readers);
    expect(content).toContain('line 2000\n\n[Output cut: 2000 of 2001 lines');
    expect(teller.files).toEqual([]);
  });

  it('is cut where a file of the user has the name of the directory', () => {
    const teller = new Teller();
    teller.workspace.writeText('.skein', 'mine');
    expect(teller.call(lines(2_001))).toContain('[Output cut: 2000 of 2001 lines');
    expect(teller.workspace.readText('.skein')).toBe('mine');
  });

  it('that is just short enough is told whole', () => {
    const teller = new Teller();
    expect(teller.call(lines(2_000))).toBe(lines(2_000));
    expect(teller.files).toEqual([]);
  });
});

describe('a file that an output is in', () => {
  it('is opened and searched by its name, and in no listing but that of its directory', () => {
    const harness = new Harness({ 'a.txt': 'line 7\n' });
    harness.workspace.writeText('.skein/outputs/c1.txt', lines(9_000));
    expect(harness.ok('read', { path: '/.skein/outputs/c1.txt', offset: 8_998 })).toBe(
      '  8999\tline 8999\n  9000\tline 9000',
    );
    expect(harness.ok('search', { pattern: '^line 8765$', path: '.skein/outputs/c1.txt' })).toContain(
      ':8765:line 8765',
    );
    expect(harness.ok('list', { path: '.skein/outputs' })).toBe('.skein/outputs/c1.txt');
    expect(harness.ok('list', { include_ignored: true, pattern: '**/*' })).toBe('a.txt');
    expect(harness.ok('search', { pattern: 'line 7$' })).toBe('a.txt:1:line 7');
    expect(harness.workspace.list()).toEqual(['a.txt']);
  });
});

describe('the end of a text', () => {
  it.each([
    ['a\nb\nc\n', 2, 100, 'b\nc\n'],
    ['a\nb\nc', 2, 100, 'b\nc'],
    ['a\nb\nc', 9, 100, 'a\nb\nc'],
    ['abc', 9, 2, 'bc'],
    ['aé', 9, 1, ''],
    ['a🦊', 9, 4, '🦊'],
    ['a🦊', 9, 3, ''],
    ['', 9, 9, ''],
  ])('%j in %i lines and %i bytes is %j', (text, maxLines, maxBytes, tail) => {
    expect(tailOf(text, { maxLines, maxBytes })).toBe(tail);
  });
});
