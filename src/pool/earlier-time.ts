import type { BudgetNode } from '../gate/budget.ts';
import { inProgress, type Interval } from '../journal/prompt-times.ts';
import type { JournalStore, StoredSession } from '../journal/store.ts';

/**
 * For how long at least one prompt of the node's sessions was in progress before the node was born, as their journals tell
 * it. Reads them, which takes its time: only a limit of time asks for it, and once.
 * @throws {StoreError} when a journal cannot be read
 */
export function earlierWallMs(store: JournalStore, node: BudgetNode): number {
  const sessions = [...store.sessions(), ...(store.hiddenSessions?.() ?? [])];
  const parentOf = new Map(sessions.map(({ sessionId, parent }) => [sessionId, parent]));
  const times = sessions
    .filter((session) => session.openedAt < node.bornAt && counts(session, node, parentOf))
    .flatMap(({ sessionId }) => inProgress(store.read(sessionId)));
  return unionMs(times, node.bornAt);
}

function counts(
  { sessionId, group }: StoredSession,
  { scope, name }: BudgetNode,
  parentOf: ReadonlyMap<string, string | null>,
): boolean {
  if (scope === 'pool') return true;
  if (scope === 'group') return group === name;
  const seen = new Set<string>();
  // Ids that were used again could lead in a circle.
  for (let id: string | null | undefined = sessionId; id && !seen.has(id); id = parentOf.get(id)) {
    if (id === name) return true;
    seen.add(id);
  }
  return false;
}

/** Milliseconds before `until` that are in one of the intervals at least. */
function unionMs(intervals: readonly Interval[], until: number): number {
  let total = 0;
  let covered = -Infinity;
  for (const { from, to } of [...intervals].sort((a, b) => a.from - b.from)) {
    const [start, end] = [Math.max(from, covered), Math.min(to, until)];
    if (end > start) total += end - start;
    covered = Math.max(covered, end);
  }
  return total;
}
