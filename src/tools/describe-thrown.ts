const MAX_CHARS = 2_000;

/**
 * A thrown value in words. Anything can be thrown, also things that throw when they are looked at; this never does.
 */
export function describeThrown(thrown: unknown): string {
  try {
    return describe(thrown).slice(0, MAX_CHARS);
  } catch {
    return 'something that cannot be described was thrown';
  }
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
