import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { UsageError } from '../errors.ts';
import type { SkippedFile } from '../workspace/base-image.ts';
import { writing } from './empty-directory.ts';
import type { BudgetOptions } from '../protocol/budget.ts';
import type { Job } from './job.ts';

export const BATCH_FILE = 'batch.json';
/** Of `batch.json`. A reader refuses a higher one than its own. */
export const BATCH_FILE_VERSION = 1;

/** What a batch was started with, so that it can be continued. Written when it begins, and again when it is continued. */
export interface BatchFile {
  readonly version: typeof BATCH_FILE_VERSION;
  /** Of the skein that wrote it. */
  readonly skein: string;
  readonly job: Job;
  /** `provider:name` that all sessions use. */
  readonly model: string;
  /** What the command line named, before the job's; null when it named none. */
  readonly givenModel: string | null;
  /** The same of its fallbacks; absent in files of earlier versions. */
  readonly givenFallback?: readonly string[] | null;
  /** That the base image was made of. */
  readonly directory: string;
  /** The profile that its provider is simulated by, as the command line named it; absent, or null, where it is not. */
  readonly simulate?: string | null;
  /** Ids of all items, those over the limit included. */
  readonly items: readonly string[];
  /** How many of them are run; null for all. */
  readonly limit: number | null;
  /** How many rounds of re-runs there may be; null, or nothing, for none. */
  readonly maxReruns?: number | null;
  /** Ids of the items that ran again, by round. */
  readonly losers?: readonly (readonly string[])[];
  /** Limits of the command line, which go before the job's; absent, or null, for none. */
  readonly givenBudget?: BudgetOptions | null;
  /** What sessions could not see, and why. */
  readonly skipped: readonly SkippedFile[];
  /** RFC 3339: when it was first started. */
  readonly startedAt: string;
  /** RFC 3339: when it was last continued; else when it was started. */
  readonly continuedAt: string;
  /** How long it had run before that. */
  readonly earlierMs: number;
}

const batchFile = z.looseObject({
  skein: z.string(),
  job: z.looseObject({ name: z.string(), prompt: z.string(), each: z.looseObject({}) }),
  model: z.string(),
  givenModel: z.nullable(z.string()),
  givenFallback: z.optional(z.nullable(z.array(z.string()))),
  directory: z.string(),
  simulate: z.optional(z.nullable(z.string())),
  items: z.array(z.string()),
  limit: z.nullable(z.int()),
  maxReruns: z.optional(z.nullable(z.int())),
  losers: z.optional(z.array(z.array(z.string()))),
  givenBudget: z.optional(z.nullable(z.looseObject({}))),
  skipped: z.array(z.looseObject({ path: z.string(), reason: z.string() })),
  startedAt: z.iso.datetime(),
  continuedAt: z.iso.datetime(),
  earlierMs: z.number(),
});

/** @throws {UsageError} `no_batch` when the directory holds none that could be continued */
export async function readBatchFile(directory: string): Promise<BatchFile> {
  const refused = (problem: string, cause?: unknown): UsageError =>
    new UsageError('no_batch', `${directory} holds no batch that can be continued: ${problem}.`, { cause });
  let text: string;
  try {
    text = await readFile(join(directory, BATCH_FILE), 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw refused(`its ${BATCH_FILE} cannot be read (${code})`, cause);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refused(`its ${BATCH_FILE} is damaged`, cause);
  }
  const { version } = Object(value) as { version?: unknown };
  if (typeof version === 'number' && version > BATCH_FILE_VERSION)
    throw refused('it was written by a newer skein; use that one');
  if (version !== BATCH_FILE_VERSION || !batchFile.safeParse(value).success)
    throw refused(`its ${BATCH_FILE} is damaged`);
  return value as BatchFile;
}

/** In one step, so that a batch that is killed meanwhile can still be continued. @throws {OutputError} `output_unwritable` */
export async function writeBatchFile(directory: string, file: BatchFile): Promise<void> {
  const temporary = join(directory, `.${BATCH_FILE}.${randomBytes(6).toString('hex')}`);
  await writing(directory, async () => {
    await writeFile(temporary, `${JSON.stringify(file, null, 2)}\n`, { flag: 'wx' });
    await rename(temporary, join(directory, BATCH_FILE));
  });
}
