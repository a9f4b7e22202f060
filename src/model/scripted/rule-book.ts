import type { Rule, Script } from './compile-script.ts';
import type { Conversation } from './conversation.ts';

/** A rule that matches, and the named groups of its patterns. */
export interface Choice {
  readonly rule: Rule;
  readonly captures: ReadonlyMap<string, string>;
}

/** Chooses rules for one server, and counts how often each was used. */
export class RuleBook {
  readonly #script: Script;
  readonly #uses: number[];

  constructor(script: Script) {
    this.#script = script;
    this.#uses = script.rules.map(() => 0);
  }

  /** The first rule that matches and is not used up; undefined when there is none. */
  choose(conversation: Conversation): Choice | undefined {
    for (const [i, rule] of this.#script.rules.entries()) {
      const captures = new Map<string, string>();
      if (this.#uses[i]! >= rule.times || !rule.matches(conversation, captures)) continue;
      this.#uses[i]!++;
      return { rule, captures };
    }
    return undefined;
  }
}
