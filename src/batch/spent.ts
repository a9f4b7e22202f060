import { NO_USAGE, type Usage } from '../model/model.ts';
import { addUsage } from '../model/usage.ts';

/** What attempts at an item have cost. */
export interface Spent {
  readonly turns: number;
  readonly usage: Usage;
  readonly durationMs: number;
}

export const NOTHING_SPENT: Spent = { turns: 0, usage: NO_USAGE, durationMs: 0 };

export function addSpent(a: Spent, b: Spent): Spent {
  return {
    turns: a.turns + b.turns,
    usage: addUsage(a.usage, b.usage),
    durationMs: a.durationMs + b.durationMs,
  };
}
