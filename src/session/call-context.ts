import type { ToolContext } from '../tools/tool.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { GuardedWorkspace } from '../workspace/guarded-workspace.ts';

/** Tells a step that it should stop. */
export interface StopSource {
  /** @returns ends the subscription */
  onStop(callback: () => void): () => void;
}

/**
 * What one tool call may use. The signal is made when a tool first asks for it: most never do, and listening to
 * the coordinator is not free.
 */
export class CallContext implements ToolContext {
  readonly sessionId: string;
  readonly workspace: Workspace;
  readonly traceparent: string | undefined;
  readonly #progress: StopSource;
  #controller: AbortController | undefined;
  #stopListening: (() => void) | undefined;

  constructor(data: {
    sessionId: string;
    workspace: Workspace;
    guarded: boolean;
    progress: StopSource;
    traceparent?: string | undefined;
  }) {
    this.sessionId = data.sessionId;
    this.workspace = data.guarded ? new GuardedWorkspace(data.workspace) : data.workspace;
    this.traceparent = data.traceparent;
    this.#progress = data.progress;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      const controller = new AbortController();
      this.#controller = controller;
      this.#stopListening = this.#progress.onStop(() => controller.abort());
    }
    return this.#controller.signal;
  }

  /** The call has ended: what it was given stops working. */
  end(): void {
    this.#stopListening?.();
    if (this.workspace instanceof GuardedWorkspace) this.workspace.revoke();
  }
}
