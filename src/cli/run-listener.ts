import type { FileDiff } from '../batch/file-diff.ts';
import type { PriceTable } from '../gate/prices.ts';
import type { SessionEvent } from '../pool/events.ts';
import type { PromptResult } from '../pool/prompt-result.ts';
import type { BaseImage } from '../workspace/base-image.ts';
import type { ExitCode } from './exit-code.ts';

/** What a run is about. */
export interface RunAbout {
  readonly model: string;
  /** No language model answers. */
  readonly scripted: boolean;
  readonly prices: PriceTable;
  /** The answer is to be a value, not a text. */
  readonly isValue: boolean;
}

/** Follows one run: `RunView` for people, `RunRecords` for programs. After `started`, `ended` or `failed` is called once, last. */
export interface RunListener {
  started(sessionId: string, image: BaseImage): void;
  event(event: SessionEvent): void;
  /** Something beside the session's own events. */
  remark(line: string): void;
  /** The run broke off, and has no result. */
  failed(error: unknown, exitCode: ExitCode): void;
  ended(result: PromptResult, diffs: readonly FileDiff[], end: RunEnd): void;
}

/** What became of a run's changes. */
export interface RunEnd {
  readonly applied: boolean;
  /** Where the patch was saved; null when it was not. */
  readonly patchFile: string | null;
  readonly problem: Error | undefined;
  readonly exitCode: ExitCode;
}
