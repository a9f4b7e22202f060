import { headChars } from '../head-chars.ts';
import type { ToolCall, ToolResult } from '../tools/tool.ts';

/** From which repetition on a model is told that it goes round in circles, and at which one its prompt ends. */
export interface LoopLimits {
  readonly warnAfter: number;
  readonly endAfter: number;
}

export const DEFAULT_LOOPS: LoopLimits = { warnAfter: 3, endAfter: 6 };

/** A call that gave the same result so many times. */
export interface Repetition {
  readonly callId: string;
  readonly name: string;
  readonly arguments: string;
  readonly count: number;
}

/** Enough for what is told of it. */
const SEPARATOR = '\n';

/**
 * Notices that a prompt goes round in circles: turn after turn the same calls with the same results, one or several in
 * turns. A turn with a call or a result that is new in the prompt is progress, and the counting begins anew after it: who
 * looks at the same list between two different edits is not stuck. A fold, like the record that it is part of.
 */
export class LoopWatch {
  /** Call → results that it gave in this prompt. */
  readonly #seen = new Map<string, Set<string>>();
  /** Call → result → turns in which it gave it, since there was progress; the last one before that counts. */
  #counts = new Map<string, Map<string, number>>();

  /**
   * Takes a turn that has come to its end. The same call twice in one turn counts once.
   * @returns how often each call has given its result now, for those that are repeated
   */
  take(calls: readonly ToolCall[], results: ReadonlyMap<string, ToolResult>): readonly Repetition[] {
    const turn = new Map<
      string,
      { readonly key: string; readonly content: string; readonly call: ToolCall }
    >();
    for (const call of calls) {
      const content = results.get(call.id)?.content;
      if (content === undefined) continue;
      const key = `${call.name} ${canonical(call.arguments)}`;
      turn.set(key + SEPARATOR + content, { key, content, call });
    }
    if ([...turn.values()].some(({ key, content }) => !this.#seen.get(key)?.has(content))) {
      this.#counts = new Map();
    }
    const repeated: Repetition[] = [];
    for (const { key, content, call } of turn.values()) {
      const count = this.#count(key, content);
      if (count > 1) {
        repeated.push({ callId: call.id, name: call.name, arguments: call.arguments, count });
      }
    }
    return repeated;
  }

  #count(key: string, content: string): number {
    const seen = this.#seen.get(key) ?? new Set();
    this.#seen.set(key, seen);
    const counts = this.#counts.get(key) ?? new Map<string, number>();
    this.#counts.set(key, counts);
    const before = counts.get(content) ?? (seen.has(content) ? 1 : 0);
    seen.add(content);
    counts.set(content, before + 1);
    return before + 1;
  }
}

/** What the model reads at the end of a result that it has had before. */
export function loopNote(count: number): string {
  return (
    `\n\n[You have made this call ${count} times with the same result. It will not change: do something else, or ` +
    'answer with what you know.]'
  );
}

/** What a prompt ends with that goes round in circles; null while it may go on. */
export function loopError(
  repeated: readonly Repetition[],
  { endAfter }: LoopLimits,
): { readonly code: 'loop'; readonly message: string } | null {
  const found = repeated.find(({ count }) => count >= endAfter);
  if (!found) return null;
  const call = `${found.name} ${headChars(found.arguments, 200)}`;
  return {
    code: 'loop',
    message: `${call} gave the same result ${found.count} times, and nothing new came between`,
  };
}

/** The same for arguments that say the same: keys in order, without blanks. */
function canonical(args: string): string {
  try {
    return JSON.stringify(JSON.parse(args), (_, value: unknown) => ordered(value));
  } catch {
    return args;
  }
}

function ordered(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
