import type { ModelErrorKind } from '../errors.ts';
import { NO_USAGE, type Usage } from '../model/model.ts';
import { addUsage } from '../model/usage.ts';

/** A request to a model that came to nothing. */
export interface FailedAttempt {
  /** `provider:name`. */
  readonly model: string;
  readonly kind: ModelErrorKind;
  /** HTTP status; null where there was none. */
  readonly status: number | null;
  readonly message: string;
  /** What it has used all the same, where part of a response had come. */
  readonly usage?: Usage;
}

/** More than this of one prompt are not kept. */
const MAX_KEPT = 100;

/** Adds an attempt to a prompt's. Of one too many only the usage is kept, with the last. */
export function addFailedAttempt(list: FailedAttempt[], attempt: FailedAttempt): void {
  const last = list.at(-1);
  if (list.length < MAX_KEPT || !last) list.push(attempt);
  else if (attempt.usage) {
    list[list.length - 1] = {
      ...last,
      usage: last.usage ? addUsage(last.usage, attempt.usage) : attempt.usage,
    };
  }
}

/** What they have used together. */
export function usageOfAttempts(attempts: readonly FailedAttempt[] = []): Usage {
  return attempts.reduce((sum, { usage }) => (usage ? addUsage(sum, usage) : sum), NO_USAGE);
}
