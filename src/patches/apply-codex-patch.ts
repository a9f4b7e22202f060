import { resolveFilePath } from '../workspace/paths.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { applyChunks } from './codex-chunks.ts';
import { parseCodexPatch } from './codex-patch.ts';
import type { CodexOperation, CodexUpdate } from './codex-patch.ts';
import type { WorkBudget } from '../edits/work-budget.ts';
import { patchBudget, refusing } from './patch-refusal.ts';
import { PatchDraft } from './patch-draft.ts';
import { countChanges, somePaths } from './patch-summary.ts';
import type { PatchedFile } from './patch-summary.ts';

const VERBS = { add: 'Add File', update: 'Update File', delete: 'Delete File' } as const;

export interface CodexPatchOptions {
  /**
   * All or nothing. Without it the operations before one that fails stay done, which is the documented rule of the
   * format; the failure tells which they are.
   */
  readonly atomic?: boolean;
}

/**
 * Applies a patch in the Codex format. A patch that cannot be read changes nothing.
 * @returns what was done, in order; a file that several operations change is there several times
 * @throws {PatchError} with the file and the chunk, why, what the file has there, and what was changed before it
 */
export function applyCodexPatch(
  workspace: Workspace,
  text: string,
  { atomic = false }: CodexPatchOptions = {},
): PatchedFile[] {
  const operations = parseCodexPatch(text);
  const budget = patchBudget();
  const draft = new PatchDraft(workspace, budget);
  const done: PatchedFile[] = [];
  for (const [i, operation] of operations.entries()) {
    const file = refusing(
      () => {
        const drafted = carryOut(operation, draft, budget);
        if (!atomic) draft.commit();
        return drafted;
      },
      () => {
        const left = operations.slice(i).map(({ path }) => path);
        return `${titleOf(operation)} failed. ${outcomeOf(atomic ? [] : done, left)}`;
      },
    );
    done.push(file);
  }
  if (atomic)
    refusing(
      () => draft.commit(),
      () => `The patch was not applied. ${outcomeOf([], [])}`,
    );
  return done;
}

/** Drafts what an operation does. */
function carryOut(operation: CodexOperation, draft: PatchDraft, budget: WorkBudget): PatchedFile {
  const { kind, path } = operation;
  switch (kind) {
    case 'add': {
      draft.write(path, operation.content);
      const addedLines = countBreaks(operation.content);
      return { kind: 'added', path, addedLines, removedLines: 0, notes: [] };
    }
    case 'delete':
      draft.delete(path);
      return { kind: 'deleted', path, addedLines: 0, removedLines: 0, notes: [] };
    case 'update':
      return update(operation, draft, budget);
  }
}

/** A file that is there already is replaced by one that is moved onto it, as by one that is added: the format says so. */
function update({ path, moveTo, chunks }: CodexUpdate, draft: PatchDraft, budget: WorkBudget): PatchedFile {
  const { text, notes } = applyChunks(draft.readText(path), chunks, budget);
  const isMoved = moveTo !== undefined && resolveFilePath(moveTo) !== resolveFilePath(path);
  if (isMoved) draft.delete(path);
  draft.write(moveTo ?? path, text);
  const movedFrom = isMoved ? path : undefined;
  const counts = countChanges(chunks.map(({ body }) => body));
  return { kind: 'modified', path: moveTo ?? path, movedFrom, ...counts, notes };
}

function titleOf({ kind, path, line }: CodexOperation): string {
  return `${VERBS[kind]} ${JSON.stringify(path.slice(0, 200))} (patch line ${line})`;
}

function outcomeOf(done: readonly PatchedFile[], left: readonly string[]): string {
  if (done.length === 0) return 'Nothing was changed.';
  const kept = somePaths(done.map(({ path }) => path));
  return `Applied before it and kept: ${kept}. Not applied: ${somePaths(left)}; send only these again.`;
}

function countBreaks(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
