import { addFailedAttempts } from '../journal/active-prompt.ts';
import type { JournalEntry } from '../journal/entries.ts';
import { SessionRecord } from '../journal/session-record.ts';
import { NO_USAGE } from '../model/model.ts';
import type { BaseImage } from '../workspace/base-image.ts';
import { WorkspaceView } from '../workspace/workspace-view.ts';
import { PromptResult } from './prompt-result.ts';

/**
 * How a prompt ended, as it was told then: the journal folded up to its end.
 * @returns `undefined` when the journal has no end of that prompt
 */
export function pastResult(
  entries: readonly JournalEntry[],
  promptId: string,
  images: readonly BaseImage[],
): PromptResult | undefined {
  const end = entries.findIndex((entry) => entry.type === 'prompt-ended' && entry.promptId === promptId);
  const ended = entries[end];
  if (ended?.type !== 'prompt-ended') return undefined;
  const record = SessionRecord.fold(entries.slice(0, end));
  const active = record.active?.promptId === promptId ? record.active : null;
  if (active) addFailedAttempts(active, ended.failedAttempts);
  const acceptedAt =
    active?.acceptedAt ?? record.queue.find((prompt) => prompt.promptId === promptId)?.acceptedAt;
  return new PromptResult({
    promptId,
    reply: active?.reply ?? '',
    output: active?.output ?? null,
    stopReason: ended.stopReason,
    error: ended.error,
    finishReason: active?.finishReason ?? null,
    usage: active?.usage ?? NO_USAGE,
    failedAttempts: active?.failedAttempts ?? [],
    turns: active?.turns ?? 0,
    // The clock of the wall, which may have been set back.
    durationMs: Math.max(0, ended.at - (acceptedAt ?? ended.at)),
    workspace: new WorkspaceView({ sessionId: record.spec.sessionId, images, overlay: record.overlay }),
  });
}
