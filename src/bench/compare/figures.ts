import type { PromptSample } from '../result.ts';

/**
 * What two results are compared by.
 * - latencies, of prompts that ended as they should: from when a prompt was due, as in the result
 * - `firstTokenP50`, `firstTokenP90` — one a prompt, waits included
 * - `betweenTokensP50` — of prompts' means
 * - `tokensPerSecond` — output tokens of a prompt in the time that it ran: what one user sees, not what the server does in all
 * - `success` — share of the conversations checked that passed
 * - `errors` — share of prompts that did not end as they should
 * - `cost` — US dollars a prompt
 */
export type FigureName =
  | 'latencyP50'
  | 'latencyP90'
  | 'latencyP99'
  | 'firstTokenP50'
  | 'firstTokenP90'
  | 'betweenTokensP50'
  | 'tokensPerSecond'
  | 'success'
  | 'errors'
  | 'cost';

export type FigureUnit = 'ms' | 'tokens/s' | 'share' | 'usd';

export interface Figure {
  readonly name: FigureName;
  readonly label: string;
  readonly unit: FigureUnit;
  readonly better: 'lower' | 'higher';
}

interface QuantileFigure extends Figure {
  readonly at: number;
}

/** Figures that are read from the same numbers of a prompt. */
export type FigureGroup =
  | {
      readonly kind: 'quantiles';
      readonly figures: readonly QuantileFigure[];
      /** Null: the prompt has nothing to say. */
      readonly value: (prompt: PromptSample) => number | null;
    }
  | {
      readonly kind: 'ratio';
      readonly figures: readonly Figure[];
      readonly isShare: boolean;
      /** Numerator and denominator. */
      readonly value: (prompt: PromptSample) => readonly [number, number] | null;
    };

/** Of a prompt that ended as it should: one that was refused at once is not fast. */
const ofDone =
  <Value>(value: (prompt: PromptSample) => Value | null) =>
  (prompt: PromptSample): Value | null =>
    prompt.error === null ? value(prompt) : null;

const ms = (name: FigureName, label: string, at: number): QuantileFigure => ({
  name,
  label,
  unit: 'ms',
  better: 'lower',
  at,
});

/** In the order in which they are shown. */
export const FIGURE_GROUPS: readonly FigureGroup[] = [
  {
    kind: 'quantiles',
    figures: [
      ms('latencyP50', 'latency p50', 0.5),
      ms('latencyP90', 'latency p90', 0.9),
      ms('latencyP99', 'latency p99', 0.99),
    ],
    value: ofDone(({ endedAtMs, dueAtMs }) => endedAtMs - dueAtMs),
  },
  {
    kind: 'quantiles',
    figures: [ms('firstTokenP50', 'first token p50', 0.5), ms('firstTokenP90', 'first token p90', 0.9)],
    value: ofDone(({ firstTokenMs }) => firstTokenMs),
  },
  {
    kind: 'quantiles',
    figures: [ms('betweenTokensP50', 'between tokens p50', 0.5)],
    value: ofDone(({ betweenTokensMs }) => betweenTokensMs),
  },
  {
    kind: 'ratio',
    figures: [{ name: 'tokensPerSecond', label: 'tokens/s of a prompt', unit: 'tokens/s', better: 'higher' }],
    isShare: false,
    value: ofDone(({ outputTokens, startedAtMs, endedAtMs }) => [
      outputTokens,
      (endedAtMs - startedAtMs) / 1000,
    ]),
  },
  {
    kind: 'ratio',
    figures: [{ name: 'success', label: 'success', unit: 'share', better: 'higher' }],
    isShare: true,
    value: ({ passed }) => (passed === null ? null : [Number(passed), 1]),
  },
  {
    kind: 'ratio',
    figures: [{ name: 'errors', label: 'errors', unit: 'share', better: 'lower' }],
    isShare: true,
    value: ({ error }) => [Number(error !== null), 1],
  },
  {
    kind: 'ratio',
    figures: [{ name: 'cost', label: 'cost of a prompt', unit: 'usd', better: 'lower' }],
    isShare: false,
    // What is known of a cost is not the cost.
    value: ({ usd, unpricedTurns }) => (usd === null || unpricedTurns > 0 ? null : [usd, 1]),
  },
];

/** The latency of a prompt as {@link FIGURE_GROUPS} has it: by it, prompts are seen to hang together. */
export const latencyOf = FIGURE_GROUPS[0]!.value as (prompt: PromptSample) => number | null;
