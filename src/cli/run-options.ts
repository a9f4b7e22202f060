import type { BudgetFlags } from './budget-flags.ts';

/** Of `skein run`, as they were given. */
export interface RunCommandOptions extends BudgetFlags {
  readonly dir?: string;
  readonly file: readonly string[];
  readonly model?: string;
  /** Models that are asked, in this order, when the one before gives no answer. */
  readonly fallback: readonly string[];
  readonly system?: string;
  readonly skills: readonly string[];
  readonly provider: readonly string[];
  /** Where exchanges with the model are kept. */
  readonly record?: string;
  readonly maxTurns?: number;
  /** Images that go with the prompt. */
  readonly image: readonly string[];
  /** File of the JSON Schema that the answer is to have. */
  readonly schema?: string;
  readonly write?: true;
  readonly patch?: string;
  /** Where the session is kept, so that it goes on in a later run. */
  readonly store?: string;
  /** Its id there; a new one when it is not given. */
  readonly session?: string;
  readonly json?: true;
}
