import { stat } from 'node:fs/promises';
import { setMaxListeners } from 'node:events';
import { BudgetReachedError, ConfigFileError } from '../errors.ts';
import type { PromptBody } from '../journal/active-prompt.ts';
import type { SessionEvent } from '../pool/events.ts';
import type { SessionOptions, StreamOptions } from '../pool/options.ts';
import type { SessionPool } from '../pool/pool.ts';
import type { PromptResult } from '../pool/prompt-result.ts';
import { inWorkflow } from '../telemetry/workflow.ts';
import { serializeError, type SerializedError } from '../protocol/serialized-error.ts';
import type { JsonSchema } from '../tools/tool.ts';
import type { BaseImage } from '../workspace/base-image.ts';
import { baseSessionOf, FIRST_ATTEMPT, sessionIdOf, type ItemStanding } from './item-standing.ts';
import type { Job } from './job.ts';
import type { BatchItem } from './plan.ts';
import type { Spent } from './spent.ts';

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
  /** An earlier run of the batch began it; this one took its result from the journal, or went on with it. */
  readonly resumed?: true;
  /** That it ran in; default the first. */
  readonly round?: number;
  /** What attempts before this one have cost, in whatever run and round. */
  readonly earlier?: Spent;
}

export interface BatchOutcome {
  /** In the batch's order, one for each item. */
  readonly items: readonly ItemOutcome[];
  /** The caller's signal ended it. */
  readonly interrupted: boolean;
  /**
   * Why no more items were started: the model error that the first ones all ended with, what is wrong with the store, or
   * the budget of the batch, or of the pool, that is reached.
   */
  readonly stoppedBy: SerializedError | null;
  readonly startedAt: Date;
  readonly durationMs: number;
}

/** What happens in a batch, in order. Every item that starts ends once; `batch-ended` comes once, last. */
export type BatchEvent =
  | { readonly type: 'batch-started'; readonly items: number; readonly concurrency: number }
  | {
      readonly type: 'item-started';
      readonly item: BatchItem;
      /** From 1: how often it has been started, in whatever run. */
      readonly attempt: number;
      /** From 1. Attempts count from 1 in each. */
      readonly round: number;
      /** See {@link ItemOutcome.resumed}. */
      readonly resumed: boolean;
    }
  /** Something in the item's session, `prompt-ended` included. */
  | { readonly type: 'item-event'; readonly item: BatchItem; readonly event: SessionEvent }
  | { readonly type: 'item-ended'; readonly outcome: ItemOutcome }
  /** Items whose changes contradict others' are run again, over the base with those of the others. */
  | { readonly type: 'round-started'; readonly round: number; readonly items: number }
  | { readonly type: 'batch-ended'; readonly outcome: BatchOutcome };

export interface BatchOptions {
  readonly pool: SessionPool;
  readonly job: Job;
  readonly items: readonly BatchItem[];
  /** The files that every session starts from. */
  readonly image: BaseImage;
  /** The group of the pool that the sessions' spending counts against; when its budget is reached no more are started. */
  readonly group?: string;
  /** Of the sessions that are started. Default 1. */
  readonly round?: number;
  /** By item id: how far an earlier run on the pool's store has come. Default: all items are new. */
  readonly standings?: ReadonlyMap<string, ItemStanding>;
  /** Default the job's, and else the pool's. */
  readonly model?: string;
  /** Default the job's, and else none. */
  readonly fallback?: readonly string[];
  /** Sessions at a time. Default the job's, and else {@link DEFAULT_CONCURRENCY}. */
  readonly concurrency?: number;
  /** Starts nothing more and cancels what runs; what is done is kept. */
  readonly signal?: AbortSignal;
  /** Must not throw; a promise it returns is waited for before the item's place is given to the next. */
  readonly onEvent?: (event: BatchEvent) => void | Promise<void>;
}

/**
 * Runs one session an item, `concurrency` at a time, all over one base image. Items that an earlier run has done come
 * first, without running; then those that it was in the middle of.
 * @throws what `pool.start` throws, before anything is run, when no session of this job could start (`unknown_provider`,
 *   `missing_key`, `unknown_preset`, …), or `invalid_job` for a directory of skills that is not there
 */
export async function runBatch(options: BatchOptions): Promise<BatchOutcome> {
  const { job, items } = options;
  return inWorkflow({ name: job.name, items: items.length }, () => runItems(options));
}

async function runItems(options: BatchOptions): Promise<BatchOutcome> {
  const {
    job,
    items,
    onEvent = () => undefined,
    standings = new Map<string, ItemStanding>(),
    round = 1,
  } = options;
  // Also ends what runs when the caller's listener fails.
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  // One listener a running session is no leak.
  setMaxListeners(0, signal);
  const concurrency = Math.min(options.concurrency ?? job.concurrency ?? DEFAULT_CONCURRENCY, items.length);
  const sessionOptions = sessionOptionsOf(options);
  await assertStartable(options);

  const startedAt = new Date();
  const startedMs = performance.now();
  const outcomes = new Map<BatchItem, ItemOutcome>();
  const tasks = items.map((item) => ({
    item,
    standing: standings.get(item.id) ?? { ...FIRST_ATTEMPT, round },
  }));
  const queue = [...tasks.filter(isAt('open')), ...tasks.filter(isAt('start'))].values();
  let stoppedBy: SerializedError | null = null;
  let doneCount = 0;
  let modelErrors = 0;
  await onEvent({ type: 'batch-started', items: items.length, concurrency });

  const take = async ({ item, standing }: Task): Promise<void> => {
    const resumed = standing.at !== 'start';
    await onEvent({ type: 'item-started', item, attempt: standing.attempt, round: standing.round, resumed });
    const ended = await runItem({ item, standing }, sessionOptions, { ...options, signal });
    const outcome: ItemOutcome = {
      ...ended,
      round: standing.round,
      earlier: standing.spent,
      ...(resumed && { resumed }),
    };
    outcomes.set(item, outcome);
    if (outcome.status === 'done') doneCount += 1;
    if (outcome.result?.stopReason === 'model-error') modelErrors += 1;
    if (doneCount === 0 && modelErrors >= HOPELESS_AFTER) stoppedBy ??= outcome.error;
    // What cannot be journalled cannot be promised to anybody.
    if (isStoreError(outcome.error)) stoppedBy ??= outcome.error;
    if (isOverBatchBudget(outcome)) stoppedBy ??= outcome.error;
    await onEvent({ type: 'item-ended', outcome });
  };
  const worker = async (): Promise<void> => {
    for (;;) {
      if (stoppedBy || signal.aborted) return;
      const { value: task, done } = queue.next();
      if (done) return;
      // Begun, it would only be told to stop.
      stoppedBy ??= overBudget(options);
      if (stoppedBy) return;
      await take(task);
    }
  };
  try {
    for (const task of tasks.filter(isAt('done'))) await take(task);
    await Promise.all(Array.from({ length: concurrency }, worker));
  } catch (error) {
    stop.abort();
    throw error;
  }

  const outcome: BatchOutcome = {
    items: items.map((item) => outcomes.get(item) ?? notStarted(item, standings.get(item.id))),
    interrupted: signal.aborted,
    stoppedBy,
    startedAt,
    durationMs: performance.now() - startedMs,
  };
  await onEvent({ type: 'batch-ended', outcome });
  return outcome;
}

function notStarted(item: BatchItem, standing: ItemStanding = FIRST_ATTEMPT): ItemOutcome {
  const { round, spent } = standing;
  return { item, status: 'not-started', result: null, error: null, round, earlier: spent };
}

/** An item, and where it begins. */
interface Task {
  readonly item: BatchItem;
  readonly standing: ItemStanding;
}

function isAt(at: ItemStanding['at']): (task: Task) => boolean {
  return ({ standing }) => standing.at === at;
}

/** The budget that stands in the way of another item. */
function overBudget({ pool, group }: Pick<BatchOptions, 'pool' | 'group'>): SerializedError | null {
  const ofGroup = group === undefined ? null : pool.budgetStatus(group).reached;
  const reached = ofGroup ?? pool.budgetStatus().reached;
  return reached && serializeError(new BudgetReachedError(reached), 'budget_reached');
}

/** The item was stopped by a budget that is not its own. */
function isOverBatchBudget({ result }: ItemOutcome): boolean {
  const budget = result?.error?.budget;
  return budget !== undefined && budget.scope !== 'session';
}

function isStoreError(error: SerializedError | null): boolean {
  return error !== null && /^(?:store|storage)_/.test(error.code);
}

/**
 * What is wrong for one item is wrong for all: it is found before a report says so once an item. The session that is
 * started for this stays in the pool's store, if that is a durable one, and keeps the base image there.
 * @throws as {@link runBatch}
 */
export async function assertStartable(
  options: Pick<BatchOptions, 'pool' | 'job' | 'image' | 'model' | 'fallback' | 'group'>,
): Promise<void> {
  await checkSkills(options.job);
  await keepBase(options, 1);
}

/** Has the pool's store keep the base image of a round, unless it has one. @throws what `pool.start` throws */
export async function keepBase(
  options: Pick<BatchOptions, 'pool' | 'job' | 'image' | 'model' | 'fallback' | 'group'>,
  round: number,
): Promise<void> {
  const id = baseSessionOf(round);
  if (options.pool.session(id)) return;
  await (await options.pool.start({ ...sessionOptionsOf(options), id })).close();
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

function sessionOptionsOf({
  job,
  image,
  model = job.model,
  fallback = job.fallback,
  group,
}: Pick<BatchOptions, 'job' | 'image' | 'model' | 'fallback' | 'group'>): SessionOptions {
  const { system, skills, tools, maxTurns, modelOptions, itemBudget } = job;
  return {
    base: image,
    priority: 'batch',
    ...(group === undefined ? {} : { group }),
    ...(itemBudget === undefined ? {} : { budget: itemBudget }),
    ...(model === undefined ? {} : { model }),
    ...(fallback === undefined ? {} : { fallback }),
    ...(system === undefined ? {} : { system }),
    ...(skills === undefined ? {} : { skills }),
    ...(tools === undefined ? {} : { tools }),
    ...(maxTurns === undefined ? {} : { maxTurns }),
    ...(modelOptions === undefined ? {} : { modelOptions }),
  };
}

async function runItem(
  { item, standing }: Task,
  sessionOptions: SessionOptions,
  { pool, job, signal, onEvent = () => undefined }: BatchOptions,
): Promise<ItemOutcome> {
  if (standing.at === 'done') return { item, status: 'done', result: standing.result, error: null };
  let result: PromptResult | null = null;
  try {
    const id = sessionIdOf(item.id, standing.attempt, standing.round);
    await using session =
      (standing.at === 'open' ? pool.session(id) : undefined) ??
      (await pool.start({ ...sessionOptions, id }));
    // A prompt that was cut off is what it was, whatever the job says now.
    const sent = standing.at === 'open' ? standing.prompt : null;
    const prompt = sent?.text ?? item.prompt;
    const limits = {
      // Sent again after a crash it is the same prompt.
      idempotencyKey: sessionIdOf(item.id, 1),
      ...(signal ? { signal } : {}),
      ...(job.timeoutMs === undefined ? {} : { timeoutMs: job.timeoutMs }),
      ...schemaOptions(sent, job),
    };
    for await (const event of session.stream(prompt, limits)) {
      if (event.type === 'prompt-ended') result = event.result;
      await onEvent({ type: 'item-event', item, event });
    }
  } catch (error) {
    return { item, status: 'failed', result, error: serializeError(error, 'session_failed') };
  }
  if (!result) throw new TypeError(`the session of ${item.id} ended without prompt-ended`);
  return { item, status: statusOf(result, signal), result, error: result.error };
}

function schemaOptions(
  sent: PromptBody | null,
  { schema }: Job,
): Pick<StreamOptions, 'schema' | 'schemaName'> {
  if (!sent) return schema === undefined ? {} : { schema };
  if (!sent.schema) return {};
  return { schema: JSON.parse(sent.schema.json) as JsonSchema, schemaName: sent.schema.name };
}

function statusOf({ stopReason }: PromptResult, signal: AbortSignal | undefined): ItemStatus {
  if (stopReason === 'end') return 'done';
  return stopReason === 'cancelled' && signal?.aborted ? 'cancelled' : 'failed';
}
