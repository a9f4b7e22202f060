import type { PromptError, StopReason } from '../journal/entries.ts';
import type { FailedAttempt } from '../journal/failed-attempts.ts';
import type { FinishReason, Usage } from '../model/model.ts';
import type { ChangeSummary } from '../workspace/files-view.ts';
import type { WorkspaceView } from '../workspace/workspace-view.ts';

export interface PromptResultData {
  readonly promptId: string;
  readonly reply: string;
  /** The value that was asked for, as JSON; null when there is none. */
  readonly output: string | null;
  readonly stopReason: StopReason;
  readonly error: PromptError | null;
  readonly finishReason: FinishReason | null;
  readonly usage: Usage;
  readonly failedAttempts: readonly FailedAttempt[];
  readonly turns: number;
  readonly durationMs: number;
  readonly workspace: WorkspaceView;
}

/**
 * How a prompt ended and what the session's files were then. `workspace`, and `files`, `changes` and `patch` of it,
 * describe the session since it started, not only this prompt.
 */
export class PromptResult {
  readonly promptId: string;
  /** The model's last text; '' when it gave none. */
  readonly reply: string;
  /** The value that the prompt's `schema` asked for, which it fits; undefined when none was asked for, or there is none. */
  readonly output: unknown;
  readonly stopReason: StopReason;
  /** What went wrong, where the stop reason is `model-error`, `invalid-output` or `crashed`; else null. */
  readonly error: PromptError | null;
  /** The provider's reason for the last response: `length` means that the reply was cut. */
  readonly finishReason: FinishReason | null;
  /** Tokens of this prompt, all its turns together. */
  readonly usage: Usage;
  /** Requests to models that came to nothing, oldest first and at most 100: why there were retries, or a fallback, or no answer. */
  readonly failedAttempts: readonly FailedAttempt[];
  /** Model responses. */
  readonly turns: number;
  /** From acceptance to the end, waiting in the mailbox included. */
  readonly durationMs: number;
  /** The session's files as they were then. */
  readonly workspace: WorkspaceView;

  constructor(data: PromptResultData) {
    this.promptId = data.promptId;
    this.reply = data.reply;
    this.output = data.output === null ? undefined : JSON.parse(data.output);
    this.stopReason = data.stopReason;
    this.error = data.error;
    this.finishReason = data.finishReason;
    this.usage = data.usage;
    this.failedAttempts = data.failedAttempts;
    this.turns = data.turns;
    this.durationMs = data.durationMs;
    this.workspace = data.workspace;
  }

  /** Every file, as relative POSIX path → text, or bytes where the content is not UTF-8. A view: nothing is copied before it is read. */
  get files(): ReadonlyMap<string, string | Uint8Array> {
    return this.workspace.files;
  }

  /** What differs from the session's first files, by path. */
  get changes(): readonly ChangeSummary[] {
    return this.workspace.changes;
  }

  /** The changes in git's format, as `git apply` takes them; '' when there are none. */
  get patch(): string {
    return this.workspace.patch;
  }

  /** For `JSON.stringify`: everything but the file contents. */
  toJSON(): object {
    const { promptId, reply, output, stopReason, error, finishReason, usage, turns, durationMs } = this;
    const { failedAttempts, changes, patch } = this;
    return {
      promptId,
      reply,
      output,
      stopReason,
      error,
      finishReason,
      usage,
      failedAttempts,
      turns,
      durationMs,
      changes,
      patch,
    };
  }
}
