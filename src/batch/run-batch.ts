import { stat } from 'node:fs/promises';
import { setMaxListeners } from 'node:events';
import { ConfigFileError } from '../errors.ts';
import type { SessionEvent } from '../pool/events.ts';
import type { SessionOptions } from '../pool/options.ts';
import type { SessionPool } from '../pool/pool.ts';
import type { PromptResult } from '../pool/prompt-result.ts';
import { serializeError, type SerializedError } from '../protocol/serialized-error.ts';
import type { BaseImage } from '../workspace/base-image.ts';
import type { Job } from './job.ts';
import type { BatchItem } from './plan.ts';

export const DEFAULT_CONCURRENCY = 8;
/** After so many model errors, and nothing done, the key, the address or the model's name is wrong for all items. */
const HOPELESS_AFTER = 10;

/**
 * How an item ended:
 * - `done` — its prompt ended by itself, with stop reason `end`
 * - `failed` — it ended for any other reason, or its session could not be started
 * - `cancelled` — it was running when the batch was interrupted
 * - `not-started` — the batch was over before its turn came
 */
export type ItemStatus = 'done' | 'failed' | 'cancelled' | 'not-started';

export interface ItemOutcome {
  readonly item: BatchItem;
  readonly status: ItemStatus;
  /** Null where no prompt was sent. Its files are there whatever the status. */
  readonly result: PromptResult | null;
  readonly error: SerializedError | null;
}

export interface BatchOutcome {
  /** In the batch's order, one for each item. */
  readonly items: readonly ItemOutcome[];
  /** The caller's signal ended it. */
  readonly interrupted: boolean;
  /** The model error that the first items all ended with, so that no more were started. */
  readonly stoppedBy: SerializedError | null;
  readonly startedAt: Date;
  readonly durationMs: number;
}

/** What happens in a batch, in order. Every item that starts ends once; `batch-ended` comes once, last. */
export type BatchEvent =
  | { readonly type: 'batch-started'; readonly items: number; readonly concurrency: number }
  | { readonly type: 'item-started'; readonly item: BatchItem }
  /** Something in the item's session, `prompt-ended` included. */
  | { readonly type: 'item-event'; readonly item: BatchItem; readonly event: SessionEvent }
  | { readonly type: 'item-ended'; readonly outcome: ItemOutcome }
  | { readonly type: 'batch-ended'; readonly outcome: BatchOutcome };

export interface BatchOptions {
  readonly pool: SessionPool;
  readonly job: Job;
  readonly items: readonly BatchItem[];
  /** The files that every session starts from. */
  readonly image: BaseImage;
  /** Default the job's, and else the pool's. */
  readonly model?: string;
  /** Sessions at a time. Default the job's, and else {@link DEFAULT_CONCURRENCY}. */
  readonly concurrency?: number;
  /** Starts nothing more and cancels what runs; what is done is kept. */
  readonly signal?: AbortSignal;
  /** Must not throw; a promise it returns is waited for before the item's place is given to the next. */
  readonly onEvent?: (event: BatchEvent) => void | Promise<void>;
}

/**
 * Runs one session an item, `concurrency` at a time, all over one base image.
 * @throws what `pool.start` throws, before anything is run, when no session of this job could start (`unknown_provider`,
 *   `missing_key`, `unknown_preset`, …), or `invalid_job` for a directory of skills that is not there
 */
export async function runBatch(options: BatchOptions): Promise<BatchOutcome> {
  const { job, items, onEvent = () => undefined } = options;
  // Also ends what runs when the caller's listener fails.
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  // One listener a running session is no leak.
  setMaxListeners(0, signal);
  const concurrency = Math.min(options.concurrency ?? job.concurrency ?? DEFAULT_CONCURRENCY, items.length);
  const sessionOptions = sessionOptionsOf(options);
  await checkSkills(job);
  // Wrong for one is wrong for all: found before a report says so once an item.
  await (await options.pool.start(sessionOptions)).close();

  const startedAt = new Date();
  const startedMs = performance.now();
  const outcomes = new Map<BatchItem, ItemOutcome>();
  const queue = items.values();
  let stoppedBy: SerializedError | null = null;
  let doneCount = 0;
  let modelErrors = 0;
  await onEvent({ type: 'batch-started', items: items.length, concurrency });

  const worker = async (): Promise<void> => {
    for (;;) {
      if (stoppedBy || signal.aborted) return;
      const { value: item, done } = queue.next();
      if (done) return;
      await onEvent({ type: 'item-started', item });
      const outcome = await runItem(item, sessionOptions, { ...options, signal });
      outcomes.set(item, outcome);
      if (outcome.status === 'done') doneCount += 1;
      if (outcome.result?.stopReason === 'model-error') modelErrors += 1;
      if (doneCount === 0 && modelErrors >= HOPELESS_AFTER) stoppedBy ??= outcome.error;
      await onEvent({ type: 'item-ended', outcome });
    }
  };
  try {
    await Promise.all(Array.from({ length: concurrency }, worker));
  } catch (error) {
    stop.abort();
    throw error;
  }

  const outcome: BatchOutcome = {
    items: items.map(
      (item) => outcomes.get(item) ?? { item, status: 'not-started', result: null, error: null },
    ),
    interrupted: signal.aborted,
    stoppedBy,
    startedAt,
    durationMs: performance.now() - startedMs,
  };
  await onEvent({ type: 'batch-ended', outcome });
  return outcome;
}

/** One session does without a directory of skills; a job that names one is not meant to be paid for without it. */
async function checkSkills({ skills = [] }: Job): Promise<void> {
  for (const directory of skills) {
    const isThere = await stat(directory).then(
      (entry) => entry.isDirectory(),
      () => false,
    );
    if (!isThere)
      throw new ConfigFileError('invalid_job', `The job's skills directory ${directory} is not there.`);
  }
}

function sessionOptionsOf({ job, image, model = job.model }: BatchOptions): SessionOptions {
  const { system, skills, tools, maxTurns, modelOptions } = job;
  return {
    base: image,
    ...(model === undefined ? {} : { model }),
    ...(system === undefined ? {} : { system }),
    ...(skills === undefined ? {} : { skills }),
    ...(tools === undefined ? {} : { tools }),
    ...(maxTurns === undefined ? {} : { maxTurns }),
    ...(modelOptions === undefined ? {} : { modelOptions }),
  };
}

async function runItem(
  item: BatchItem,
  sessionOptions: SessionOptions,
  { pool, job, signal, onEvent = () => undefined }: BatchOptions,
): Promise<ItemOutcome> {
  let result: PromptResult | null = null;
  try {
    await using session = await pool.start(sessionOptions);
    const limits = {
      ...(signal ? { signal } : {}),
      ...(job.timeoutMs === undefined ? {} : { timeoutMs: job.timeoutMs }),
    };
    for await (const event of session.stream(item.prompt, limits)) {
      if (event.type === 'prompt-ended') result = event.result;
      await onEvent({ type: 'item-event', item, event });
    }
  } catch (error) {
    return { item, status: 'failed', result, error: serializeError(error, 'session_failed') };
  }
  if (!result) throw new TypeError(`the session of ${item.id} ended without prompt-ended`);
  return { item, status: statusOf(result, signal), result, error: result.error };
}

function statusOf({ stopReason }: PromptResult, signal: AbortSignal | undefined): ItemStatus {
  if (stopReason === 'end') return 'done';
  return stopReason === 'cancelled' && signal?.aborted ? 'cancelled' : 'failed';
}
