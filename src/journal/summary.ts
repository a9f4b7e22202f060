import { NO_USAGE } from '../model/model.ts';
import { addUsage } from '../model/usage.ts';
import type { JournalEntry } from './entries.ts';
import { usageOfAttempts } from './failed-attempts.ts';
import type { StoredSession } from './store.ts';

/** What further entries make of a session's summary; a fold, like the record, but of a few numbers. */
export function summarize(
  before: StoredSession | undefined,
  sessionId: string,
  entries: readonly JournalEntry[],
): StoredSession {
  const summary: { -readonly [Key in keyof StoredSession]: StoredSession[Key] } = before
    ? { ...before }
    : {
        sessionId,
        forkOf: null,
        openedAt: 0,
        updatedAt: 0,
        entryCount: 0,
        promptCount: 0,
        openPromptCount: 0,
        closed: false,
        usage: NO_USAGE,
        turns: 0,
        group: null,
        parent: null,
      };
  for (const entry of entries) {
    if (summary.entryCount === 0 && 'at' in entry) summary.openedAt = entry.at;
    if ('at' in entry) summary.updatedAt = entry.at;
    summary.entryCount += 1;
    if (entry.type === 'prompt-accepted') {
      summary.promptCount += 1;
      summary.openPromptCount += 1;
    } else if (entry.type === 'prompt-ended') {
      summary.openPromptCount -= 1;
      summary.usage = addUsage(summary.usage, usageOfAttempts(entry.failedAttempts));
    } else if (entry.type === 'attempts-failed') {
      summary.usage = addUsage(summary.usage, usageOfAttempts(entry.failedAttempts));
    } else if (entry.type === 'restored') {
      if (entry.from.sessionId !== sessionId) summary.forkOf = entry.from.sessionId;
    } else if (entry.type === 'model-responded') {
      summary.usage = addUsage(summary.usage, usageOfAttempts(entry.failedAttempts));
      summary.usage = addUsage(summary.usage, entry.response.usage);
      summary.turns += 1;
    } else if (entry.type === 'compacted') {
      if (entry.usage) summary.usage = addUsage(summary.usage, entry.usage);
    } else if (entry.type === 'opened') {
      summary.group = entry.spec.group ?? null;
      summary.parent = entry.spec.parent ?? null;
    } else if (entry.type === 'closed') {
      summary.closed = true;
    }
  }
  return summary;
}
