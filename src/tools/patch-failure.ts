import { PatchError } from '../errors.ts';
import { ToolFailure } from './tool-failure.ts';

/** A patch that is refused is a failure of its tool. @throws {ToolFailure} */
export function orToolFailure<Result>(apply: () => Result): Result {
  try {
    return apply();
  } catch (error) {
    if (error instanceof PatchError) throw new ToolFailure(error.message);
    throw error;
  }
}
