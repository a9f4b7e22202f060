import type { SessionEvent } from '../../src/pool/events.ts';
import type { PromptResult } from '../../src/pool/prompt-result.ts';

const GATE_EVENTS: ReadonlySet<SessionEvent['type']> = new Set([
  'gate-waiting',
  'gate-admitted',
  'gate-left',
]);

/**
 * What a replay has to repeat: every event with all it says, pieces of one text joined, without what tells of time, in
 * which no two runs are alike. Files are there as bytes.
 */
export function normalForm(events: readonly SessionEvent[]): object[] {
  const all: Record<string, unknown>[] = [];
  for (const { seq: _, ...event } of events) {
    const last = all.at(-1);
    if (event.type === 'text' || event.type === 'reasoning') {
      if (last?.['type'] === event.type && last['turn'] === event.turn) last['text'] += event.text;
      else all.push({ ...event });
    } else if (GATE_EVENTS.has(event.type)) {
      // A recording is not waited for.
      continue;
    } else if (event.type === 'model-retried') {
      const { delayMs: __, ...rest } = event;
      all.push(rest);
    } else if (event.type === 'prompt-ended') {
      all.push({ ...event, result: normalResult(event.result) });
    } else all.push(event);
  }
  return all;
}

function normalResult(result: PromptResult): object {
  const { durationMs: _, ...rest } = result.toJSON() as Record<string, unknown>;
  return { ...rest, files: Object.fromEntries([...result.files].sort(([a], [b]) => (a < b ? -1 : 1))) };
}
