import type { BudgetFlags } from './budget-flags.ts';

/** Of `skein bench`, as they were given. */
export interface BenchCommandOptions extends BudgetFlags {
  /** Instead of the plan's targets. */
  readonly model: readonly string[];
  /** One conversation's, in order; without a plan file. */
  readonly prompt: readonly string[];
  /** The files of the conversation; without a plan file. */
  readonly dir?: string;
  readonly system?: string;
  readonly provider: readonly string[];
  readonly atOnce?: number;
  /** Conversations a second, of each target. */
  readonly rate?: number;
  readonly count?: number;
  readonly seconds?: number;
  readonly warmUp?: number;
  readonly seed?: number;
  readonly out?: string;
  readonly force?: true;
  /** The profile that answers instead of the providers. */
  readonly simulate?: string;
  readonly json?: true;
}
