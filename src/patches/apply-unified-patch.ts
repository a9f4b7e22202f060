import { PatchError } from '../errors.ts';
import { quotePath, resolveFilePath } from '../workspace/paths.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { WorkBudget } from '../edits/work-budget.ts';
import { patchBudget, refusing } from './patch-refusal.ts';
import { PatchDraft } from './patch-draft.ts';
import { countChanges } from './patch-summary.ts';
import type { PatchedFile } from './patch-summary.ts';
import { applyHunks, describeReport, hasFailed } from './unified-hunks.ts';
import { parseUnifiedPatch } from './unified-patch.ts';
import type { UnifiedFile } from './unified-patch.ts';

/** Failed hunks that a message tells of. */
const MAX_FAILED = 5;

/**
 * Applies a unified diff, plain or git's, to all of its files or to none.
 * @returns what was done, in order; notes tell which hunks were found elsewhere or with fuzz, as GNU patch does
 * @throws {PatchError} with the file and the hunk, why, and what the file has there; nothing was changed
 */
export function applyUnifiedPatch(workspace: Workspace, text: string): PatchedFile[] {
  const budget = patchBudget();
  const draft = new PatchDraft(workspace, budget);
  const done: PatchedFile[] = [];
  for (const file of parseUnifiedPatch(text)) {
    const subject = `${quotePath(file.newPath)} (patch line ${file.line})`;
    done.push(
      refusing(
        () => carryOut(file, draft, budget),
        () => `${subject} was not patched; nothing was changed.`,
      ),
    );
  }
  refusing(
    () => draft.commit(),
    () => 'The patch was not applied; nothing was changed.',
  );
  return done;
}

/** Drafts what a patch does to one file. */
function carryOut(file: UnifiedFile, draft: PatchDraft, budget: WorkBudget): PatchedFile {
  const { hunks, newPath } = file;
  const counts = countChanges(hunks.map(({ lines }) => lines));
  if (file.kind === 'create') {
    mustBeFree(draft, newPath, 'the patch makes it anew');
    const { text, notes } = patched(file, '', budget);
    draft.write(newPath, text);
    return { kind: 'added', path: newPath, ...counts, notes };
  }
  const oldPath = oldPathOf(file, draft);
  switch (file.kind) {
    case 'delete': {
      const { text, notes } = patched(file, draft.readText(oldPath), budget);
      if (text !== '') throw refusal(`${quotePath(oldPath)} has lines that the patch does not delete`);
      draft.delete(oldPath);
      return { kind: 'deleted', path: oldPath, ...counts, notes };
    }
    case 'modify': {
      // Without hunks only its mode would change.
      const { text, notes } = patched(file, draft.readText(oldPath), budget);
      draft.write(oldPath, text);
      return { kind: 'modified', path: oldPath, ...counts, notes };
    }
    case 'rename':
    case 'copy': {
      if (resolveFilePath(oldPath) === resolveFilePath(newPath))
        throw refusal('it has the same name as before');
      mustBeFree(draft, newPath, `the patch makes it from ${quotePath(oldPath)}`);
      const { notes } = moved(file, oldPath, draft, budget);
      if (file.kind === 'copy')
        return { kind: 'added', path: newPath, copiedFrom: oldPath, ...counts, notes };
      draft.delete(oldPath);
      return { kind: 'modified', path: newPath, movedFrom: oldPath, ...counts, notes };
    }
  }
}

/** Without hunks the content is no concern of ours, and may be binary. */
function moved(
  file: UnifiedFile,
  oldPath: string,
  draft: PatchDraft,
  budget: WorkBudget,
): { readonly notes: readonly string[] } {
  // To git, a copy is one of the file before the patch, wherever in the patch that is changed.
  const state = file.kind === 'copy' ? 'original' : 'drafted';
  if (file.hunks.length === 0) {
    draft.copy(oldPath, file.newPath, state);
    return { notes: [] };
  }
  const { text, notes } = patched(file, draft.readText(oldPath, state), budget);
  draft.write(file.newPath, text);
  return { notes };
}

/** Plain diffs may name a file and a copy of it, such as `x.orig`: the one that is there is meant. */
function oldPathOf({ kind, oldPath, newPath }: UnifiedFile, draft: PatchDraft): string {
  return kind === 'modify' && draft.exists(newPath) ? newPath : oldPath;
}

function patched(
  { hunks }: UnifiedFile,
  before: string,
  budget: WorkBudget,
): { readonly text: string; readonly notes: readonly string[] } {
  if (hunks.length === 0) return { text: before, notes: [] };
  const { text, reports, ignoresEnds } = applyHunks(before, hunks, { budget });
  if (text !== undefined) {
    const notes = reports.filter(({ fuzz, offset }) => fuzz !== 0 || offset !== 0).map(describeReport);
    if (ignoresEnds)
      notes.push('Its line ends or byte order mark differ from the patch; the file’s were kept.');
    return { text, notes };
  }
  const failed = reports.filter(hasFailed);
  const shown = failed.slice(0, MAX_FAILED).map((report) => describeReport(report));
  const more = failed.length > MAX_FAILED ? [`... and ${failed.length - MAX_FAILED} hunks more`] : [];
  const first = failed[0]!;
  throw refusal(
    `${[...shown, ...more].join('\n')}\nHunk #${first.number} (patch line ${hunks[first.number - 1]!.line}): ${first.explain?.()}`,
  );
}

function mustBeFree(draft: PatchDraft, path: string, why: string): void {
  if (draft.exists(path)) throw refusal(`${quotePath(path)} exists already, and ${why}`);
}

function refusal(problem: string): PatchError {
  return new PatchError('patch_refused', problem);
}
