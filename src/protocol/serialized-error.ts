import { SkeinError } from '../errors.ts';

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

/** The text of anything that can be thrown. */
export function describeThrown(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return String(thrown.message) || thrown.name;
    if (typeof thrown === 'string') return thrown;
    if (typeof thrown === 'object' && thrown !== null && 'message' in thrown) return String(thrown.message);
    return String(thrown);
  } catch {
    return 'something that cannot be described was thrown';
  }
}
