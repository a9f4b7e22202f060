/** What the service said before it was killed: one JSON object a line. */
export type Acknowledgement =
  /** The store is open: this long after the process was started, `sessions` were in it, these are being gone on with. */
  | { readonly type: 'open'; readonly sessions: number; readonly resumed: readonly string[] }
  | { readonly type: 'started'; readonly session: string }
  /** A new prompt was accepted (its first event has come, which comes after its journal entry). */
  | { readonly type: 'accepted'; readonly session: string; readonly text: string; readonly promptId: string }
  | {
      readonly type: 'answered';
      readonly session: string;
      readonly promptId: string;
      readonly turn: number;
      readonly callId: string;
      readonly content: string;
    }
  | {
      readonly type: 'ended';
      readonly session: string;
      readonly promptId: string;
      readonly stopReason: string;
      readonly tree: string;
    }
  /** A call that should have been answered was refused: `code` of the error. */
  | { readonly type: 'refused'; readonly session: string; readonly code: string }
  /** It was asked to end, and all is done. */
  | { readonly type: 'closed' };

/** How much of an answer is told. */
export const TOLD_CHARS = 80;
