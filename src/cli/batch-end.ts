import type { Delivered } from './batch-delivery.ts';
import type { ExitCode } from './exit-code.ts';

/** The code of an error that says that a budget stood in the way. */
export function isBudgetCode(code: string): boolean {
  return code === 'budget_reached' || code === 'price_unknown';
}

/** What became of a finished batch's changes. */
export interface BatchEnd {
  /** Of the results. */
  readonly directory: string;
  readonly delivered: Delivered;
  /** Why they are nowhere, though that was asked for. */
  readonly problem: Error | undefined;
  readonly exitCode: ExitCode;
  /** Items that an earlier run has done. */
  readonly doneBefore: number;
  /** The command that goes on with it; null when everything is done. */
  readonly resume: string | null;
}
