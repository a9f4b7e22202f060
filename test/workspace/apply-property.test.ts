import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BaseImage } from '../../src/workspace/base-image.ts';
import { baseImage } from '../../src/workspace/make-base-image.ts';
import { mergeWorkspaces } from '../../src/workspace/merge-workspaces.ts';
import { WorkspaceView } from '../../src/workspace/workspace-view.ts';

type Tree = Readonly<Record<string, string | Uint8Array>>;

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'skein-apply-property-'));
});
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

const names = ['a', 'b c', 'd', 'd/e', 'd/e/f', 'd/g', 'é "x"', 'a/b'];
const line = fc.constantFrom('a\n', 'b\n', '\n', '\r\n', 'é\n', '  x\n');
const text = fc
  .tuple(fc.array(line, { maxLength: 12 }), fc.constantFrom('', 'end', '\r', '\ufeff'))
  .map(([lines, end]) => lines.join('') + end);
const content = fc.oneof(
  { weight: 5, arbitrary: text },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }) },
);
/** No file is also a directory. */
const tree: fc.Arbitrary<Tree> = fc
  .dictionary(fc.constantFrom(...names), content, { maxKeys: 6, noNullPrototype: true })
  .map((found) =>
    Object.fromEntries(
      Object.entries(found).filter(
        ([path]) => !Object.keys(found).some((other) => path.startsWith(`${other}/`)),
      ),
    ),
  );

describe('what a session left, applied to the files it started from', () => {
  it('is on disk byte for byte, as it is where git applies the patch', async () => {
    await fc.assert(
      fc.asyncProperty(tree, tree, async (before, after) => {
        const view = viewOf('s', baseImage.fromFiles(before), before, after);
        const [ours, gits] = [put('ours', before), put('gits', before)];
        const { files } = await view.apply(ours);
        expect(files.map(({ path, kind }) => [path, kind])).toEqual(
          view.changes.map(({ path, kind }) => [path, kind]),
        );
        expect(files.every(({ outcome }) => outcome === 'written')).toBe(true);
        expect(get(ours)).toEqual(hexOf(Object.fromEntries(view.files)));
        expect(get(ours)).toEqual(hexOf(after));
        if (view.patch !== '')
          execFileSync('git', ['apply', '--whitespace=nowarn', '-'], {
            cwd: gits,
            input: view.patch,
            env: gitEnv(),
          });
        expect(get(gits)).toEqual(get(ours));

        // Once more, and nothing is left to do; the way back leads to where it began.
        expect((await view.apply(ours)).files.every(({ outcome }) => outcome === 'unchanged')).toBe(true);
        await viewOf('back', baseImage.fromFiles(after), after, before).apply(ours);
        expect(get(ours)).toEqual(hexOf(before));
      }),
      { numRuns: 120 },
    );
  });

  it('is, after another’s, what both are when they are merged', async () => {
    let merged = 0;
    await fc.assert(
      fc.asyncProperty(tree, tree, tree, async (base, one, two) => {
        const image = baseImage.fromFiles(base);
        const views = [viewOf('one', image, base, one), viewOf('two', image, base, two)] as const;
        const { workspace, conflicts } = mergeWorkspaces(views);
        const directory = put('shared', base);
        await views[0].apply(directory);
        const afterOne = get(directory);
        if (conflicts.length > 0) {
          // Where all is refused nothing is changed; some conflicts of sessions are none on a disk, which has only one state.
          await views[1].apply(directory).catch((error: unknown) => {
            expect(error).toMatchObject({ code: 'disk_changed' });
            expect(get(directory)).toEqual(afterOne);
          });
          return;
        }
        merged += 1;
        await views[1].apply(directory);
        expect(get(directory)).toEqual(hexOf(Object.fromEntries(workspace.files)));
      }),
      { numRuns: 300 },
    );
    expect(merged).toBeGreaterThan(5);
  });
});

function viewOf(sessionId: string, image: BaseImage, before: Tree, after: Tree): WorkspaceView {
  const overlay = new Map<string, Uint8Array | null>();
  for (const path of Object.keys(before)) if (!(path in after)) overlay.set(path, null);
  for (const [path, bytes] of Object.entries(after)) overlay.set(path, Buffer.from(bytes as string));
  return new WorkspaceView({ sessionId, images: [image], overlay });
}

/** Under the scratch directory, anew. */
function put(name: string, files: Tree): string {
  const directory = join(scratch, name);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), bytes);
  }
  return directory;
}

/** What is there: files with their contents in hex, and directories that hold nothing. */
function get(directory: string): Record<string, string> {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1));
  const found = entries.map((entry, i): [string, string] => {
    const path = paths[i]!;
    if (entry.isFile()) return [path, readFileSync(join(directory, path)).toString('hex')];
    return [path, paths.some((other) => other.startsWith(`${path}/`)) ? 'directory' : 'empty directory'];
  });
  return Object.fromEntries(found.filter(([, what]) => what !== 'directory'));
}

function hexOf(files: Tree): Record<string, string> {
  return Object.fromEntries(
    Object.entries(files).map(([path, bytes]) => [path, Buffer.from(bytes as string).toString('hex')]),
  );
}

function gitEnv(): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    GIT_CEILING_DIRECTORIES: scratch,
    GIT_CONFIG_NOSYSTEM: '1',
    HOME: scratch,
  };
}
