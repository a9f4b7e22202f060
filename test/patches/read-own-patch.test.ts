import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyUnifiedPatch } from '../../src/patches/apply-unified-patch.ts';
import { fromFiles } from '../../src/workspace/from-files.ts';
import { OverlayWorkspace } from '../../src/workspace/overlay-workspace.ts';
import { WorkspaceView } from '../../src/workspace/workspace-view.ts';
import { Prng } from '../harness/shared/prng.ts';
import { drawEdit, drawLines, hasProgram, Scratch, textOf, type Tree } from './patch-cases.ts';

const hasGit = hasProgram('git');
if (!hasGit) console.warn('skipped: comparing with git apply takes git');

let scratch: Scratch;
beforeAll(() => {
  scratch = new Scratch();
});
afterAll(() => {
  scratch.remove();
});

const NAMES = ['a', 'sp ace.txt', 'dir/é', 'dir/"quoted"', 'b b/b', 'a b/x', 'dir/deep/\u{1f600}', 'x'];
const BREAKS = ['\n', '\n', '\n', '\r\n'];

function drawTree(prng: Prng): Tree {
  const names = NAMES.filter(() => prng.chance(0.6));
  return Object.fromEntries(
    names.map((name) => [name, drawText(prng, drawLines(prng, prng.below(30), name))]),
  );
}

function drawText(prng: Prng, lines: readonly string[]): string {
  const bom = prng.chance(0.1) ? '\ufeff' : '';
  return bom + textOf(lines, prng.chance(0.8)).replaceAll('\n', prng.pick(BREAKS));
}

function drawAfter(prng: Prng, before: Tree): Tree {
  const kept = Object.entries(before).filter(() => prng.chance(0.8));
  const after = new Map(kept);
  for (const [name, text] of kept) {
    if (prng.chance(0.6))
      after.set(name, drawText(prng, drawEdit(prng, text.split(/\r?\n/), prng.between(1, 3), 'new')));
  }
  for (const [name, text] of Object.entries(drawTree(prng))) if (!(name in before)) after.set(name, text);
  return Object.fromEntries(after);
}

function patchBetween(before: Tree, after: Tree): string {
  const overlay = new Map<string, Uint8Array | null>();
  for (const path of Object.keys(before)) if (!(path in after)) overlay.set(path, null);
  for (const [path, content] of Object.entries(after)) overlay.set(path, Buffer.from(content));
  return new WorkspaceView({ sessionId: 's', images: [fromFiles(before)], overlay }).patch;
}

function applied(before: Tree, patch: string): Record<string, string> {
  const workspace = new OverlayWorkspace({ images: [fromFiles(before)] });
  for (const { notes } of applyUnifiedPatch(workspace, patch)) expect(notes).toEqual([]);
  const paths = workspace.list().sort();
  return Object.fromEntries(paths.map((path) => [path, workspace.readText(path)]));
}

describe('the patch of a session', () => {
  it('gives the session’s files when it is read back', () => {
    for (let n = 0; n < 500; n++) {
      const prng = new Prng(n);
      const before = drawTree(prng);
      const after = drawAfter(prng, before);
      const patch = patchBetween(before, after);
      if (patch === '') continue;
      expect([n, applied(before, patch)]).toEqual([n, after]);
      expect([n, applied(after, patchBetween(after, before))]).toEqual([n, before]);
    }
  });

  it.skipIf(!hasGit)(
    'gives what git apply gives',
    () => {
      for (let n = 1_000; n < 1_060; n++) {
        const prng = new Prng(n);
        const before = drawTree(prng);
        const patch = patchBetween(before, drawAfter(prng, before));
        if (patch !== '') expect([n, applied(before, patch)]).toEqual([n, scratch.gitApply(before, patch)]);
      }
    },
    120_000,
  );
});
