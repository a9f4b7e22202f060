import fc from 'fast-check';
import { expect, it } from 'vitest';
import { WorkspaceError } from '../../src/errors.ts';
import { FilesView } from '../../src/workspace/files-view.ts';
import { fromFiles } from '../../src/workspace/from-files.ts';
import { OverlayWorkspace } from '../../src/workspace/overlay-workspace.ts';
import { Refused, SimpleTree } from './simple-tree.ts';

const RUNS = 1_000;
const CALLS_PER_RUN = 100;

/** Few names, used again and again: spelling → canonical path, or the code it is refused with. */
const PATHS: ReadonlyArray<readonly [spelling: string, path: string, code?: string]> = [
  ['a', 'a'],
  ['/a/b', 'a/b'],
  ['a//b/c', 'a/b/c'],
  ['./a-b', 'a-b'],
  ['a0', 'a0'],
  ['dir', 'dir'],
  ['dir/', 'dir'],
  ['dir/x.ts', 'dir/x.ts'],
  ['dir/sub/y.ts', 'dir/sub/y.ts'],
  ['/dir/sub', 'dir/sub'],
  ['new/deep/z', 'new/deep/z'],
  ['e\u0301', 'é'],
  ['é', 'é'],
  ['é/\u{1f600}', 'é/\u{1f600}'],
  ['__proto__', '__proto__'],
  ['constructor/prototype', 'constructor/prototype'],
  ['．．/a', '．．/a'],
  ['%2e%2e/a', '%2e%2e/a'],
  ['', '', 'invalid_path'],
  ['/', '', 'invalid_path'],
  ['..', '', 'path_escapes'],
  ['../a', '', 'path_escapes'],
  ['/dir/../../a', '', 'path_escapes'],
  ['dir/../a', '', 'path_escapes'],
  ['dir\\x.ts', '', 'invalid_path'],
  ['a\0', '', 'invalid_path'],
  ['a\ud800', '', 'invalid_path'],
  ['x'.repeat(10_000), '', 'invalid_path'],
  ['.git/config', '', 'invalid_path'],
];

const BASE = new Map(
  Object.entries({
    'dir/x.ts': 'x',
    'dir/sub/y.ts': 'yy\r\n',
    'a/b/c': 'c',
    é: 'base',
    'a-b': '',
    'big/z': 'z'.repeat(70),
  }).map(([path, text]) => [path, Buffer.from(text)] as const),
);
const IMAGE = fromFiles(BASE);

const path = fc.nat(PATHS.length - 1);
const content = fc.oneof(
  fc
    .constantFrom('', 'x', 'yy\r\n', 'base', '\ufefftext', 'z'.repeat(65), 'é\ud800')
    .map((text) => ({ text })),
  fc.uint8Array({ maxLength: 70 }).map((bytes) => ({ bytes })),
);
const call = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('write' as const), path, content }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('read', 'stat', 'list', 'remove'), path }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('rename' as const), path, to: path }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('writeAll' as const),
      entries: fc.array(fc.record({ path, content: fc.option(content) }), { maxLength: 5 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('move house' as const) }) },
);
const quota = fc.constantFrom(
  { maxFileBytes: 64, maxTotalBytes: 150, maxFiles: 5 },
  { maxFileBytes: 1000, maxTotalBytes: 100_000, maxFiles: 100 },
);

/** The model's answer for a path of the pool: refused, or what `use` makes of its canonical form. */
function withPath<T>(index: number, use: (path: string) => T, isRootFine = false): T {
  const [, canonical, code] = PATHS[index]!;
  if (code !== undefined && !(isRootFine && isRoot(index))) throw new Refused(code);
  return use(canonical);
}

function isRoot(index: number): boolean {
  return PATHS[index]![0].replaceAll('/', '') === '';
}

/** A call's result as something to compare: its value, or the code it was refused with. */
function outcome(action: () => unknown): unknown {
  try {
    return action() ?? 'done';
  } catch (error) {
    if (error instanceof WorkspaceError) return `refused: ${error.code}`;
    if (error instanceof Refused) return `refused: ${error.message}`;
    throw error;
  }
}

it(`does in ${RUNS * CALLS_PER_RUN} calls what a simple tree does, and never leaves its root`, () => {
  let calls = 0;
  const run = fc.property(
    fc.array(call, { minLength: CALLS_PER_RUN, maxLength: CALLS_PER_RUN }),
    quota,
    (script, limits) => {
      const tree = new SimpleTree(BASE, limits);
      let workspace = new OverlayWorkspace({ images: [IMAGE], quota: limits });
      // What a journal would hold: the overlay in order of last change.
      const journal = new Map<string, Uint8Array | null>();

      for (const step of script) {
        calls++;
        if (step.kind === 'move house') {
          for (const { path: changed, bytes } of workspace.takeChanges()) {
            journal.delete(changed);
            journal.set(changed, bytes);
          }
          const changes = [...journal].map(([changed, bytes]) => ({ path: changed, bytes }));
          workspace = new OverlayWorkspace({ images: [IMAGE], quota: limits, changes });
          expectSame(new FilesView([IMAGE], journal), tree);
        } else {
          expect(outcome(() => real(workspace, step))).toEqual(outcome(() => modelled(tree, step)));
        }
        expect(workspace.list()).toEqual(tree.list(''));
        expect(workspace.byteLength).toBe(
          [...tree.own.values()].reduce((sum, { length }) => sum + length, 0),
        );
      }
      for (const file of tree.list(''))
        expect(Buffer.from(workspace.readBytes(file))).toEqual(tree.get(file));
    },
  );
  fc.assert(run, { numRuns: RUNS });
  expect(calls).toBeGreaterThanOrEqual(RUNS * CALLS_PER_RUN);
  expect(Object.keys(Object.prototype)).toEqual([]);
  // 100,000 calls are the point, however busy the machine is.
}, 180_000);

type Call = Exclude<typeof call extends fc.Arbitrary<infer T> ? T : never, { kind: 'move house' }>;

function bytesOf(value: { text: string } | { bytes: Uint8Array } | null): Buffer | null {
  return value && Buffer.from('text' in value ? value.text : (value.bytes as unknown as string));
}

function real(workspace: OverlayWorkspace, step: Call): unknown {
  if (step.kind === 'writeAll') {
    return workspace.writeAll(
      step.entries.map((entry) => ({ path: PATHS[entry.path]![0], bytes: bytesOf(entry.content) })),
    );
  }
  const [spelling] = PATHS[step.path]!;
  switch (step.kind) {
    case 'write':
      if ('text' in step.content) return workspace.writeText(spelling, step.content.text);
      return workspace.writeBytes(spelling, step.content.bytes);
    case 'rename':
      return workspace.rename(spelling, PATHS[step.to]![0]);
    case 'read':
      return Buffer.from(workspace.readBytes(spelling));
    case 'stat': {
      const stat = workspace.stat(spelling);
      expect(workspace.exists(spelling)).toBe(stat !== undefined);
      if (!stat) return 'nothing';
      return stat.kind === 'file' ? `file of ${stat.size}` : 'directory';
    }
    case 'list':
      return workspace.list(spelling);
    default:
      return workspace.remove(spelling);
  }
}

function modelled(tree: SimpleTree, step: Call): unknown {
  if (step.kind === 'writeAll') {
    return tree.writeAll(
      step.entries.map((entry) => [withPath(entry.path, (file) => file), bytesOf(entry.content)] as const),
    );
  }
  switch (step.kind) {
    case 'write': {
      const bytes = 'text' in step.content ? step.content.text : step.content.bytes;
      return withPath(step.path, (file) => tree.write(file, Buffer.from(bytes as string)));
    }
    case 'rename':
      return withPath(step.path, (from) => withPath(step.to, (to) => tree.rename(from, to)));
    case 'read':
      return withPath(step.path, (file) => tree.read(file));
    case 'stat':
      if (PATHS[step.path]![2] !== undefined && !isRoot(step.path)) return 'nothing';
      return tree.stat(PATHS[step.path]![1]);
    case 'list':
      return withPath(step.path, (directory) => tree.list(directory), true);
    default:
      return withPath(step.path, (file) => tree.remove(file));
  }
}

function expectSame(files: FilesView, tree: SimpleTree): void {
  expect([...files.keys()].sort()).toEqual(tree.list('').sort());
  for (const [file, value] of files) expect(Buffer.from(value as string)).toEqual(tree.get(file));
}
