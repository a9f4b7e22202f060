/**
 * Every error class and code of skein, in one place so that their wording stays alike: what happened, to which
 * session, what to do. `code` is API: match on it, because `instanceof` does not survive a thread boundary.
 */

import { describeReached } from './describe-budget.ts';
import type { RateLimits, Usage } from './model/model.ts';
import type { ReachedBudget } from './protocol/budget.ts';

/** Extra facts an error may carry; `retryable` says whether doing the same again can succeed. */
export interface SkeinErrorOptions {
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/** Base of everything skein throws at its caller. */
export class SkeinError extends Error {
  readonly code: string;
  readonly retryable: boolean;

  constructor(code: string, message: string, options: SkeinErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

/** An option is unknown, of the wrong type, or out of range. `invalid_option`. */
export class InvalidOptionError extends SkeinError {
  readonly option: string;

  constructor(data: { option: string; problem: string; hint?: string }) {
    super('invalid_option', `Option ${data.option}: ${data.problem}.${data.hint ? ` ${data.hint}` : ''}`);
    this.option = data.option;
  }
}

/** `pool.start` was given the id of a session that is still open. `session_exists`. */
export class SessionExistsError extends SkeinError {
  constructor(data: { sessionId: string }) {
    super('session_exists', `Session ${data.sessionId} already exists; close it first or choose another id.`);
  }
}

/** A prompt was sent to a session that is closed. `session_closed`. */
export class SessionClosedError extends SkeinError {
  constructor(data: { sessionId: string }) {
    super('session_closed', `Session ${data.sessionId} is closed; start a new one.`);
  }
}

/** An undo was asked for while prompts are in progress or waiting: nothing was changed. `session_busy`, retryable. */
export class SessionBusyError extends SkeinError {
  constructor(data: { sessionId: string; what: string }) {
    super(
      'session_busy',
      `Session ${data.sessionId} has ${data.what}; wait for its end, or end it with session.cancel({ queued: true }).`,
      { retryable: true },
    );
  }
}

/** There is no prompt before the point where the session is: nothing was changed. `nothing_to_undo`. */
export class NothingToUndoError extends SkeinError {
  constructor(data: { sessionId: string }) {
    super('nothing_to_undo', `Session ${data.sessionId} is at its start: there is no prompt to take back.`);
  }
}

/** A point of a session was named by a prompt that is still to end. `prompt_not_ended`, retryable. */
export class PromptNotEndedError extends SkeinError {
  constructor(data: { sessionId: string; promptId: string }) {
    super(
      'prompt_not_ended',
      `Prompt ${data.promptId} of session ${data.sessionId} has not ended: what it comes to is not known yet; wait for session.result(promptId).`,
      { retryable: true },
    );
  }
}

/** A snapshot was given to a session that it is not of: nothing was changed. `foreign_snapshot`. */
export class ForeignSnapshotError extends SkeinError {
  constructor(data: { sessionId: string; snapshotOf: string }) {
    super(
      'foreign_snapshot',
      `The snapshot is of session ${data.snapshotOf}, not of this session ${data.sessionId}: give it to the session that it was taken of.`,
    );
  }
}

/** The pool has as many sessions as `limits.maxSessions` allows: nothing was started. `pool_full`, retryable. */
export class PoolFullError extends SkeinError {
  constructor(data: { maxSessions: number }) {
    super(
      'pool_full',
      `The pool already has ${data.maxSessions} sessions; close one first or raise limits.maxSessions.`,
      { retryable: true },
    );
  }
}

/**
 * A prompt was sent to a session that is in quarantine, because its threads died again and again: nothing was accepted.
 * `session_quarantined`.
 */
export class SessionQuarantinedError extends SkeinError {
  /** What the last of its threads died of. */
  readonly reason: string;

  constructor(data: { sessionId: string; reason: string }) {
    super(
      'session_quarantined',
      `Session ${data.sessionId} is in quarantine (${data.reason}); call session.release() to let it run again, or start another.`,
    );
    this.reason = data.reason;
  }
}

/** An idempotency key was used again with another text: nothing was accepted. `idempotency_mismatch`. */
export class IdempotencyError extends SkeinError {
  constructor(data: { sessionId: string; idempotencyKey: string }) {
    super(
      'idempotency_mismatch',
      `Session ${data.sessionId} already has a prompt with the idempotency key "${data.idempotencyKey}" that asked something else; use a new key.`,
    );
  }
}

/**
 * The pool was closed before the prompt had ended. It is in the store and goes on when the store is opened again.
 * `prompt_parked`, retryable.
 */
export class PromptParkedError extends SkeinError {
  readonly promptId: string;

  constructor(data: { promptId: string }) {
    super(
      'prompt_parked',
      `Prompt ${data.promptId} had not ended when the pool was closed; it is in the store and goes on when that is opened again.`,
      { retryable: true },
    );
    this.promptId = data.promptId;
  }
}

/**
 * The next model request would go over a budget: it was not made. Internal to the coordinator: callers see a pause or the
 * stop reason `budget`. `budget_reached`, or `price_unknown`.
 */
export class BudgetReachedError extends SkeinError {
  readonly reached: ReachedBudget;

  constructor(reached: ReachedBudget) {
    super(
      reached.what === 'price' ? 'price_unknown' : 'budget_reached',
      `${capital(describeReached(reached))}.`,
    );
    this.reached = reached;
  }
}

/** A paused session was to go on under limits that are reached already: nothing was changed. `budget_too_low`. */
export class BudgetTooLowError extends SkeinError {
  /** The limit that stands in the way. */
  readonly reached: ReachedBudget;

  constructor(data: { sessionId: string; reached: ReachedBudget }) {
    const { sessionId, reached } = data;
    const how = {
      pool: 'raise it with pool.setBudget(budget)',
      group: `raise it with pool.setGroupBudget(${JSON.stringify(reached.name)}, budget)`,
      session:
        reached.name === sessionId
          ? 'give session.resume({ budget }) more than is spent, or null for no limit'
          : `raise it with resume({ budget }) of session ${String(reached.name)}`,
    }[reached.scope];
    super('budget_too_low', `Session ${sessionId} stays paused: ${describeReached(reached)}; ${how}.`);
    this.reached = reached;
  }
}

/** A session was to be in a group that the pool does not know: nothing was started. `unknown_group`. */
export class UnknownGroupError extends SkeinError {
  constructor(data: { group: string; hint: string | undefined }) {
    const { group, hint } = data;
    super(
      'unknown_group',
      `The pool has no group ${JSON.stringify(group)}; ${hint === undefined ? 'name it in SessionPool.open({ groups }) or with pool.setGroupBudget' : `did you mean ${JSON.stringify(hint)}?`}`,
    );
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** No session of that id, or no prompt of that id in it. `unknown_session`, `unknown_prompt`. */
export class NotFoundError extends SkeinError {}

/**
 * What can be wrong with a store:
 * - `store_locked` — another process owns it, or has taken it over
 * - `store_corrupt` — what was read is not what was written; nothing is changed or deleted
 * - `storage_full` — the disk, or the file's page limit, has no room; nothing of the write was kept, reads go on
 * - `store_newer` — made by a newer skein than this
 * - `store_foreign` — a database, or some other file, that is no store of skein's
 * - `store_unusable` — a directory, a path that cannot be read or written, an I/O error
 * - `store_readonly` — opened for reading only
 * - `store_closed` — used after it was closed
 */
export type StoreErrorCode =
  | 'store_locked'
  | 'store_corrupt'
  | 'storage_full'
  | 'store_newer'
  | 'store_foreign'
  | 'store_unusable'
  | 'store_readonly'
  | 'store_closed';

/** The store could not be opened, read or written. */
export class StoreError extends SkeinError {
  declare readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options: SkeinErrorOptions = {}) {
    super(code, message, { retryable: code === 'storage_full' || code === 'store_locked', ...options });
  }
}

/** The pool is closing or closed. `pool_closed`. */
export class PoolClosedError extends SkeinError {
  constructor() {
    super('pool_closed', 'The session pool is closed; open a new one.');
  }
}

/** The session's mailbox is full: nothing was accepted. `mailbox_full`, retryable. */
export class MailboxFullError extends SkeinError {
  constructor(data: { sessionId: string; maxPrompts: number }) {
    super(
      'mailbox_full',
      `Session ${data.sessionId} already has ${data.maxPrompts} prompts waiting; wait for one to end or raise limits.maxQueuedPrompts.`,
      { retryable: true },
    );
  }
}

/** A callback that the caller gave (`onText`) threw; its prompt was cancelled. `callback_failed`. */
export class CallbackError extends SkeinError {
  constructor(data: { sessionId: string; callback: string; cause: unknown }) {
    super(
      'callback_failed',
      `The ${data.callback} callback of session ${data.sessionId} threw; its prompt was cancelled.`,
      { cause: data.cause },
    );
  }
}

/** A thread died with work in hand. Internal to supervision: callers see a stop reason instead. `thread_lost`. */
export class ThreadLostError extends SkeinError {
  readonly reason: ThreadLossReason;
  readonly exitCode: number | undefined;

  constructor(data: {
    what: string;
    reason: ThreadLossReason;
    exitCode?: number | undefined;
    cause?: unknown;
  }) {
    super('thread_lost', `${data.what} lost its thread (${data.reason}).`, {
      retryable: true,
      cause: data.cause,
    });
    this.reason = data.reason;
    this.exitCode = data.exitCode;
  }
}

/**
 * Why a thread is gone: it threw, exited, ran out of heap, was ended at a deadline or by a cancel, or never started; or
 * the process that it ran in is gone (`process`).
 */
export type ThreadLossReason =
  'error' | 'exit' | 'memory' | 'deadline' | 'cancelled' | 'start-failed' | 'process';

/** A step could not be run at all, for a reason that running it again will not cure. `step_failed` or a more exact code. */
export class StepFailedError extends SkeinError {
  constructor(data: { sessionId: string; code: string; message: string }) {
    super(data.code, `Session ${data.sessionId}: ${data.message}`);
  }
}

/** What can be wrong with a path or a file operation in a workspace. */
export type WorkspaceErrorCode =
  | 'invalid_path'
  | 'path_escapes'
  | 'not_found'
  | 'is_directory'
  | 'not_directory'
  | 'already_exists'
  | 'file_too_large'
  | 'quota_exceeded'
  | 'too_many_files'
  | 'not_text'
  /** The tool call that was given the workspace has ended. */
  | 'call_ended';

/** A file operation in a session's workspace was refused; the workspace is as it was. */
export class WorkspaceError extends SkeinError {
  declare readonly code: WorkspaceErrorCode;
  readonly path: string;

  constructor(code: WorkspaceErrorCode, path: string, message: string) {
    super(code, message);
    this.path = path;
  }
}

/**
 * What can be wrong with a patch:
 * - `invalid_patch` — it cannot be read: a marker, a header or a count is wrong
 * - `patch_refused` — it was read and does not fit the files
 * - `too_much_work` — applying it would take longer than one call may
 */
export type PatchErrorCode = 'invalid_patch' | 'patch_refused' | 'too_much_work';

/** A patch was not applied, or not whole; the text tells what was changed, for whoever wrote the patch. */
export class PatchError extends SkeinError {
  declare readonly code: PatchErrorCode;

  constructor(code: PatchErrorCode, message: string) {
    super(code, message);
  }
}

/** A base image could not be made from a directory or file map. `base_unreadable`, `base_too_large`. */
export class BaseImageError extends SkeinError {}

/**
 * A tool definition or module is unusable: `tool_module_failed`, `invalid_tool`, `unknown_preset`, `duplicate_tool`; or the
 * package that a built-in tool needs is not installed: `missing_package`.
 */
export class ToolDefinitionError extends SkeinError {}

/** A SKILL.md could not be read as a skill: `no_frontmatter`, `unterminated_frontmatter`, `invalid_yaml`, `missing_field`, … */
export class SkillError extends SkeinError {
  readonly path: string;

  constructor(code: string, path: string, message: string) {
    super(code, message);
    this.path = path;
  }
}

/** A YAML file (job, model script) is not what its schema asks for, or cannot be read. `invalid_yaml`, `invalid_job`, `invalid_plan`, `invalid_script`, `script_unreadable`, `invalid_schema`. */
export class ConfigFileError extends SkeinError {}

/** The model id names a provider that is neither built in nor configured. `unknown_provider`. */
export class UnknownProviderError extends SkeinError {
  constructor(data: { model: string; provider: string; known: readonly string[] }) {
    super(
      'unknown_provider',
      `Model "${data.model}": no provider "${data.provider}". Known: ${data.known.join(', ')}. Configure it: providers: { ${data.provider}: { baseURL } }, or --provider ${data.provider}=URL on the command line.`,
    );
  }
}

/** The provider needs a key and none was found. Names the variable, never a value. `missing_key`. */
export class MissingKeyError extends SkeinError {
  constructor(data: { provider: string; variable: string }) {
    super(
      'missing_key',
      `Provider "${data.provider}" needs an API key: set ${data.variable} or give providers.${data.provider}.apiKey.`,
    );
  }
}

/**
 * What went wrong with a model call, as one word:
 * `connect` (no connection), `timeout` (a deadline: connect, first byte, idle or total), `rate-limited` (429),
 * `overloaded` (503, 529), `server` (other 5xx), `auth` (401, 403), `not-found` (404: model or path),
 * `quota` (402, spent credit), `context-length`, `invalid-request` (other 4xx), `bad-response` (not an event
 * stream, malformed or over-long event), `incomplete-stream` (ended without a finish reason), `provider`
 * (an error event inside the stream), `not-recorded` (a replay was asked for what its recording does not have), `cancelled` (by us).
 */
export type ModelErrorKind =
  | 'connect'
  | 'timeout'
  | 'rate-limited'
  | 'overloaded'
  | 'server'
  | 'auth'
  | 'not-found'
  | 'quota'
  | 'context-length'
  | 'invalid-request'
  | 'bad-response'
  | 'incomplete-stream'
  | 'provider'
  | 'not-recorded'
  | 'cancelled';

/** A model call failed. Never carries a key: messages are redacted where they are built. `model_error`. */
export class ModelError extends SkeinError {
  readonly kind: ModelErrorKind;
  /** HTTP status, where there was one. */
  readonly status: number | undefined;
  /** What the provider asked us to wait, in milliseconds, uncapped. */
  readonly retryAfterMs: number | undefined;
  /** What the provider said of its limits. */
  readonly limits: RateLimits | undefined;
  /** What a response that broke off has used all the same; undefined where nothing of it had come. */
  readonly usage: Usage | undefined;
  /** Of `not-recorded`: the recording has the request, but it was made no more often than it has been played. */
  readonly isSpent: boolean;

  constructor(data: {
    kind: ModelErrorKind;
    message: string;
    status?: number | undefined;
    retryable?: boolean;
    retryAfterMs?: number | undefined;
    limits?: RateLimits | undefined;
    usage?: Usage | undefined;
    isSpent?: boolean;
    cause?: unknown;
  }) {
    super('model_error', data.message, {
      ...(data.retryable === undefined ? {} : { retryable: data.retryable }),
      ...(data.cause === undefined ? {} : { cause: data.cause }),
    });
    this.kind = data.kind;
    this.status = data.status;
    this.retryAfterMs = data.retryAfterMs;
    this.limits = data.limits;
    this.usage = data.usage;
    this.isSpent = data.isSpent ?? false;
  }
}

/**
 * A recording of model calls cannot be made or replayed:
 * - `recording_missing` — the directory holds none
 * - `recording_damaged` — a file of it is not what was written
 * - `recording_newer` — a newer skein made it
 * - `recording_exists` — the directory to record into holds another run's recording, or something else
 * - `recording_unwritable` — the directory cannot be made or written to
 */
export type RecordingErrorCode =
  'recording_missing' | 'recording_damaged' | 'recording_newer' | 'recording_exists' | 'recording_unwritable';

export class RecordingError extends SkeinError {
  declare readonly code: RecordingErrorCode;
  readonly directory: string;

  constructor(code: RecordingErrorCode, data: { directory: string; problem: string; cause?: unknown }) {
    const { directory, problem, cause } = data;
    super(code, `Recording ${directory}: ${problem}.`, { cause });
    this.directory = directory;
  }
}

/**
 * Results could not be put on disk: `output_exists` (the directory for them is not empty), `output_unwritable`,
 * `disk_changed` ({@link DiskChangedError}), `write_failed` ({@link WriteFailedError}).
 */
export class OutputError extends SkeinError {}

/**
 * Results of `skein bench` that cannot be compared:
 * - `invalid_result` — the file is no result of `skein bench`, or not the whole of one
 * - `result_newer` — a newer skein wrote it
 * - `different_plans` — they answer different questions; the text names the first thing that differs
 * - `unknown_target`, `no_common_target` — there is nothing of that name in both
 */
export class BenchResultError extends SkeinError {
  constructor(
    code: 'invalid_result' | 'result_newer' | 'different_plans' | 'unknown_target' | 'no_common_target',
    message: string,
  ) {
    super(code, message);
  }
}

/** A file that cannot be written as the session left it, and why. */
export interface DiskProblem {
  readonly path: string;
  /** As it goes on after the path: `has changed since it was read`. */
  readonly problem: string;
}

/** Files on disk are no longer what the session saw, or something is in their way: the directory is as it was. `disk_changed`. */
export class DiskChangedError extends OutputError {
  declare readonly code: 'disk_changed';
  /** In byte order of the paths. */
  readonly problems: readonly DiskProblem[];

  constructor(data: { directory: string; problems: readonly DiskProblem[] }) {
    const { directory, problems } = data;
    const shown = problems
      .slice(0, MAX_SHOWN_PROBLEMS)
      .map(({ path, problem }) => `${path} ${problem}`)
      .join('; ');
    const rest = problems.length - MAX_SHOWN_PROBLEMS;
    const more = rest > 0 ? ` and ${rest} more` : '';
    super('disk_changed', `Nothing was written to ${directory}: ${shown}${more}.`);
    this.problems = problems;
  }
}

const MAX_SHOWN_PROBLEMS = 5;

/**
 * Writing failed half way. What had been done was undone; `unrestored` names what could not be, and is empty as a rule.
 * `write_failed`.
 */
export class WriteFailedError extends OutputError {
  declare readonly code: 'write_failed';
  /** Paths in the directory; `original` is where the file that was there lies now, if there was one. */
  readonly unrestored: readonly { readonly path: string; readonly original: string | undefined }[];

  constructor(data: {
    directory: string;
    path: string;
    unrestored: readonly { readonly path: string; readonly original: string | undefined }[];
    cause: unknown;
  }) {
    const { directory, path, unrestored, cause } = data;
    const why = reasonOf(cause);
    const lost = unrestored.map(
      (file) => file.path + (file.original ? ` (its original is ${file.original})` : ''),
    );
    const state =
      lost.length === 0
        ? 'Everything is as it was before.'
        : `What had been done was undone, except for ${lost.slice(0, 20).join(', ')}${lost.length > 20 ? ` and ${lost.length - 20} more` : ''}.`;
    super('write_failed', `${path} could not be written to ${directory}: ${why}. ${state}`, { cause });
    this.unrestored = unrestored;
  }
}

/** `ENOSPC: no space left on device`: a system call's name and the path it was given say nothing to a user. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return 'syscall' in cause ? cause.message.split(', ')[0]! : cause.message;
}

/**
 * The user's git could not be used for a batch's changes; working tree and index are as they were:
 * - `git_missing` — there is none
 * - `git_unusable` — no repository, none with a working tree, no commit, nobody to commit as
 * - `invalid_branch`, `branch_exists` — the new branch cannot have that name
 * - `git_conflict` — HEAD does not go together with the changes; no branch was made
 * - `git_failed` — it said no, for the reason that is told, or never ended
 */
export type GitErrorCode =
  'git_missing' | 'git_unusable' | 'invalid_branch' | 'branch_exists' | 'git_conflict' | 'git_failed';

export class GitError extends SkeinError {
  declare readonly code: GitErrorCode;

  constructor(code: GitErrorCode, message: string, options: SkeinErrorOptions = {}) {
    super(code, message, options);
  }
}

/** Sessions that started from different files cannot be merged. `different_bases`. */
export class DifferentBasesError extends SkeinError {
  constructor(data: { sessionId: string; others: readonly string[] }) {
    const { sessionId, others } = data;
    super(
      'different_bases',
      `Session ${sessionId} did not start from the same files as ${others.join(', ')}; merge sessions of one base image only.`,
    );
  }
}

/**
 * A command was called wrongly: `usage`, `input_unreadable`; `no_batch` (nothing there that could be continued),
 * `job_changed` (a batch is to be continued with another job).
 */
export class UsageError extends SkeinError {}
