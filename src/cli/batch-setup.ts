import { dirname, join, relative, resolve } from 'node:path';
import { BATCH_FILE_VERSION, readBatchFile, writeBatchFile, type BatchFile } from '../batch/batch-file.ts';
import { baseIn, imageIn, lastSign, openJournal, reopenJournal } from '../batch/batch-journal.ts';
import { BatchOutput } from '../batch/batch-output.ts';
import { describeJobChanges } from '../batch/job-changes.ts';
import type { Job } from '../batch/job.ts';
import { planItems, type BatchItem } from '../batch/plan.ts';
import { assertStartable } from '../batch/run-batch.ts';
import { DEFAULT_RERUNS, readRounds, type StoredRounds } from '../batch/run-rounds.ts';
import { UsageError } from '../errors.ts';
import type { PriceTable } from '../gate/prices.ts';
import type { JournalStore } from '../journal/store.ts';
import type { PoolOptions } from '../pool/options.ts';
import { SessionPool } from '../pool/pool.ts';
import type { BudgetOptions } from '../protocol/budget.ts';
import type { BaseImage } from '../workspace/base-image.ts';
import { baseImage } from '../workspace/make-base-image.ts';
import type { Delivery } from './batch-delivery.ts';
import type { BatchCommandOptions } from './batch-options.ts';
import { givenBudget, givenPrices } from './budget-flags.ts';
import { chooseModel, type ChosenModel } from './choose-model.ts';
import { defaultOutput } from './default-output.ts';
import { version } from '../version.ts';

/** The pool's group that a batch's sessions are in: a store may have others, and what they have spent is not the batch's. */
export const BATCH_GROUP = 'batch';

/** Everything that a batch runs on. Disposing of it closes the journal and the model. */
export interface BatchSetup extends AsyncDisposable {
  readonly job: Job;
  /** The files that the batch is about. */
  readonly directory: string;
  readonly image: BaseImage;
  readonly items: readonly BatchItem[];
  readonly chosen: ChosenModel;
  readonly output: BatchOutput;
  readonly store: JournalStore;
  /** What the batch is continued with, should this process die. */
  readonly file: BatchFile;
  readonly maxReruns: number;
  /** What the batch may spend, all its runs together; null for no limit. */
  readonly budget: BudgetOptions | null;
  readonly prices: PriceTable;
  /** An earlier run began it; null when this is the first. */
  readonly earlier: StoredRounds | null;
  /** From here on the batch can be continued. One that is disposed of before leaves nothing on disk. */
  begin(): Promise<void>;
  /** The same when items are run again. */
  keepLosers(losersByRound: readonly (readonly string[])[]): Promise<void>;
}

/** What is the same for a new and for a continued batch. */
interface Parts {
  readonly job: Job;
  readonly jobFile: string;
  readonly options: BatchCommandOptions;
  readonly delivery: Delivery | undefined;
}

/** Reads and checks everything, and only then makes the output directory. @throws what is wrong, see `errors.ts` */
export async function newBatch(parts: Parts): Promise<BatchSetup> {
  const { job, jobFile, options, delivery } = parts;
  const directory = resolve(options.dir ?? '.');
  const out = options.out === undefined ? undefined : resolve(options.out);
  const image = await baseImage.fromDirectory(directory, {
    include: job.include ?? [],
    // Results of earlier batches are no sources.
    exclude: [...(job.exclude ?? []), '.skein'],
  });
  const planned = planItems(job, image, jobFile);
  const given = await givenPrices(options);
  await delivery?.prepare(directory);
  const chosen = await chooseModel(modelOf(job, jobFile, options.model, options));
  const prices = { ...chosen.prices, ...given };
  try {
    await tryToStart(parts, image, chosen, givenFallback(options));
    const output = await BatchOutput.create(out ?? (await defaultOutput(job.name)), image);
    const store = await openJournal(output.directory).catch(async (error: unknown) => {
      await output.discard();
      throw error;
    });
    const now = new Date().toISOString();
    const file: BatchFile = {
      version: BATCH_FILE_VERSION,
      skein: version(),
      job,
      model: chosen.model,
      givenModel: options.model ?? null,
      givenFallback: givenFallback(options) ?? null,
      directory,
      simulate: options.simulate ?? null,
      items: planned.map(({ id }) => id),
      limit: options.limit ?? null,
      maxReruns: maxReruns(options) ?? null,
      givenBudget: givenBudget(options) ?? null,
      skipped: image.skipped,
      startedAt: now,
      continuedAt: now,
      earlierMs: 0,
    };
    const items = planned.slice(0, options.limit);
    return batchOf({
      job,
      directory,
      image,
      items,
      chosen,
      output,
      store,
      file,
      maxReruns: maxReruns(options) ?? 0,
      budget: joined(job.budget, givenBudget(options)),
      prices,
      earlier: null,
    });
  } catch (error) {
    await chosen[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * Takes up a batch where its journal ends: over the files as they were, not as they are.
 * @throws {UsageError} `no_batch`; `job_changed`, naming the keys, unless `options.force`
 * @throws {StoreError} `store_locked` while another process runs it
 */
export async function continuedBatch(from: string, parts: Parts): Promise<BatchSetup> {
  const { job, jobFile, options, delivery } = parts;
  const before = await readBatchFile(from);
  checkSimulated(from, before, options);
  const directory = resolve(options.dir ?? before.directory);
  const given = await givenPrices(options);
  await delivery?.prepare(directory, from);
  const givenModel = options.model ?? before.givenModel;
  const fallback = givenFallback(options) ?? before.givenFallback ?? null;
  const chosenFor = modelOf(job, jobFile, givenModel ?? undefined, options);
  const store = await reopenJournal(from);
  try {
    const image = imageIn(store, from, before.skipped);
    const planned = planItems(job, image, jobFile);
    const ids = planned.map(({ id }) => id);
    const chosen = await chooseModel(chosenFor);
    try {
      if (!options.force) {
        if (options.model !== undefined && options.model !== before.model)
          throw modelChanged(options.model, from, before.model);
        const changes = describeJobChanges(
          { ...before.job, ...NO_BUDGETS, model: before.model, items: before.items },
          { ...job, ...NO_BUDGETS, model: chosen.model, items: ids },
        );
        if (changes.length > 0) throw jobChanged(jobFile, from, changes);
      }
      const limit = options.limit ?? before.limit;
      const baseOf = (sessionId: string): BaseImage | undefined => baseIn(store, sessionId, before.skipped);
      const earlier = readRounds(store, planned, baseOf, before.losers ?? [], image);
      const { standings } = earlier;
      const reruns = maxReruns(options) ?? before.maxReruns ?? 0;
      const isDone = ({ id }: BatchItem): boolean => standings.get(id)?.at === 'done';
      // What is done is part of the batch, whatever the limit: it was paid for.
      const items = planned.filter((item, i) => i < (limit ?? planned.length) || isDone(item));
      if (!items.every(isDone) || reruns > earlier.closed.length)
        await tryToStart(parts, image, chosen, fallback ?? undefined);
      const output = await BatchOutput.reopen(from, image);
      const file: BatchFile = {
        ...before,
        skein: version(),
        job,
        model: chosen.model,
        givenModel,
        givenFallback: fallback,
        items: ids,
        limit,
        maxReruns: reruns,
        givenBudget: joined(before.givenBudget ?? undefined, givenBudget(options)),
        losers: earlier.closed.map(({ loserIds }) => loserIds),
        continuedAt: new Date().toISOString(),
        earlierMs:
          before.earlierMs +
          Math.max(0, lastSign(store) - Date.parse(before.continuedAt)) * (chosen.simulation?.speed ?? 1),
      };
      return batchOf({
        job,
        directory,
        image,
        items,
        chosen,
        output,
        store,
        file,
        maxReruns: reruns,
        budget: joined(job.budget, file.givenBudget ?? undefined),
        prices: { ...chosen.prices, ...given },
        earlier,
      });
    } catch (error) {
      await chosen[Symbol.asyncDispose]();
      throw error;
    }
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Puts the parts of a batch together, with what is to be done at its beginning and end. */
function batchOf(parts: Omit<BatchSetup, 'begin' | 'keepLosers' | typeof Symbol.asyncDispose>): BatchSetup {
  const { chosen, store, output, file, items, earlier } = parts;
  let hasBegun = earlier !== null;
  return {
    ...parts,
    async begin() {
      hasBegun = true;
      // One that is complete is only told again.
      if (items.every(({ id }) => earlier?.standings.get(id)?.at === 'done')) return;
      await writeBatchFile(output.directory, file);
    },
    async keepLosers(losers) {
      await writeBatchFile(output.directory, { ...file, losers });
    },
    async [Symbol.asyncDispose]() {
      try {
        await store.close();
        if (!hasBegun) await output.discard();
      } finally {
        await chosen[Symbol.asyncDispose]();
      }
    },
  };
}

/** An option that is not given leaves it to the job. */
function givenFallback({ fallback }: BatchCommandOptions): readonly string[] | undefined {
  return fallback.length > 0 ? fallback : undefined;
}

function maxReruns({ rerunConflicts }: BatchCommandOptions): number | undefined {
  return rerunConflicts === true ? DEFAULT_RERUNS : rerunConflicts;
}

/** Whoever goes on with a batch may let it spend more. */
const NO_BUDGETS = { budget: undefined, itemBudget: undefined };

/** Limit by limit, the later one counts. */
function joined(before: BudgetOptions | undefined, after: BudgetOptions | undefined): BudgetOptions | null {
  return before || after ? { ...before, ...after } : null;
}

/** The command that goes on with a batch, as a person would type it from here. */
export function resumeCommand(
  jobFile: string,
  directory: string,
  options: Pick<BatchCommandOptions, 'provider' | 'prices' | 'record' | 'simulate'>,
): string {
  const { provider: providers, prices, record, simulate } = options;
  const fromHere = relative('.', directory);
  const place = fromHere.startsWith('..') ? directory : join('.', fromHere);
  const words = ['skein', 'batch', jobFile, '--resume', place];
  for (const provider of providers) words.push('--provider', provider);
  if (prices !== undefined) words.push('--prices', prices);
  if (record !== undefined) words.push('--record', record);
  if (simulate !== undefined) words.push('--simulate', simulate);
  return words.map(quote).join(' ');
}

function quote(word: string): string {
  return /^[\w./@:=+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function modelOf(
  job: Job,
  jobFile: string,
  given: string | undefined,
  { provider, simulate }: BatchCommandOptions,
): Parameters<typeof chooseModel>[0] {
  return {
    model: given ?? job.model,
    providers: provider,
    from: given === undefined ? dirname(jobFile) : '.',
    simulate,
  };
}

/** A batch's sessions run in processes of their own: what one does to its process is not the end of all. */
export function poolOptions(
  { chosen: { providers }, budget, prices }: Pick<BatchSetup, 'chosen' | 'budget' | 'prices'>,
  { isolation = 'process', shards }: BatchCommandOptions,
): PoolOptions {
  const groups = { [BATCH_GROUP]: budget };
  return { providers, isolation, groups, prices, ...(shards === undefined ? {} : { shards }) };
}

/** Before anything is paid for, and before anything is on disk. */
async function tryToStart(
  { job, options }: Parts,
  image: BaseImage,
  chosen: ChosenModel,
  fallback: readonly string[] | undefined,
): Promise<void> {
  await using pool = await SessionPool.open(poolOptions({ chosen, budget: null, prices: {} }, options));
  await assertStartable({
    pool,
    job,
    image,
    model: chosen.model,
    ...(fallback ? { fallback } : {}),
    group: BATCH_GROUP,
  });
}

/** Made-up results beside real ones would be taken for results. */
function checkSimulated(from: string, before: BatchFile, { simulate }: BatchCommandOptions): void {
  const wasSimulated = typeof before.simulate === 'string';
  if (wasSimulated === (simulate !== undefined)) return;
  throw new UsageError(
    'usage',
    wasSimulated
      ? `The batch in ${from} was simulated, and can only go on with --simulate; for the real one, start a new batch.`
      : `The batch in ${from} was not simulated, and cannot go on so; leave out --simulate, or start a new batch.`,
  );
}

function modelChanged(given: string, from: string, model: string): UsageError {
  return new UsageError(
    'job_changed',
    `Option --model ${given}: the batch in ${from} was started with ${model}. ` +
      'Leave the option out, or start a new batch, or give --force: then what is done stays as it is, and the rest is run with the new model.',
  );
}

function jobChanged(jobFile: string, from: string, changes: readonly string[]): UsageError {
  return new UsageError(
    'job_changed',
    `Job file ${jobFile} is not what the batch in ${from} was started with: ${changes.join('; ')}. ` +
      'Put it back, or start a new batch, or give --force: then what is done stays as it is, and the rest is run as it says now.',
  );
}
