/** What may be spent. Each limit that is given counts; at least one is. All are above 0. */
export interface BudgetOptions {
  /** US dollars. It cannot be kept over a response that nobody has a price for: that counts as reached. */
  readonly usd?: number;
  /** Input and output together, as the provider counts them. */
  readonly tokens?: number;
  /** Model responses. */
  readonly turns?: number;
  /** Time with a prompt in progress, in milliseconds. Of many sessions: with at least one in progress. */
  readonly wallMs?: number;
  /**
   * What becomes of a prompt that would go over it. `pause`, the default: it waits, without a thread, until the budget is
   * raised. `end`: it ends with stop reason `budget`.
   */
  readonly onReached?: BudgetAction;
}

export type BudgetAction = 'pause' | 'end';

/** Whose budget: of all sessions of a pool, of a named group of them, of one session and those that count against it. */
export type BudgetScope = 'pool' | 'group' | 'session';

/** `price`: there is a limit in dollars, and a response whose cost nobody knows. */
export type BudgetMeasure = 'usd' | 'tokens' | 'turns' | 'wallMs' | 'price';

/** A limit that is reached. */
export interface ReachedBudget {
  readonly scope: BudgetScope;
  /** Of the group, or the session's id; null for the pool. */
  readonly name: string | null;
  readonly what: BudgetMeasure;
  /** In the unit of `what`; dollars for `price`. */
  readonly limit: number;
  readonly spent: number;
  readonly action: BudgetAction;
}
