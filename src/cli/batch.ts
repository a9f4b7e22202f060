import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { applyChanges } from '../batch/apply-changes.ts';
import { BatchOutput, type WrittenBatch } from '../batch/batch-output.ts';
import { parseJob, type Job } from '../batch/job.ts';
import { planItems } from '../batch/plan.ts';
import { runBatch, type BatchEvent } from '../batch/run-batch.ts';
import { UsageError } from '../errors.ts';
import { SessionPool } from '../pool/pool.ts';
import type { BaseImage } from '../workspace/base-image.ts';
import { baseImage } from '../workspace/make-base-image.ts';
import type { BatchEnd } from './batch-end.ts';
import { BatchRecords } from './batch-records.ts';
import { viewBatch } from './batch-view.ts';
import { chooseModel } from './choose-model.ts';
import { defaultOutput } from './default-output.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { Interrupt } from './interrupt.ts';
import { LiveProgress } from './live-progress.ts';
import { NdjsonWriter } from './ndjson.ts';
import { describeTerminal } from './terminal.ts';
import { relayWarnings } from './warnings.ts';

export interface BatchCommandOptions {
  readonly dir?: string;
  readonly model?: string;
  readonly concurrency?: number;
  readonly limit?: number;
  readonly out?: string;
  readonly provider: readonly string[];
  readonly write?: true;
  readonly json?: true;
}

/** `skein batch job.yaml` */
export async function batchCommand(jobFile: string, options: BatchCommandOptions): Promise<ExitCode> {
  const terminal = describeTerminal(options);
  const records = terminal.json
    ? new BatchRecords(new NdjsonWriter((line) => process.stdout.write(line)))
    : undefined;
  const job = parseJob(await readJobFile(jobFile), jobFile);
  const directory = resolve(options.dir ?? '.');
  const out = options.out === undefined ? undefined : resolve(options.out);
  const image = await readDirectory(directory, job);
  const items = planItems(job, image, jobFile).slice(0, options.limit);

  await using chosen = await chooseModel({
    model: options.model ?? job.model,
    providers: options.provider,
    from: options.model === undefined ? dirname(jobFile) : '.',
  });
  const { model, scripted } = chosen;
  await using pool = await SessionPool.open({ providers: chosen.providers });
  using progress = new LiveProgress(job.name, terminal);
  using _ = relayWarnings((line) => progress.remark(line));
  using interrupt = new Interrupt(() => progress.interrupt());

  let output: BatchOutput | undefined;
  let concurrency = 0;
  const onEvent = async (event: BatchEvent): Promise<void> => {
    progress.update(event);
    if (event.type === 'batch-started') {
      concurrency = event.concurrency;
      // Before anything is paid for, but after it is known that the job can run at all.
      output = await BatchOutput.create(out ?? (await defaultOutput(job.name)), image);
      records?.started({ name: job.name, model, items: items.length, concurrency, out: output.directory });
    }
    records?.event(event);
    if (event.type === 'item-ended' && output) {
      const report = await output.writeItem(event.outcome);
      records?.item(report);
    }
  };
  try {
    const outcome = await runBatch({
      pool,
      job,
      items,
      image,
      model,
      signal: interrupt.signal,
      onEvent,
      ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
    });
    if (!output) throw new TypeError('the batch ended without batch-started');
    const written = await output.finish(outcome, { name: job.name, model, concurrency, source: directory });
    progress[Symbol.dispose]();
    const wantsWrite = options.write === true && !outcome.interrupted;
    const problem = wantsWrite ? await tryToApply(directory, written) : undefined;
    // What is in conflict was not written.
    const isWritten = problem === undefined && (!wantsWrite || written.merge.conflicts.length === 0);
    const isComplete = isWritten && written.report.totals.done === items.length;
    const end: BatchEnd = {
      directory: output.directory,
      applied: wantsWrite && problem === undefined,
      problem,
      exitCode: interrupt.exitCode ?? (isComplete ? EXIT.done : EXIT.unfinished),
    };
    if (records) records.ended(written, end);
    else process.stdout.write(viewBatch(written, { ...end, terminal, scripted }));
    return end.exitCode;
  } catch (error) {
    records?.failed(error);
    throw error;
  }
}

/** The files that the batch is about. */
function readDirectory(directory: string, job: Job): Promise<BaseImage> {
  return baseImage.fromDirectory(directory, {
    include: job.include ?? [],
    // Results of earlier batches are no sources.
    exclude: [...(job.exclude ?? []), '.skein'],
  });
}

async function readJobFile(jobFile: string): Promise<string> {
  try {
    return await readFile(jobFile, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new UsageError('input_unreadable', `Job file ${jobFile} cannot be read (${code}).`, { cause });
  }
}

async function tryToApply(directory: string, { merge }: WrittenBatch): Promise<Error | undefined> {
  try {
    await applyChanges(directory, merge.changes);
    return undefined;
  } catch (error) {
    // Told at the end: the batch's results are on disk all the same.
    return error instanceof Error ? error : new Error(String(error));
  }
}
