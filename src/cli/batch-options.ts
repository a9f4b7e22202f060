import type { BudgetFlags } from './budget-flags.ts';

/** Of `skein batch`, as they were given. */
export interface BatchCommandOptions extends BudgetFlags {
  readonly dir?: string;
  readonly model?: string;
  /** Models that are asked, in this order, when the one before gives no answer; none: the job's. */
  readonly fallback: readonly string[];
  readonly concurrency?: number;
  readonly limit?: number;
  readonly out?: string;
  /** Output directory of the batch that is continued. */
  readonly resume?: string;
  readonly force?: true;
  /** Default `process`. */
  readonly isolation?: 'thread' | 'process';
  readonly shards?: number;
  readonly provider: readonly string[];
  /** Where exchanges with the model are kept. */
  readonly record?: string;
  /** Rounds in which items in conflict are run again; true: the default number. */
  readonly rerunConflicts?: number | true;
  readonly write?: true;
  /** Of the new branch that the changes are committed to. */
  readonly branch?: string;
  /** Where a worktree with the changes is made; true: in the output directory. */
  readonly worktree?: string | true;
  /** The profile that answers instead of the provider. */
  readonly simulate?: string;
  readonly json?: true;
}
