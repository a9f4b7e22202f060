import { DEFAULT_CHARS_PER_TOKEN } from './estimate.ts';
import type { Usage } from '../model/model.ts';
import type { Overflow } from './overflow.ts';

/** What a conversation weighs, see `weightOf`; its own characters a token, where its provider's figures have told them. */
export interface Weighed {
  readonly sentWeight: number;
  readonly charsPerToken: number | null;
}

/** How much of what a response tells goes into a model's figure: one odd conversation shall not spoil it. */
const SHARE_OF_NEW = 0.3;
/** Outside of this a provider's figure says nothing of characters. */
const PLAUSIBLE = { min: 0.3, max: 20 };

/**
 * What a pool knows of its models' windows and tokens: windows as configured or as a provider told when one was too
 * small; characters a token from what responses have used. Nothing of it is kept: it is learned again.
 */
export class ContextBook {
  readonly #windows: Readonly<Record<string, number>>;
  readonly #learnedWindows = new Map<string, number>();
  readonly #charsPerToken = new Map<string, number>();

  /** @param windows  tokens by `provider:model`, or by `provider:*` */
  constructor(windows: Readonly<Record<string, number>> = {}) {
    this.#windows = windows;
  }

  /** Tokens that fit in the model's window: the least that is known; null when nothing is. */
  windowOf(model: string): number | null {
    const configured = this.#windows[model] ?? this.#windows[`${model.slice(0, model.indexOf(':'))}:*`];
    const learned = this.#learnedWindows.get(model);
    if (configured === undefined) return learned ?? null;
    return Math.min(configured, learned ?? configured);
  }

  /** Tokens of a conversation, roughly: by its own figure, else the model's, else everybody's. */
  tokensOf(model: string, { sentWeight, charsPerToken }: Weighed): number {
    return Math.ceil(sentWeight / (charsPerToken ?? this.charsPerToken(model)));
  }

  charsPerToken(model: string): number {
    return this.#charsPerToken.get(model) ?? DEFAULT_CHARS_PER_TOKEN;
  }

  /** A response of the model told what its request took. @param weight  that it had; see `weightOf` */
  learnUsage(model: string, weight: number, { inputTokens, estimated }: Usage): void {
    if (!estimated) this.#learnTokens(model, weight, inputTokens);
  }

  #learnTokens(model: string, weight: number, tokens: number): void {
    const charsPerToken = charsPerTokenOf(weight, tokens);
    if (charsPerToken === null) return;
    const known = this.#charsPerToken.get(model);
    this.#charsPerToken.set(
      model,
      known === undefined ? charsPerToken : known + (charsPerToken - known) * SHARE_OF_NEW,
    );
  }

  /**
   * The provider refused a request as too long. Where it does not tell its window, it is less than what was sent.
   * @param weight  what the request had
   * @param tokens  the same as it was estimated
   */
  learnOverflow(
    model: string,
    { windowTokens, requestTokens }: Overflow,
    weight: number,
    tokens: number,
  ): void {
    const said = windowTokens ?? Math.min(requestTokens ?? tokens, tokens);
    this.#learnedWindows.set(model, Math.max(1, Math.min(said, this.#learnedWindows.get(model) ?? said)));
    const atLeast = requestTokens ?? windowTokens ?? 0;
    if (atLeast > tokens) this.#learnTokens(model, weight, atLeast);
  }
}

/** Characters a token by what a provider counted; null when that cannot be. */
export function charsPerTokenOf(weight: number, inputTokens: number): number | null {
  const ratio = weight / inputTokens;
  return ratio >= PLAUSIBLE.min && ratio <= PLAUSIBLE.max ? ratio : null;
}
