import { BudgetReachedError } from '../errors.ts';
import { isSameLimit } from '../gate/budget.ts';
import type { ReachedBudget } from '../protocol/budget.ts';
import type { Ending } from './prompt-run.ts';
import type { PromptTicket } from './prompt-ticket.ts';
import type { SessionContext } from './session-context.ts';

/** Keeps one prompt within the budgets that it counts against: stops it at them, and counts its time. */
export class PromptBudget {
  readonly #session: SessionContext;
  readonly #ticket: PromptTicket;
  /** What its listeners were told of last. */
  #told: ReachedBudget | null = null;

  constructor(session: SessionContext, ticket: PromptTicket) {
    this.#session = session;
    this.#ticket = ticket;
  }

  /** The prompt is in progress from here on; its time counts. */
  begin(): void {
    this.#session.budget.begin(this.#session.ports.clock.now());
  }

  end(): void {
    this.#session.budget.end(this.#session.ports.clock.now());
  }

  /** What stands in the way of the next request. */
  reached(): ReachedBudget | null {
    return this.#session.budget.reached(this.#session.ports.clock.now());
  }

  /** @throws {BudgetReachedError} when the next request would go over a limit */
  assertAffordable(): void {
    const reached = this.reached();
    if (reached) throw new BudgetReachedError(reached);
  }

  /**
   * Has the prompt stop at a limit: journalled, told, and then it ends, or waits until limits have changed.
   * @returns how it ends; undefined when it is to look again
   * @throws what the journal throws
   */
  async stopAt(reached: ReachedBudget): Promise<Ending | undefined> {
    const { record, ports } = this.#session;
    const before = record.pausedAt;
    if (!before || !isSameLimit(before, reached)) {
      await this.#session.write({ type: 'budget-reached', ...reached, at: ports.clock.epochMs() });
    }
    if (!this.#told || !isSameLimit(this.#told, reached)) this.#tell(reached);
    if (reached.action === 'end') {
      const { code, message } = new BudgetReachedError(reached);
      return { stopReason: 'budget', error: { code, message, budget: reached } };
    }
    this.#session.moveTo('suspended');
    ports.steps.letGo(record.spec.sessionId);
    // It may have been raised while this was journalled.
    if (!this.reached()) return undefined;
    this.end();
    await ports.budgets.changed(this.#ticket.signal);
    this.begin();
    return undefined;
  }

  /** Says that a prompt that waited goes on. @throws what the journal throws */
  async goOn(): Promise<void> {
    if (!this.#session.record.pausedAt) return;
    await this.#session.write({ type: 'resumed', at: this.#session.ports.clock.epochMs() });
    this.#told = null;
    this.#ticket.tell({ type: 'resumed' });
  }

  #tell(reached: ReachedBudget): void {
    this.#told = reached;
    this.#ticket.tell({ type: 'budget', ...reached });
    const { record, ports } = this.#session;
    if (reached.action === 'pause' && !this.#ticket.isWatched) {
      ports.warnOfPause(record.spec.sessionId, reached);
    }
  }
}
