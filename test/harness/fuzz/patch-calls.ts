import { Refused, type SimpleTree } from '../../workspace/simple-tree.ts';
import type { Prng } from '../shared/prng.ts';
import { spellPath, type SpelledPath } from './spelled-paths.ts';
import type { FuzzCall } from './tool-calls.ts';
import { expecting, fileAt } from './tool-oracle.ts';

/** A part of a patch that needs no context: a file that comes, or one that goes. */
interface Operation {
  readonly path: SpelledPath;
  /** Lines of the new file; null for one that is deleted. */
  readonly lines: readonly string[] | null;
}

const LINES = [
  '',
  'foo',
  '+foo',
  '-bar',
  '*** End Patch',
  '@@ -1 +1 @@',
  '--- a/a',
  '\0',
  'é\ud800',
  'x'.repeat(70),
];

/** A call of a tool that takes patches, over files that the other tools change too. */
export function drawPatchCall(prng: Prng, host: readonly SpelledPath[]): FuzzCall {
  const name = prng.pick(['apply_patch', 'apply_patch', 'apply_patch_atomic', 'patch']);
  const isUnified = name === 'patch';
  const operations = Array.from({ length: prng.between(1, 4) }, (): Operation => {
    const lines = Array.from({ length: prng.between(1, 3) }, () => prng.pick(LINES));
    return { path: writablePath(prng, host), lines: !isUnified && prng.chance(0.3) ? null : lines };
  });
  const patch = isUnified ? toUnified(operations) : toCodex(operations);
  // Without its end marker a patch is refused whole; a unified diff has none, so it loses its only header.
  const isCut = prng.chance(0.1);
  const text = !isCut ? patch : isUnified ? patch.slice(0, 9) : patch.slice(0, -1);
  return {
    name,
    arguments: JSON.stringify({ patch: text }),
    expect: (tree) =>
      expecting(() => {
        if (isCut) throw new Refused('cut off');
        if (name === 'apply_patch')
          for (const operation of operations) tree.writeAll([changeOf(tree, operation)]);
        else tree.writeAll(draftOf(tree, operations, isUnified));
        return undefined;
      }),
  };
}

/** A path that a header can spell: on one line, without blanks at its ends. */
function writablePath(prng: Prng, host: readonly SpelledPath[]): SpelledPath {
  for (;;) {
    const path = spellPath(prng, host);
    if (path.spelling !== '' && path.spelling.trim() === path.spelling && !path.spelling.includes('\n'))
      return path;
  }
}

function toCodex(operations: readonly Operation[]): string {
  const parts = operations.map(({ path, lines }) =>
    lines === null
      ? `*** Delete File: ${path.spelling}\n`
      : `*** Add File: ${path.spelling}\n${lines.map((line) => `+${line}\n`).join('')}`,
  );
  return `*** Begin Patch\n${parts.join('')}*** End Patch`;
}

function toUnified(operations: readonly Operation[]): string {
  const parts = operations.map(
    ({ path, lines }) =>
      `--- /dev/null\n+++ b/${path.spelling}\n@@ -0,0 +1,${lines!.length} @@\n${lines!.map((line) => `+${line}\n`).join('')}`,
  );
  return parts.join('');
}

function changeOf(tree: SimpleTree, { path, lines }: Operation): [string, Buffer | null] {
  const file = fileAt(path);
  if (lines === null) tree.read(file);
  return [file, lines && Buffer.from(lines.map((line) => `${line}\n`).join(''))];
}

/** All at once: later parts see what the earlier ones do. */
function draftOf(
  tree: SimpleTree,
  operations: readonly Operation[],
  mustBeNew: boolean,
): [string, Buffer | null][] {
  const draft = new Map<string, Buffer | null>();
  for (const operation of operations) {
    const file = fileAt(operation.path);
    const drafted = draft.get(file);
    const isThere = drafted === undefined ? tree.get(file) !== undefined : drafted !== null;
    if (isThere ? mustBeNew : operation.lines === null) throw new Refused('there or not there');
    if (operation.lines !== null) draft.set(file, changeOf(tree, operation)[1]);
    else if (tree.get(file)) draft.set(file, null);
    else draft.delete(file);
  }
  return [...draft];
}
