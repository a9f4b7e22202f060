import { PatchError, WorkspaceError } from '../errors.ts';
import { OutOfWorkError, WorkBudget } from '../edits/work-budget.ts';

/**
 * Work that one patch may take, in steps of up to some nanoseconds: a character read, two lines compared. It allows a patch
 * over two thousand files of 40 kB, and ends one that would look through a 4 MB file again and again.
 */
const MAX_STEPS = 100_000_000;

export function patchBudget(): WorkBudget {
  return new WorkBudget(MAX_STEPS);
}

/**
 * Does a part of a patch. Whatever it is refused for, by itself, by the workspace or for its work, becomes one kind of error.
 * @param consequence  what the refusal means for the patch; comes before the reason
 * @throws {PatchError}
 */
export function refusing<Result>(act: () => Result, consequence: () => string): Result {
  try {
    return act();
  } catch (error) {
    if (error instanceof OutOfWorkError) {
      throw new PatchError(
        'too_much_work',
        `${consequence()}\nIt takes too much work: it searches large files too often. Split the patch, and give each change more lines of context`,
      );
    }
    if (error instanceof PatchError) throw new PatchError(error.code, `${consequence()}\n${error.message}`);
    if (error instanceof WorkspaceError) {
      throw new PatchError('patch_refused', `${consequence()}\n${error.message}`);
    }
    throw error;
  }
}
