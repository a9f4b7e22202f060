import { SkeinError } from '../errors.ts';
import { pathsOfError, withoutHostPaths } from '../host-paths.ts';
import { ToolFailure } from './tool-failure.ts';

const MAX_CHARS = 2_000;
/** Looked through for paths of the host; more than is shown, so that none is cut in half. */
const MAX_READ = 16_384;

/**
 * A thrown value in words. Anything can be thrown, also things that throw when they are looked at; this never does.
 * Paths of the host and stack traces are not among the words, except where skein itself names what its caller gave it.
 * @param hostPaths  where the thrower lies, besides the usual directories
 */
export function describeThrown(thrown: unknown, hostPaths: readonly string[] = []): string {
  try {
    const text = describe(thrown).slice(0, MAX_READ);
    return (isOurs(thrown) ? text : withoutHostPaths(text, [...hostPaths, ...pathsIn(thrown)])).slice(
      0,
      MAX_CHARS,
    );
  } catch {
    return 'something that cannot be described was thrown';
  }
}

/** Its text was written here, and its paths are those of a session's files or the caller's own. */
function isOurs(thrown: unknown): boolean {
  try {
    return thrown instanceof SkeinError || thrown instanceof ToolFailure;
  } catch {
    return false;
  }
}

function pathsIn(thrown: unknown): string[] {
  return typeof thrown === 'object' && thrown !== null ? pathsOfError(thrown) : [];
}

function describe(thrown: unknown): string {
  switch (typeof thrown) {
    case 'string':
      return thrown === '' ? 'an empty string was thrown' : thrown;
    case 'function':
      return 'a function was thrown';
    case 'object': {
      if (thrown === null) return 'null was thrown';
      const { message } = thrown as { message?: unknown };
      if (typeof message === 'string' && message !== '') return message;
      const { name } = thrown as { name?: unknown };
      return typeof name === 'string' && name !== ''
        ? `${name} was thrown`
        : 'an object without a message was thrown';
    }
    default:
      return `${String(thrown)} was thrown`;
  }
}
