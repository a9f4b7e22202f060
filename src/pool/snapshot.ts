import type { Compaction } from '../context/compaction.ts';
import type { Message } from '../model/message.ts';
import type { BaseImage } from '../workspace/base-image.ts';
import type { OverlayMap } from '../workspace/files-view.ts';
import { WorkspaceView } from '../workspace/workspace-view.ts';

/**
 * A point of a session's history: a {@link Snapshot}, the id of a prompt (right after that prompt had ended), or `'start'`
 * (before its first prompt; in a fork, what it took over).
 */
export type SnapshotRef = Snapshot | string;

/** What a session was at a point. Nothing in it changes any more: sessions share it. */
export interface SnapshotState {
  readonly sessionId: string;
  readonly promptId: string | null;
  readonly images: readonly BaseImage[];
  /** In order of last change. */
  readonly overlay: OverlayMap;
  readonly messages: readonly Message[];
  /** What was sent of them; null where all was. */
  readonly compaction: Compaction | null;
}

/**
 * A session's conversation and files right after one of its prompts had ended, or at its start: a value, which stays what
 * it is whatever becomes of the session. What was changed by then stays in memory while it is held, and so does the base.
 */
export class Snapshot {
  readonly sessionId: string;
  /** The prompt that had ended; null at the start. */
  readonly promptId: string | null;
  readonly workspace: WorkspaceView;
  readonly #state: SnapshotState;

  /** Not for callers: use `session.snapshot`. */
  constructor(state: SnapshotState) {
    this.#state = state;
    this.sessionId = state.sessionId;
    this.promptId = state.promptId;
    this.workspace = new WorkspaceView(state);
  }

  /** Not for callers: what it is made of. */
  static stateOf(snapshot: Snapshot): SnapshotState {
    return snapshot.#state;
  }

  /** The conversation up to there, in the form of Chat Completions; a copy. */
  messages(): readonly Message[] {
    return structuredClone(this.#state.messages);
  }
}
