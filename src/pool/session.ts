import type { Message } from '../model/message.ts';
import type { BudgetStatus } from '../gate/budget.ts';
import type { Usage } from '../model/model.ts';
import type { ReachedBudget } from '../protocol/budget.ts';
import type { WorkspaceDiff } from '../workspace/workspace-diff.ts';
import type { WorkspaceView } from '../workspace/workspace-view.ts';
import type { Clock } from '../clock.ts';
import { onAbort } from './abort-fan-out.ts';
import { EventQueue } from './event-queue.ts';
import type { SessionEvent, SessionEventBody } from './events.ts';
import {
  checkCancelOptions,
  checkCloseOptions,
  checkDiffPoints,
  checkForkOptions,
  checkPromptOptions,
  checkResumeOptions,
  checkSnapshotRef,
  checkStreamOptions,
  checkUndoOptions,
  type CancelOptions,
  type CloseOptions,
  type ForkOptions,
  type PromptOptions,
  type ResumeOptions,
  type StreamOptions,
  type UndoOptions,
} from './options.ts';
import { outputSchema } from './output-schema.ts';
import { promptContent, type PromptContent } from './prompt-content.ts';
import type { PromptResult } from './prompt-result.ts';
import type { PromptListener, PromptTicket } from './prompt-ticket.ts';
import type { SessionDriver } from './session-driver.ts';
import type { SessionStateName } from './session-state.ts';
import type { Snapshot, SnapshotRef } from './snapshot.ts';

export interface SessionStatus {
  readonly sessionId: string;
  readonly state: SessionStateName;
  /** The prompt in progress; null when there is none. */
  readonly promptId: string | null;
  /** Prompts that wait in the mailbox. */
  readonly queued: number;
  /** Why it is `halted`; null when it is not. */
  readonly quarantine: string | null;
  readonly model: string;
  /** Model responses since the session started, those that were undone included; a fork begins with none. */
  readonly turns: number;
  /** Tokens, and what they have cost, since the session started; counted like the turns. */
  readonly usage: Usage;
  /** The session's own budget, and what it and those that count against it have spent. */
  readonly budget: BudgetStatus;
  /** The limit that the prompt in progress waits at, of this session or of what it counts against; null when it waits at none. */
  readonly pausedAt: ReachedBudget | null;
  /** Files that are written or deleted over the session's first ones. */
  readonly changedFiles: number;
}

interface SessionParts {
  readonly sessionId: string;
  /** Takes the session out of the park when it is in it. */
  readonly driver: () => SessionDriver;
  readonly clock: Clock;
  readonly onFork: (options: ForkOptions) => Promise<Session>;
  readonly onRelease: () => Promise<void>;
  readonly onClosed: () => void;
}

/** How long `close` lets accepted prompts go on before it cancels them. */
export const CLOSE_DEADLINE_MS = 10_000;

/**
 * One agent's conversation and its files. Made by `pool.start`, or found by `pool.session` in the pool's store; close it
 * when it is no longer wanted. While it is idle it may be parked: it is read from the journal again when it is next used,
 * and nothing else shows.
 */
export class Session implements AsyncDisposable {
  readonly id: string;
  readonly #parts: SessionParts;
  #seq = 0;

  /** Not for callers: use `pool.start`. */
  constructor(parts: SessionParts) {
    this.id = parts.sessionId;
    this.#parts = parts;
  }

  /**
   * Sends a prompt, a text or texts and images, and resolves when it has ended, for whatever reason: look at `stopReason`. On a busy session it
   * waits its turn in the mailbox. With `idempotencyKey`, a second prompt with the same key is the first one, whether it
   * is in progress, has ended, or ended in an earlier process; `signal` and `timeoutMs` are those of the first. With
   * `schema` the answer is a value of that form, `result.output`, or the prompt ends with `invalid-output`.
   * @throws `session_closed`, `session_quarantined`, `mailbox_full`, `idempotency_mismatch`, `invalid_option`,
   *   `missing_key`, `unknown_provider`, what the store throws (nothing was accepted); `callback_failed`;
   *   `prompt_parked` when the pool was closed before the prompt had ended. A rejection that nobody handles is no
   *   unhandled one.
   */
  prompt(content: PromptContent, options: PromptOptions = {}): Promise<PromptResult> {
    const result = this.#prompt(content, options);
    // A pool that is closed must not end a process for a prompt that nobody looks at yet.
    result.catch(() => undefined);
    return result;
  }

  async #prompt(content: PromptContent, options: PromptOptions): Promise<PromptResult> {
    const { onText, ...rest } = checkPromptOptions(options);
    const listener: PromptListener | undefined =
      onText &&
      Object.assign(
        (event: SessionEventBody) => {
          if (event.type === 'text') onText(event.text);
        },
        { textOnly: true as const },
      );
    const { ticket } = await this.#accept(content, rest, listener);
    return ticket.result;
  }

  /**
   * The same as {@link prompt}, as a sequence of events: exactly one `prompt-ended`, and it is the last. The prompt is
   * sent when the iteration begins; leaving the loop early cancels it. A reader that is behind loses nothing: pieces
   * of text are joined while they wait.
   */
  async *stream(
    content: PromptContent,
    options: StreamOptions = {},
  ): AsyncGenerator<SessionEvent, void, void> {
    const checked = checkStreamOptions(options);
    const queue = new EventQueue();
    const { ticket, cancel } = await this.#accept(content, checked, (event, promptId) =>
      queue.push({ sessionId: this.id, promptId, ...event }),
    );
    ticket.result.catch((error: unknown) => queue.fail(error));
    try {
      for (;;) {
        // Counted as they leave: pieces of text that were joined on the way are one event.
        const event = { ...(await queue.next()), seq: (this.#seq += 1) };
        yield event;
        if (event.type === 'prompt-ended') return;
      }
    } finally {
      cancel();
    }
  }

  /**
   * How a prompt ended, or will end: one of this process or of an earlier one.
   * @throws `unknown_prompt`
   */
  async result(promptId: string): Promise<PromptResult> {
    return this.#parts.driver().result(promptId);
  }

  /** Every file as it is now. A view of this moment: later prompts do not show in it. */
  files(): ReadonlyMap<string, string | Uint8Array> {
    return this.workspace().files;
  }

  /** The files, what changed in them and the patch, as they are now; see {@link files}. */
  workspace(): WorkspaceView {
    return this.#parts.driver().workspace();
  }

  /** The conversation so far, in the form of Chat Completions; a copy. */
  messages(): readonly Message[] {
    return structuredClone(this.#parts.driver().record.conversation.messages);
  }

  /**
   * The session after the last prompt that has ended, or at an earlier point. A prompt in progress is not in it. It stays
   * what it is, whatever becomes of the session.
   * @throws `unknown_prompt`, `prompt_not_ended`, `foreign_snapshot`, `invalid_option`, what the store throws;
   *   `session_closed` for an earlier point of a closed session whose journal was in memory
   */
  snapshot(at?: SnapshotRef): Snapshot {
    return this.#parts.driver().snapshot(checkSnapshotRef(at));
  }

  /**
   * Starts another session with the conversation and the files that this one has after the last prompt that has ended, or
   * had at an earlier point. The two share all of it and know nothing of each other: this one may go on, be closed or
   * removed. The fork has the same tools (functions included), skills, base and limits, its own usage, which begins at 0, and
   * none of this one's prompt ids and idempotency keys.
   * @throws `session_exists`, `pool_full`, `pool_closed`, `unknown_provider`, `missing_key`, and what {@link snapshot} throws
   */
  async fork(options: ForkOptions = {}): Promise<Session> {
    return this.#parts.onFork(checkForkOptions(options));
  }

  /**
   * Takes the last prompt back, or all up to an earlier point: conversation and files are again what they were there. Nothing
   * is lost by it: what was taken back is a point still, which another `undo` can lead to. What happened outside of the
   * session's files, tokens spent and outside effects, is not undone; prompt ids are not used again, and a prompt that was
   * taken back is still known by its idempotency key.
   * @returns the session as it is now
   * @throws `session_busy` while a prompt is in progress or waits, `nothing_to_undo`, `session_closed`,
   *   `session_quarantined`, and what {@link snapshot} throws; then nothing was changed
   */
  async undo(options: UndoOptions = {}): Promise<Snapshot> {
    return this.#parts.driver().undo(checkUndoOptions(options).to);
  }

  /**
   * What became of the files between two points, in that direction; by default up to now, which is in the middle of a
   * prompt while one is in progress. Costs the files that were changed, not all.
   * @throws what {@link snapshot} throws
   */
  diff(a: SnapshotRef, b?: SnapshotRef): WorkspaceDiff {
    checkDiffPoints(a, b);
    const driver = this.#parts.driver();
    const before = driver.snapshot(a).workspace;
    return before.diffTo(b === undefined ? driver.workspace() : driver.snapshot(b).workspace);
  }

  status(): SessionStatus {
    const { record, state, budget } = this.#parts.driver();
    return {
      sessionId: this.id,
      state,
      promptId: record.active?.promptId ?? null,
      queued: record.queue.length,
      quarantine: record.quarantine,
      model: record.spec.model,
      turns: record.turns,
      usage: record.usage,
      budget: budget.status(this.#parts.clock.now()),
      pausedAt: record.pausedAt,
      changedFiles: record.changedFileCount,
    };
  }

  /** Ends the prompt in progress with `cancelled`, and with `queued` those that wait too. The session stays usable. */
  async cancel(options: CancelOptions = {}): Promise<void> {
    checkCancelOptions(options);
    await this.#parts.driver().cancel({ queued: options.queued ?? false });
  }

  /**
   * Gives the session another budget of its own (null: none), and has a prompt that waits at a budget go on. Without
   * `budget` it only looks whether it can. On a session that is not paused it sets the budget for what comes.
   * @throws `budget_too_low` when the prompt would have to wait all the same, at this or at another budget: nothing was
   *   changed; `session_closed`, `invalid_option`, what the store throws
   */
  async resume(options: ResumeOptions = {}): Promise<void> {
    await this.#parts.driver().goOn(checkResumeOptions(options).budget);
  }

  /** Takes no more prompts, lets the accepted ones end (at most `deadlineMs`, then they are cancelled), ends the session. */
  async close(options: CloseOptions = {}): Promise<void> {
    checkCloseOptions(options, 'session.close');
    await this.#parts.driver().close(options.deadlineMs ?? CLOSE_DEADLINE_MS);
    this.#parts.onClosed();
  }

  /**
   * Lets a session in quarantine run again. One whose journal could not be written (`failed`) is taken up again from
   * what the store has, unfinished prompts included.
   */
  async release(): Promise<void> {
    await this.#parts.onRelease();
  }

  async #accept(
    content: PromptContent,
    options: StreamOptions,
    listener: PromptListener | undefined,
  ): Promise<{ readonly ticket: PromptTicket; readonly cancel: () => void }> {
    const { signal, timeoutMs, idempotencyKey, priority, schema, schemaName } = options;
    const driver = this.#parts.driver();
    const body = {
      ...promptContent(content, (path) => driver.workspace().files.get(path)),
      ...(schema === undefined ? {} : { schema: outputSchema(schema, schemaName) }),
    };
    const { ticket, isNew } = await driver.accept({ body, listener, idempotencyKey, priority });
    // Who sends a prompt again waits for it, and has no say in it.
    if (!isNew) return { ticket, cancel: () => undefined };
    const end = (stopReason: 'cancelled' | 'timeout'): void => {
      // A journal that cannot be written rejects the ticket; there is nobody else to tell here.
      driver.interrupt(ticket, stopReason).catch(() => undefined);
    };
    const cancel = (): void => end('cancelled');
    if (timeoutMs !== undefined) ticket.onEnd(this.#parts.clock.after(timeoutMs, () => end('timeout')));
    if (signal) ticket.onEnd(onAbort(signal, cancel));
    return { ticket, cancel };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
