import type { BudgetOptions } from '../protocol/budget.ts';
import { BudgetNode, type BudgetStatus, type Spending } from './budget.ts';

/** What is known of a session that has been in the store since before: what it has spent, and what that counts against. */
export interface EarlierSession extends Spending {
  readonly sessionId: string;
  readonly group: string | null;
  readonly parent: string | null;
}

/** What a session's node is made of. */
export interface SessionAccount extends EarlierSession {
  readonly limits: BudgetOptions | null;
}

export interface BudgetTreeOptions {
  readonly pool?: BudgetOptions | null;
  /** By name. Null: without a limit; its spending is counted. */
  readonly groups?: Readonly<Record<string, BudgetOptions | null>>;
  /** Time with a prompt in progress before the node was born; asked for nodes with a limit of it only. */
  readonly earlierWallMs?: (node: BudgetNode) => number;
  /** Default 0, for where nothing was before. */
  readonly epochMs?: () => number;
}

/**
 * The budgets of a pool: the pool's own, its groups', its sessions', and how much of each is spent. A session counts
 * against its parent session where it has one, else against its group where it has one, else against the pool.
 */
export class BudgetTree {
  readonly #pool: BudgetNode;
  readonly #groups = new Map<string, BudgetNode>();
  /** Of sessions that are in memory, and of those that others count against. */
  readonly #sessions = new Map<string, BudgetNode>();
  /** Ids of those that others count against. */
  readonly #parents = new Set<string>();
  readonly #earlierWallMs: ((node: BudgetNode) => number) | undefined;
  readonly #epochMs: () => number;
  /** Called when a limit changes. */
  readonly #waiting = new Set<() => void>();

  constructor(options: BudgetTreeOptions = {}) {
    this.#earlierWallMs = options.earlierWallMs;
    this.#epochMs = options.epochMs ?? (() => 0);
    this.#pool = this.#node({ scope: 'pool', name: null, parent: null, limits: options.pool ?? null });
    for (const [name, limits] of Object.entries(options.groups ?? {})) this.setGroupLimits(name, limits);
  }

  /** Takes in what sessions of earlier processes have spent, in the order in which they were opened. Once, at first. */
  takeIn(sessions: readonly EarlierSession[]): void {
    const parents = new Set(sessions.flatMap(({ parent }) => parent ?? []));
    for (const account of sessions) {
      // One whose parent is gone, or has been opened anew since, counts against its group alone.
      const above = this.#above(account);
      above.spend(account);
      if (parents.has(account.sessionId)) {
        this.#parents.add(account.sessionId);
        this.#sessions.set(account.sessionId, this.#sessionNode({ ...account, limits: null }, above));
      }
    }
  }

  /** The node of a session that is in memory: its limits are those that its journal has. */
  session(account: SessionAccount): BudgetNode {
    const known = this.#sessions.get(account.sessionId);
    if (known) {
      known.limits = account.limits;
      return known;
    }
    const node = this.#sessionNode(account, this.#above(account));
    this.#sessions.set(account.sessionId, node);
    return node;
  }

  /** Another session is to count against this one, which is in memory. */
  becomesParent(sessionId: string): void {
    this.#parents.add(sessionId);
  }

  /** It has left memory; it can be told again from its journal, unless others count against it. */
  rest(sessionId: string): void {
    if (!this.#parents.has(sessionId)) this.#sessions.delete(sessionId);
  }

  /** It is closed or removed. What it has spent is spent. */
  forget(sessionId: string): void {
    this.#sessions.delete(sessionId);
    this.#parents.delete(sessionId);
  }

  get groupNames(): readonly string[] {
    return [...this.#groups.keys()];
  }

  /** @param group  default: the pool @returns undefined for a group that nobody has named */
  spending(group?: string): Spending | undefined {
    return this.#nodeOf(group)?.spending;
  }

  status(now: number, group?: string): BudgetStatus | undefined {
    return this.#nodeOf(group)?.status(now);
  }

  /** Whoever waits looks again. */
  setPoolLimits(limits: BudgetOptions | null): void {
    this.#pool.limits = limits;
    this.#wake();
  }

  /** The same of a group; it is made where there is none of the name. */
  setGroupLimits(name: string, limits: BudgetOptions | null): void {
    this.#group(name).limits = limits;
    this.#wake();
  }

  setSessionLimits(node: BudgetNode, limits: BudgetOptions | null): void {
    node.limits = limits;
    this.#wake();
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const goOn of waiting) goOn();
  }

  /** Resolves when a limit has changed, or the signal is aborted. */
  changed(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }

  #nodeOf(group: string | undefined): BudgetNode | undefined {
    return group === undefined ? this.#pool : this.#groups.get(group);
  }

  #above({ group, parent }: EarlierSession): BudgetNode {
    const above = parent === null ? undefined : this.#sessions.get(parent);
    return above ?? (group === null ? this.#pool : this.#group(group));
  }

  #group(name: string): BudgetNode {
    const known = this.#groups.get(name);
    if (known) return known;
    const node = this.#node({ scope: 'group', name, parent: this.#pool, limits: null });
    this.#groups.set(name, node);
    return node;
  }

  #sessionNode({ sessionId, limits, usage, turns }: SessionAccount, parent: BudgetNode): BudgetNode {
    return this.#node({ scope: 'session', name: sessionId, parent, limits, spending: { usage, turns } });
  }

  #node(parts: ConstructorParameters<typeof BudgetNode>[0]): BudgetNode {
    const earlierWallMs = this.#earlierWallMs;
    return new BudgetNode({ ...parts, bornAt: this.#epochMs(), ...(earlierWallMs ? { earlierWallMs } : {}) });
  }
}
