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

/** What a call gave, in one turn or several. */
interface Answer {
  readonly content: string;
  /** Turns in which it was given, since the progress before the last of them; the last one before that counts. */
  count: number;
  /** The progress before the last of these turns, see {@link LoopWatch}. */
  since: number;
}

/**
 * Notices that a prompt goes round in circles: turn after turn the same calls with the same results, one or several in
 * turns. A turn with a call or a result that is new in the prompt is progress, and the counting begins anew after it: who
 * looks at the same list between two different edits is not stuck. A fold, like the record that it is part of.
 */
export class LoopWatch {
  /** By call. Lists, since a call seldom gives many results, and long ones are compared sooner than hashed. */
  readonly #answers = new Map<string, Answer[]>();
  /** Turns with something new in them. */
  #progress = 0;

  /**
   * Takes a turn that has come to its end. The same call twice in one turn counts once.
   * @returns how often each call has given its result now, for those that are repeated
   */
  take(calls: readonly ToolCall[], results: ReadonlyMap<string, ToolResult>): readonly Repetition[] {
    const turn = new Map<Answer, ToolCall>();
    let isProgress = false;
    for (const call of calls) {
      const content = results.get(call.id)?.content;
      if (content === undefined) continue;
      const answers = this.#answersOf(call);
      let answer = answers.find((known) => known.content === content);
      if (!answer) {
        answer = { content, count: 0, since: this.#progress };
        answers.push(answer);
        isProgress = true;
      }
      turn.set(answer, call);
    }
    if (isProgress) this.#progress += 1;
    const repeated: Repetition[] = [];
    for (const [answer, call] of turn) {
      if (answer.since !== this.#progress) answer.count = Math.min(answer.count, 1);
      answer.since = this.#progress;
      answer.count += 1;
      if (answer.count === 1) continue;
      repeated.push({ callId: call.id, name: call.name, arguments: call.arguments, count: answer.count });
    }
    return repeated;
  }

  #answersOf(call: ToolCall): Answer[] {
    const key = `${call.name} ${canonical(call.arguments)}`;
    const known = this.#answers.get(key);
    if (known) return known;
    const answers: Answer[] = [];
    this.#answers.set(key, answers);
    return answers;
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
    const value: unknown = JSON.parse(args);
    return JSON.stringify(value, isOrdered(value) ? undefined : (_, inner: unknown) => ordered(inner));
  } catch {
    return args;
  }
}

/** Most are, or have one key; a replacer costs many times what writing them does. */
function isOrdered(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (!Array.isArray(value)) {
    const keys = Object.keys(value);
    if (keys.some((key, at) => at > 0 && key < keys[at - 1]!)) return false;
  }
  return Object.values(value).every(isOrdered);
}

function ordered(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
