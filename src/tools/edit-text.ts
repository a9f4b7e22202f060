import { describeEdit } from '../edits/describe-edit.ts';
import { planEdits, type EditPlan } from '../edits/plan-edits.ts';
import { applyReplacements } from '../edits/replacement.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { readTextFile } from './text-file.ts';
import { ToolFailure } from './tool-failure.ts';

/** One change in the words of a tool's arguments. */
export interface EditArguments {
  readonly old_string: string;
  readonly new_string: string;
  readonly replace_all?: boolean;
}

/**
 * Makes all edits of a file, or none. Whether the model has read the file is not asked: that it knows a text which is
 * there once is the better proof, and a mark "was read" would have to outlive threads and processes, and be taken back
 * whenever anything else writes the file.
 * @param options.maxHunks  changes that the answer shows
 * @throws {ToolFailure} with every problem; {@link WorkspaceError} when the file cannot be read or written
 */
export function editText(
  workspace: Workspace,
  path: string,
  edits: readonly EditArguments[],
  options: { readonly maxHunks: number },
): string {
  const before = readTextFile(workspace, path);
  const plan = planEdits(
    path,
    before,
    edits.map((edit) => ({
      oldText: edit.old_string,
      newText: edit.new_string,
      replaceAll: edit.replace_all ?? false,
    })),
  );
  if (plan.kind === 'refused') throw new ToolFailure(describeProblems(plan, edits.length));
  workspace.writeText(path, applyReplacements(before, plan.replacements));
  return describeEdit({ path, before, ...plan, ...options });
}

function describeProblems(
  { problems, moreProblems }: EditPlan & { kind: 'refused' },
  editCount: number,
): string {
  if (editCount === 1) return problems.map(({ message }) => message).join('\n');
  const told = problems.map(({ edit, message }) => `edit ${edit + 1}: ${message}`);
  if (moreProblems > 0) told.push(`... and ${moreProblems} more problems`);
  return `none of the ${editCount} edits was made.\n${told.join('\n')}`;
}
