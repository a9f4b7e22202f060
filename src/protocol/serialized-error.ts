import { SkeinError } from '../errors.ts';
import { describeThrown } from '../tools/describe-thrown.ts';

/** An error as plain data. Class identity is lost between threads, so only what has a meaning there is kept. */
export interface SerializedError {
  readonly code: string;
  readonly message: string;
}

/** Never throws, whatever was thrown: `null`, a proxy, an object whose getters throw. */
export function serializeError(thrown: unknown, fallbackCode: string): SerializedError {
  return {
    code: thrown instanceof SkeinError ? thrown.code : fallbackCode,
    message: describeThrown(thrown),
  };
}
