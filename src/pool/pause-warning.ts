import { describeReached } from '../describe-budget.ts';
import type { ReachedBudget } from '../protocol/budget.ts';

/**
 * A process warning, once, for prompts that pause and nobody hears of it: whoever waits for one would take it for hung.
 */
export function pauseWarning(): (sessionId: string, reached: ReachedBudget) => void {
  let hasWarned = false;
  return (sessionId, reached) => {
    if (hasWarned) return;
    hasWarned = true;
    process.emitWarning(
      `Session ${sessionId} is paused: ${describeReached(reached)}. It goes on when that is raised (session.resume, pool.setBudget, pool.setGroupBudget). Streams tell of each pause; this is said once.`,
      { type: 'SkeinBudgetWarning', code: 'budget_reached' },
    );
  };
}
