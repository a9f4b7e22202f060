import type { BenchMark, BenchResult, PromptSample, TimelineSample } from './result.ts';

/** What happens in a benchmark, in order. `bench-ended` comes once, last. */
export type BenchEvent =
  /** A prompt of the warm-up has ended. */
  | { readonly type: 'warmed-up'; readonly target: string; readonly error: string | null }
  /** The first measured prompt is due. */
  | { readonly type: 'measuring'; readonly startedAt: string }
  /** A measured prompt has ended. `passed` is null where a command has yet to say. */
  | { readonly type: 'prompt-ended'; readonly sample: PromptSample }
  /** A second has passed. */
  | { readonly type: 'second'; readonly sample: TimelineSample }
  /** No more of a target's conversations are begun: the first ones all failed. */
  | { readonly type: 'target-given-up'; readonly target: string; readonly message: string }
  /** All prompts have ended; so many conversations are checked by a command now. */
  | { readonly type: 'checking'; readonly count: number }
  | {
      readonly type: 'checked';
      readonly target: string;
      readonly scenario: string;
      readonly index: number;
      readonly passed: boolean;
      readonly message: string | null;
    }
  | { readonly type: 'marked'; readonly mark: BenchMark }
  | { readonly type: 'bench-ended'; readonly result: BenchResult };
