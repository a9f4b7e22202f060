/** A session thread came or went, or, with `isolation: 'process'`, a shard process that has them. */
export type ThreadEvent =
  | { readonly type: 'thread-started'; readonly threadId: number }
  /** It was idle, or was ended, or died: a step that was lost with it says so itself. */
  | { readonly type: 'thread-ended'; readonly threadId: number }
  | { readonly type: 'shard-started'; readonly pid: number }
  | {
      readonly type: 'shard-ended';
      readonly pid: number;
      readonly why: string;
      /** It died by itself or of what it was doing. */
      readonly crashed: boolean;
    };

export type ThreadListener = (event: ThreadEvent) => void;
