import type { ItemOutcome } from '../../src/batch/run-batch.ts';
import { NO_USAGE } from '../../src/model/model.ts';
import { PromptResult } from '../../src/pool/prompt-result.ts';
import type { BaseImage } from '../../src/workspace/base-image.ts';
import { WorkspaceView } from '../../src/workspace/workspace-view.ts';

/** An item whose session left these files; null deletes one. */
export function outcomeOf(
  id: string,
  image: BaseImage,
  changes: Readonly<Record<string, string | Uint8Array | null>>,
  stopReason: 'end' | 'max-turns' = 'end',
  reply = 'Done.',
): ItemOutcome {
  const overlay = new Map(
    Object.entries(changes).map(([path, content]) => [
      path,
      typeof content === 'string' ? Buffer.from(content) : content,
    ]),
  );
  const result = new PromptResult({
    promptId: id,
    output: null,
    reply,
    stopReason,
    error: null,
    finishReason: 'stop',
    usage: NO_USAGE,
    failedAttempts: [],
    turns: 1,
    durationMs: 1,
    workspace: new WorkspaceView({ sessionId: id, images: [image], overlay }),
  });
  const status = stopReason === 'end' ? 'done' : 'failed';
  return { item: { id, number: 1, prompt: '' }, status, result, error: null };
}
