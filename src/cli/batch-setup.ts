import { dirname, join, relative, resolve } from 'node:path';
import { readBatchFile, type BatchFile, BATCH_FILE_VERSION } from '../batch/batch-file.ts';
import { imageIn, lastSign, openJournal, reopenJournal } from '../batch/batch-journal.ts';
import { BatchOutput } from '../batch/batch-output.ts';
import { standingOf, type ItemStanding } from '../batch/item-standing.ts';
import { describeJobChanges } from '../batch/job-changes.ts';
import type { Job } from '../batch/job.ts';
import { planItems, type BatchItem } from '../batch/plan.ts';
import { assertStartable } from '../batch/run-batch.ts';
import { UsageError } from '../errors.ts';
import type { JournalStore } from '../journal/store.ts';
import type { PoolOptions } from '../pool/options.ts';
import { SessionPool } from '../pool/pool.ts';
import type { BaseImage } from '../workspace/base-image.ts';
import { baseImage } from '../workspace/make-base-image.ts';
import type { BatchCommandOptions } from './batch.ts';
import { chooseModel, type ChosenModel } from './choose-model.ts';
import { defaultOutput } from './default-output.ts';
import { version } from './version.ts';

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
  /** An earlier run began it; null when this is the first. */
  readonly earlier: { readonly standings: ReadonlyMap<string, ItemStanding> } | null;
}

/** What is the same for a new and for a continued batch. */
interface Parts {
  readonly job: Job;
  readonly jobFile: string;
  readonly options: BatchCommandOptions;
}

/** Reads and checks everything, and only then makes the output directory. @throws what is wrong, see `errors.ts` */
export async function newBatch(parts: Parts): Promise<BatchSetup> {
  const { job, jobFile, options } = parts;
  const directory = resolve(options.dir ?? '.');
  const out = options.out === undefined ? undefined : resolve(options.out);
  const image = await baseImage.fromDirectory(directory, {
    include: job.include ?? [],
    // Results of earlier batches are no sources.
    exclude: [...(job.exclude ?? []), '.skein'],
  });
  const planned = planItems(job, image, jobFile);
  const chosen = await chooseModel(modelOf(job, jobFile, options.model, options));
  try {
    await tryToStart(parts, image, chosen);
    const output = await BatchOutput.create(out ?? (await defaultOutput(job.name)), image);
    const store = await openJournal(output.directory);
    const now = new Date().toISOString();
    const file: BatchFile = {
      version: BATCH_FILE_VERSION,
      skein: version(),
      job,
      model: chosen.model,
      givenModel: options.model ?? null,
      directory,
      items: planned.map(({ id }) => id),
      limit: options.limit ?? null,
      skipped: image.skipped,
      startedAt: now,
      continuedAt: now,
      earlierMs: 0,
    };
    const items = planned.slice(0, options.limit);
    return {
      job,
      directory,
      image,
      items,
      chosen,
      output,
      store,
      file,
      earlier: null,
      ...closing(chosen, store),
    };
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
  const { job, jobFile, options } = parts;
  const before = await readBatchFile(from);
  const givenModel = options.model ?? before.givenModel;
  const chosenFor = modelOf(job, jobFile, givenModel ?? undefined, options);
  const store = await reopenJournal(from);
  try {
    const image = imageIn(store, from, before.skipped);
    const planned = planItems(job, image, jobFile);
    const ids = planned.map(({ id }) => id);
    const chosen = await chooseModel(chosenFor);
    try {
      const changes = describeJobChanges(
        { ...before.job, model: before.model, items: before.items },
        { ...job, model: chosen.model, items: ids },
      );
      if (changes.length > 0 && !options.force) throw jobChanged(jobFile, from, changes);
      const limit = options.limit ?? before.limit;
      const items = planned.slice(0, limit ?? undefined);
      const standings = new Map(items.map(({ id }) => [id, standingOf(id, store)]));
      if ([...standings.values()].some(({ at }) => at !== 'done')) await tryToStart(parts, image, chosen);
      const output = await BatchOutput.reopen(from, image);
      const file: BatchFile = {
        ...before,
        skein: version(),
        job,
        model: chosen.model,
        givenModel,
        items: ids,
        limit,
        continuedAt: new Date().toISOString(),
        earlierMs: before.earlierMs + Math.max(0, lastSign(store) - Date.parse(before.continuedAt)),
      };
      const directory = resolve(options.dir ?? before.directory);
      const earlier = { standings };
      return {
        job,
        directory,
        image,
        items,
        chosen,
        output,
        store,
        file,
        earlier,
        ...closing(chosen, store),
      };
    } catch (error) {
      await chosen[Symbol.asyncDispose]();
      throw error;
    }
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** The command that goes on with a batch, as a person would type it from here. */
export function resumeCommand(jobFile: string, directory: string, providers: readonly string[]): string {
  const fromHere = relative('.', directory);
  const place = fromHere.startsWith('..') ? directory : join('.', fromHere);
  const words = ['skein', 'batch', jobFile, '--resume', place];
  for (const provider of providers) words.push('--provider', provider);
  return words.map(quote).join(' ');
}

function quote(word: string): string {
  return /^[\w./@:=+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function modelOf(
  job: Job,
  jobFile: string,
  given: string | undefined,
  { provider }: BatchCommandOptions,
): Parameters<typeof chooseModel>[0] {
  return {
    model: given ?? job.model,
    providers: provider,
    from: given === undefined ? dirname(jobFile) : '.',
  };
}

/** A batch's sessions run in processes of their own: what one does to its process is not the end of all. */
export function poolOptions(
  { providers }: ChosenModel,
  { isolation = 'process', shards }: BatchCommandOptions,
): PoolOptions {
  return { providers, isolation, ...(shards === undefined ? {} : { shards }) };
}

/** Before anything is paid for, and before anything is on disk. */
async function tryToStart({ job, options }: Parts, image: BaseImage, chosen: ChosenModel): Promise<void> {
  await using pool = await SessionPool.open(poolOptions(chosen, options));
  await assertStartable({ pool, job, image, model: chosen.model });
}

function jobChanged(jobFile: string, from: string, changes: readonly string[]): UsageError {
  return new UsageError(
    'job_changed',
    `Job file ${jobFile} is not what the batch in ${from} was started with: ${changes.join('; ')}. ` +
      'Put it back, or start a new batch, or give --force: then what is done stays as it is, and the rest is run as it says now.',
  );
}

function closing(chosen: ChosenModel, store: JournalStore): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      try {
        await store.close();
      } finally {
        await chosen[Symbol.asyncDispose]();
      }
    },
  };
}
