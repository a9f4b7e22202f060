import type { BenchPlan } from '../plan.ts';

const MAX_ITEMS = 20;
const MAX_STRING_CHARS = 2_000;
const MAX_CHARS = 60_000;

/** A plan as JSON, long lists and texts cut: a trace has an entry a conversation, and files are as long as they are. */
export function planText(plan: BenchPlan): string {
  const json = JSON.stringify(plan, shortened, 2) ?? 'null';
  return json.length > MAX_CHARS ? `${json.slice(0, MAX_CHARS)}\n… more in the result file` : json;
}

function shortened(_: string, value: unknown): unknown {
  if (Array.isArray(value) && value.length > MAX_ITEMS) {
    return [...value.slice(0, MAX_ITEMS), `… ${value.length - MAX_ITEMS} more`];
  }
  if (typeof value === 'string' && value.length > MAX_STRING_CHARS) {
    return `${value.slice(0, MAX_STRING_CHARS)}… ${value.length - MAX_STRING_CHARS} more characters`;
  }
  return value;
}
