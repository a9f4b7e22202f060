import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyCodexPatch } from '../../src/patches/apply-codex-patch.ts';
import { parseUnifiedPatch } from '../../src/patches/unified-patch.ts';
import { OverlayWorkspace } from '../../src/workspace/overlay-workspace.ts';
import { Prng } from '../harness/shared/prng.ts';
import { drawEdit, hasProgram, Scratch, textOf } from './patch-cases.ts';

const hasGit = hasProgram('git');
if (!hasGit) console.warn('skipped: comparing with git apply takes git');

const CASES = 200;
const FUNCTIONS = 8;

let scratch: Scratch;
beforeAll(() => {
  scratch = new Scratch();
});
afterAll(() => {
  scratch.remove();
});

/** Functions whose bodies are alike, so that only a heading tells one place from another. */
function drawProgram(prng: Prng): string[] {
  const lines: string[] = [];
  for (let n = 0; n < FUNCTIONS; n++) {
    lines.push(`function f${n}() {`);
    for (let i = prng.between(1, 6); i > 0; i--)
      lines.push(`  ${prng.pick(['a();', 'b();', 'return x;', 'if (x) {', '}'])}`);
    lines.push('}', '');
  }
  return lines;
}

/** The hunks of a unified diff as chunks, each after the line that git would show as its function. */
function toCodex(base: readonly string[], unified: string): string {
  const lines = ['*** Begin Patch', '*** Update File: f'];
  let done = 0;
  for (const hunk of parseUnifiedPatch(unified)[0]!.hunks) {
    const start = hunk.oldCount === 0 ? hunk.oldStart : hunk.oldStart - 1;
    const above = base.slice(done, start).findLast((line) => line.startsWith('function '));
    lines.push(above === undefined ? '@@' : `@@ ${above}`);
    for (const { sign, text } of hunk.lines) lines.push(`${sign}${text}`);
    done = start + hunk.oldCount;
  }
  return [...lines, '*** End Patch'].join('\n');
}

describe.skipIf(!hasGit)(`${CASES} changes written in the Codex format`, () => {
  it('give what git apply makes of the unified diff, where the format can say where', () => {
    let same = 0;
    for (let n = 0; n < CASES; n++) {
      const prng = new Prng(n);
      const base = drawProgram(prng);
      const before = textOf(base);
      const unified = scratch.gitDiff(
        { f: before },
        { f: textOf(drawEdit(prng, base, prng.between(1, 4), 'new')) },
        3,
      );
      if (unified === '') continue;
      const workspace = new OverlayWorkspace();
      workspace.writeText('f', before);
      const patch = toCodex(base, unified);
      const { notes } = applyCodexPatch(workspace, patch)[0]!;
      // The format has no line numbers: lines that stand in several places are taken at the first, which is told.
      if (notes.length > 0) {
        expect(notes[0]).toContain('the first of several places');
        continue;
      }
      expect([n, patch, workspace.readText('f')]).toEqual([
        n,
        patch,
        scratch.gitApply({ f: before }, unified)!['f'],
      ]);
      same++;
    }
    expect(same).toBeGreaterThan(CASES * 0.9);
  }, 120_000);
});
