import { SkeinError } from '../errors.ts';
import { printable, printableLine } from './printable.ts';
import { redactor } from './secrets.ts';

/** One line, with the code; a defect of skein itself also says where. */
export function describeError(error: unknown): string {
  if (error instanceof SkeinError) {
    return `${printableLine(redactor.redactMessage(error.message))} [${error.code}]`;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `unexpected error, please report it: ${printable(redactor.redactMessage(text))}`;
}
