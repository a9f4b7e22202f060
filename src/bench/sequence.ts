import type { BenchPlan } from './plan.ts';

/** Numbers the conversations of a target as they become due: the warm-up's below 0, then the measured ones, until there are enough. */
export class Sequence {
  readonly #plan: Pick<BenchPlan, 'warmUp' | 'extent'>;
  readonly #startMs: number;
  #warmedUp = 0;
  #measured = 0;
  #measuredFromMs: number | undefined;

  /** @param startMs  when the arrivals begin */
  constructor(plan: Pick<BenchPlan, 'warmUp' | 'extent'>, startMs: number) {
    this.#plan = plan;
    this.#startMs = startMs;
  }

  /** The index of the conversation that is due then; undefined when there are no more. Times must ascend. */
  next(dueMs: number): number | undefined {
    const { warmUp, extent } = this.#plan;
    const isWarmUp =
      'count' in warmUp ? this.#warmedUp < warmUp.count : dueMs < this.#startMs + warmUp.durationMs;
    if (isWarmUp) return -(this.#warmedUp += 1);
    this.#measuredFromMs ??= dueMs;
    const isOver =
      'count' in extent ? this.#measured >= extent.count : dueMs >= this.#measuredFromMs + extent.durationMs;
    if (isOver) return undefined;
    return (this.#measured += 1) - 1;
  }
}
