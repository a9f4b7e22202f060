import { ModelError } from '../errors.ts';

/** The object that an event's data is. @throws {ModelError} `bad-response` for anything else */
export function parseEvent(data: string): Readonly<Record<string, unknown>> {
  let event: unknown;
  try {
    event = JSON.parse(data);
  } catch (cause) {
    throw new ModelError({
      kind: 'bad-response',
      message: 'the provider sent an event that is not JSON',
      // Garbled on the way, more likely than not.
      retryable: true,
      cause,
    });
  }
  if (typeof event !== 'object' || event === null) {
    throw new ModelError({
      kind: 'bad-response',
      message: 'the provider sent an event that is no object',
      retryable: true,
    });
  }
  return event as Readonly<Record<string, unknown>>;
}

/** The object that a text is as JSON, undefined for anything else. */
export function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
