import type { ExitCode } from './exit-code.ts';

/** What became of a finished batch's changes. */
export interface BatchEnd {
  /** Of the results. */
  readonly directory: string;
  /** The changes are in the files. */
  readonly applied: boolean;
  readonly problem: Error | undefined;
  readonly exitCode: ExitCode;
}
