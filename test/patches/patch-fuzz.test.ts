import { describe, expect, it } from 'vitest';
import { WorkspaceError } from '../../src/errors.ts';
import { applyPatchTool } from '../../src/tools/apply-patch.ts';
import { patchTool } from '../../src/tools/patch.ts';
import { ToolFailure } from '../../src/tools/tool-failure.ts';
import type { Tool } from '../../src/tools/tool.ts';
import { fromFiles } from '../../src/workspace/from-files.ts';
import { OverlayWorkspace } from '../../src/workspace/overlay-workspace.ts';
import { Prng } from '../harness/shared/prng.ts';
import { contextOf } from '../tools/harness.ts';

const RUNS = 4_000;

const TREE = {
  'src/a.ts': 'function f() {\n  a();\n  b();\n}\n\nfunction g() {\n  a();\n  c();\n}\n',
  'src/b.ts': '\ufeffx\r\ny\r\nz\r\n',
  'docs/c': 'no end',
  empty: '',
  bin: '\0',
  'deep/er/d': 'd\n'.repeat(20),
};
const BASE = fromFiles(TREE);

const CODEX = `*** Begin Patch
*** Update File: src/a.ts
@@ function g() {
   a();
-  c();
+  d();
 }
*** Update File: src/b.ts
*** Move to: src/new.ts
@@
 x
-y
+Y
 z
*** End of File
*** Add File: docs/new
+one
+
+two
*** Delete File: docs/c
*** Update File: deep/er/d
@@
+last
*** End Patch
`;
const UNIFIED = `diff --git a/src/a.ts b/src/a.ts
index 1..2 100644
--- a/src/a.ts
+++ b/src/a.ts
@@ -6,4 +6,4 @@ function f() {
 function g() {
   a();
-  c();
+  d();
 }
diff --git a/docs/c b/docs/c
deleted file mode 100644
--- a/docs/c
+++ /dev/null
@@ -1 +0,0 @@
-no end
\\ No newline at end of file
diff --git a/empty b/docs/moved
similarity index 100%
rename from empty
rename to docs/moved
--- /dev/null
+++ "b/docs/new"
@@ -0,0 +1,2 @@
+one
+two
--- a/deep/er/d\t2026-01-01
+++ b/deep/er/d\t2026-01-01
@@ -3,4 +3,5 @@
 d
 d
+new
 d
 d
`;

const LINES = [
  '*** Begin Patch',
  '*** End Patch',
  '*** End of File',
  '*** Delete File: src/a.ts',
  '*** Update File: deep',
  '*** Add File: ../escape',
  '*** Move to: empty',
  '@@',
  '@@ -1 +1 @@',
  '@@ -1,9 +1,9 @@',
  '--- a/src/a.ts',
  '+++ b/src/a.ts',
  '+++ b/src/../../x',
  '--- /dev/null',
  'rename to .git/config',
  'GIT binary patch',
  '-  a();',
  '+',
  ' ',
  '',
  '\0',
  '\ud800',
  '\\ No newline at end of file',
  `+${'x'.repeat(500)}`,
];
const CHARS = ['\0', '\n', '\r', ' ', '+', '-', '@', '/', '..', '9', '\t', '"', '\\', '\u{1f600}', '\ud800'];

function mutate(prng: Prng, patch: string): string {
  let lines = patch.split('\n');
  for (let n = prng.between(0, 4); n > 0; n--) {
    const at = prng.below(lines.length);
    switch (prng.below(7)) {
      case 0:
        lines.splice(at, prng.between(1, 3));
        break;
      case 1:
        lines.splice(at, 0, prng.pick(LINES));
        break;
      case 2:
        lines.splice(prng.below(lines.length), 0, lines[at] ?? '');
        break;
      case 3:
        lines[at] = prng.pick(LINES);
        break;
      case 4: {
        const line = lines[at] ?? '';
        const cut = prng.below(line.length + 1);
        lines[at] = line.slice(0, cut) + prng.pick(CHARS) + line.slice(cut + prng.below(2));
        break;
      }
      case 5:
        lines = [...lines.slice(at), ...lines.slice(0, at)];
        break;
      default:
        if (prng.chance(0.3)) lines.length = at;
    }
  }
  return lines.join(prng.chance(0.1) ? '\r\n' : '\n');
}

function treeOf(workspace: OverlayWorkspace): Record<string, string> {
  return Object.fromEntries(
    workspace.list().map((path) => [path, Buffer.from(workspace.readBytes(path)).toString()]),
  );
}

describe.each<[string, Tool, string, boolean]>([
  ['apply_patch', applyPatchTool('apply_patch'), CODEX, false],
  ['apply_patch_atomic', applyPatchTool('apply_patch_atomic', { atomic: true }), CODEX, true],
  ['patch', patchTool('patch'), UNIFIED, true],
])('%s', (_, tool, patch, isAtomic) => {
  it(`given ${RUNS} spoiled patches, fails in words, and changes no file that the patch does not name`, () => {
    const outcomes = { applied: 0, refused: 0, partly: 0 };
    for (let n = 0; n < RUNS; n++) {
      const prng = new Prng(n);
      const spoiled = mutate(prng, patch);
      const quota = prng.chance(0.2) ? { maxTotalBytes: 150, maxFiles: 3 } : {};
      const workspace = new OverlayWorkspace({ images: [BASE], quota });
      let failure: unknown;
      try {
        tool.execute({ patch: spoiled } as never, contextOf(workspace));
      } catch (error) {
        failure = error;
        if (!(error instanceof ToolFailure || error instanceof WorkspaceError))
          throw new Error(`run ${n}`, { cause: error });
      }
      const after: Readonly<Record<string, string>> = treeOf(workspace);
      const before: Readonly<Record<string, string>> = TREE;
      const paths = new Set([...Object.keys(before), ...Object.keys(after)]);
      const changed = [...paths].filter((path) => before[path] !== after[path]);
      for (const path of changed)
        expect([n, spoiled]).toEqual([n, expect.stringContaining(path.split('/').at(-1)!)]);
      if (failure !== undefined && isAtomic) expect([n, changed]).toEqual([n, []]);
      outcomes[failure === undefined ? 'applied' : changed.length > 0 ? 'partly' : 'refused']++;
    }
    expect(outcomes.applied).toBeGreaterThan(RUNS / 20);
    expect(outcomes.refused).toBeGreaterThan(RUNS / 20);
    if (!isAtomic) expect(outcomes.partly).toBeGreaterThan(RUNS / 100);
  }, 60_000);
});
