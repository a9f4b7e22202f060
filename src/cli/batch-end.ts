import type { ExitCode } from './exit-code.ts';

/** What became of a finished batch's changes. */
export interface BatchEnd {
  /** Of the results. */
  readonly directory: string;
  /** The changes are in the files. */
  readonly applied: boolean;
  readonly problem: Error | undefined;
  readonly exitCode: ExitCode;
  /** Items that an earlier run has done. */
  readonly doneBefore: number;
  /** The command that goes on with it; null when everything is done. */
  readonly resume: string | null;
}
