import type { Usage } from '../model/model.ts';
import { NO_USAGE } from '../model/model.ts';
import { addUsage } from '../model/usage.ts';
import type { BudgetMeasure, BudgetOptions, BudgetScope, ReachedBudget } from '../protocol/budget.ts';

/** What has been spent, by whomever. */
export interface Spending {
  /** Of all model responses, and of attempts that failed after they had begun. */
  readonly usage: Usage;
  /** Model responses. */
  readonly turns: number;
}

export const NOTHING_SPENT: Spending = { usage: NO_USAGE, turns: 0 };

export function addSpending(a: Spending, b: Spending): Spending {
  return { usage: addUsage(a.usage, b.usage), turns: a.turns + b.turns };
}

/** What a budget allows and what is spent of it. */
export interface BudgetStatus extends Spending {
  /** Null where nothing is limited. */
  readonly limits: BudgetOptions | null;
  /** Time with a prompt in progress; null where no limit asks for it: then it is not counted. */
  readonly wallMs: number | null;
  /** The first of its own limits that is reached; null while none is. */
  readonly reached: ReachedBudget | null;
}

/**
 * One node of the tree of budgets. What is spent at it is spent at all the nodes above it too, so that the sum over the
 * leaves is what the root has.
 */
export class BudgetNode {
  readonly scope: BudgetScope;
  /** The group's name, the session's id; null of the pool. */
  readonly name: string | null;
  /** Null of the pool. */
  readonly parent: BudgetNode | null;
  /** Since when it counts time by itself, in epoch milliseconds. */
  readonly bornAt: number;
  limits: BudgetOptions | null;
  /** This node and those above it, up to the pool's. */
  readonly #path: readonly BudgetNode[];
  #spending: Spending;
  /** Prompts in progress at it and below. */
  #inProgress = 0;
  /** When the first of them began; see {@link Clock.now}. */
  #since = 0;
  #wallMs = 0;
  readonly #earlierWallMs: (node: BudgetNode) => number;
  #earlier: number | undefined;

  constructor(parts: {
    readonly scope: BudgetScope;
    readonly name: string | null;
    readonly parent: BudgetNode | null;
    readonly limits: BudgetOptions | null;
    readonly bornAt?: number;
    /** Spent before; the nodes above have it already. */
    readonly spending?: Spending;
    /** Time with a prompt in progress before there was this node. Asked at most once, and only for a limit of time. */
    readonly earlierWallMs?: (node: BudgetNode) => number;
  }) {
    this.scope = parts.scope;
    this.name = parts.name;
    this.parent = parts.parent;
    // Not spread: an array that was grown keeps room for more.
    const own: readonly BudgetNode[] = [this];
    this.#path = parts.parent ? own.concat(parts.parent.#path) : own;
    this.limits = parts.limits;
    this.bornAt = parts.bornAt ?? 0;
    this.#spending = parts.spending ?? NOTHING_SPENT;
    this.#earlierWallMs = parts.earlierWallMs ?? (() => 0);
  }

  get spending(): Spending {
    return this.#spending;
  }

  /** Counts what was spent here, and above. */
  spend(spending: Spending): void {
    for (const node of this.#path) node.#spending = addSpending(node.#spending, spending);
  }

  /** A prompt goes on from here, or stops. In pairs. @param now  monotonic milliseconds */
  begin(now: number): void {
    for (const node of this.#path) {
      if (node.#inProgress === 0) node.#since = now;
      node.#inProgress += 1;
    }
  }

  end(now: number): void {
    for (const node of this.#path) {
      node.#inProgress -= 1;
      if (node.#inProgress === 0) node.#wallMs += now - node.#since;
    }
  }

  /** Time with a prompt in progress at it and below, that of earlier processes included. */
  wallMs(now: number): number {
    this.#earlier ??= this.#earlierWallMs(this);
    return this.#earlier + this.#wallMs + (this.#inProgress > 0 ? now - this.#since : 0);
  }

  /** The first of this node's own limits that is reached. @param limits  default: its own */
  ownReached(now: number, limits: BudgetOptions | null = this.limits): ReachedBudget | null {
    if (!limits) return null;
    const { usage, turns } = this.#spending;
    const reached = (what: BudgetMeasure, limit: number | undefined, spent: number): ReachedBudget | null =>
      limit !== undefined && spent >= limit ? this.#reached(limits, what, limit, spent) : null;
    return (
      reached('usd', limits.usd, usage.cost.usd ?? 0) ??
      (limits.usd !== undefined && usage.cost.unpriced > 0
        ? this.#reached(limits, 'price', limits.usd, usage.cost.usd ?? 0)
        : null) ??
      reached('tokens', limits.tokens, usage.totalTokens) ??
      reached('turns', limits.turns, turns) ??
      (limits.wallMs === undefined ? null : reached('wallMs', limits.wallMs, Math.round(this.wallMs(now))))
    );
  }

  /**
   * What stands in the way of the next model request: a limit of this node or of one above it. One that ends the prompt
   * comes before those that pause it: waiting would not help.
   * @param own  limits to take for this node's own
   */
  reached(now: number, own: BudgetOptions | null = this.limits): ReachedBudget | null {
    let first: ReachedBudget | null = null;
    for (const node of this.#path) {
      const reached = node.ownReached(now, node === this ? own : node.limits);
      if (reached?.action === 'end') return reached;
      first ??= reached;
    }
    return first;
  }

  status(now: number): BudgetStatus {
    return {
      ...this.#spending,
      limits: this.limits,
      wallMs: this.limits?.wallMs === undefined ? null : Math.round(this.wallMs(now)),
      reached: this.ownReached(now),
    };
  }

  #reached(limits: BudgetOptions, what: BudgetMeasure, limit: number, spent: number): ReachedBudget {
    const { scope, name } = this;
    return { scope, name, what, limit, spent, action: limits.onReached ?? 'pause' };
  }
}

/** Two limits that are the same to whoever waits for them, however much is spent by now. */
export function isSameLimit(a: ReachedBudget, b: ReachedBudget): boolean {
  return (
    a.scope === b.scope &&
    a.name === b.name &&
    a.what === b.what &&
    a.limit === b.limit &&
    a.action === b.action
  );
}
