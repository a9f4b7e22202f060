import type { Curve } from './curve.ts';
import type { Row } from './report.ts';

export interface QuestionOptions {
  /** Fewer rounds: to see that everything runs, not to quote. */
  readonly quick: boolean;
  /** Says what is being measured now. */
  readonly progress: (text: string) => void;
}

/** One question the benchmarks answer. */
export interface Question {
  readonly name: string;
  measure(options: QuestionOptions): Promise<Answer>;
}

export interface Answer {
  readonly rows: readonly Row[];
  /** Where something was measured at several sizes. */
  readonly curves?: readonly Curve[];
  /** Every single measurement behind it, as JSON data. */
  readonly raw: unknown;
}
