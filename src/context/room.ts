/** How much of a model's window a session uses, as it was started with. */
export interface ContextSettings {
  /** Tokens of its model's window, where that is not what the pool knows; null otherwise. */
  readonly windowTokens: number | null;
  /** Share of the window from which on less is sent. */
  readonly compactAt: number;
  /** Turns at the end that are never left out. */
  readonly keepTurns: number;
  /** Tokens kept for the answer; null: as many as `modelOptions` let the model give. */
  readonly reserveTokens: number | null;
}

export const DEFAULT_CONTEXT: ContextSettings = {
  windowTokens: null,
  compactAt: 0.8,
  keepTurns: 4,
  reserveTokens: null,
};

/** What fits. */
export interface Room {
  readonly windowTokens: number;
  readonly reserveTokens: number;
  /** A request with more than this does not fit. */
  readonly hardTokens: number;
  /** With more than this it is time for sending less. */
  readonly softTokens: number;
  /**
   * The same, after a compaction that came down to `afterTokens` only: not before half of what it left free is used again,
   * since each costs a call of the model and the provider's cache of the prompt.
   */
  dueTokens(afterTokens: number): number;
}

/** Options of a request by which its answer is limited. */
const ANSWER_LIMITS = ['max_completion_tokens', 'max_output_tokens', 'max_tokens'];

/** How a window is used. */
export function roomIn(
  windowTokens: number,
  settings: ContextSettings,
  modelOptions: Readonly<Record<string, unknown>>,
): Room {
  const reserveTokens = settings.reserveTokens ?? answerLimit(modelOptions);
  const hardTokens = Math.max(0, windowTokens - reserveTokens);
  const softTokens = Math.min(hardTokens, Math.floor(windowTokens * settings.compactAt));
  return {
    windowTokens,
    reserveTokens,
    hardTokens,
    softTokens,
    // What was left for a larger window can be more than fits.
    dueTokens: (afterTokens) =>
      Math.min(hardTokens, Math.max(softTokens, Math.floor((afterTokens + hardTokens) / 2))),
  };
}

/** Tokens that the answer has at most; 0 where nothing says. Some servers take -1 for no limit. */
export function answerLimit(modelOptions: Readonly<Record<string, unknown>>): number {
  const limits = ANSWER_LIMITS.map((name) => modelOptions[name]);
  return limits.find((limit): limit is number => typeof limit === 'number' && limit > 0) ?? 0;
}
