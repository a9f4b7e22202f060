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
  /** @returns the answer, and every single measurement behind it as JSON data */
  measure(options: QuestionOptions): Promise<{ readonly rows: readonly Row[]; readonly raw: unknown }>;
}
