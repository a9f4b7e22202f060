import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { WrittenBatch } from '../batch/batch-output.ts';
import { parseJob } from '../batch/job.ts';
import type { Report } from '../batch/report.ts';
import type { BatchEvent } from '../batch/run-batch.ts';
import { runRounds, type RoundsOutcome } from '../batch/run-rounds.ts';
import { UsageError } from '../errors.ts';
import { visibleSessions } from '../journal/visible-sessions.ts';
import { SimulationTally } from '../batch/simulated.ts';
import { openAtSpeed } from '../pool/open-at-speed.ts';
import { SessionPool } from '../pool/pool.ts';
import { chooseDelivery, type Delivered, type Delivery } from './batch-delivery.ts';
import { isBudgetCode, type BatchEnd } from './batch-end.ts';
import type { BatchCommandOptions } from './batch-options.ts';
import { BatchRecords } from './batch-records.ts';
import {
  BATCH_GROUP,
  continuedBatch,
  newBatch,
  poolOptions,
  resumeCommand,
  type BatchSetup,
} from './batch-setup.ts';
import { viewBatch } from './batch-view.ts';
import { replayRemark } from './choose-model.ts';
import { describeError } from './describe-error.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { Interrupt } from './interrupt.ts';
import { LiveProgress } from './live-progress.ts';
import { NdjsonWriter } from './ndjson.ts';
import { simulationRemark } from './simulated-providers.ts';
import { describeTerminal } from './terminal.ts';
import { relayWarnings } from './warnings.ts';

/** `skein batch job.yaml` */
export async function batchCommand(jobFile: string, options: BatchCommandOptions): Promise<ExitCode> {
  checkTogether(options);
  const delivery = chooseDelivery(options);
  const terminal = describeTerminal(options);
  const records = terminal.json
    ? new BatchRecords(new NdjsonWriter((line) => process.stdout.write(line)))
    : undefined;
  const job = parseJob(await readJobFile(jobFile), jobFile);
  using progress = new LiveProgress(job.name, terminal);
  using _ = relayWarnings((line) => progress.remark(line));
  const parts = { job, jobFile, options, delivery };
  await using setup =
    options.resume === undefined
      ? await newBatch(parts)
      : await continuedBatch(resolve(options.resume), parts);
  const { directory, image, items, chosen, output, store, earlier } = setup;
  const { simulation } = chosen;
  const poolParts = {
    ...poolOptions(setup, options),
    // What was cut off goes on when its item's turn comes, and not all at once now.
    store: visibleSessions(store, () => false),
    ...(options.record === undefined ? {} : { record: { directory: options.record, run: runOf(setup) } }),
  };
  const speed = simulation?.speed ?? 1;
  await using pool = await (simulation ? openAtSpeed(poolParts, speed) : SessionPool.open(poolParts));
  if (simulation) {
    progress.simulateAt(speed);
    progress.remark(simulationRemark(simulation));
  }
  if (chosen.replayed !== null) progress.remark(replayRemark(chosen.replayed));
  using interrupt = new Interrupt(() => progress.interrupt());

  let concurrency = 0;
  const tally = simulation && new SimulationTally(simulation);
  const onEvent = async (event: BatchEvent): Promise<void> => {
    progress.update(event);
    tally?.hear(event);
    if (event.type === 'batch-started') {
      concurrency = event.concurrency;
      await setup.begin();
      simulation?.begin();
      records?.started({
        name: job.name,
        model: chosen.model,
        items: items.length,
        concurrency,
        out: output.directory,
        ...(simulation && { simulated: { name: simulation.name, speed } }),
        ...(earlier ? { resumed: true, done: doneBefore(setup) } : {}),
      });
    }
    records?.event(event);
    if (event.type === 'item-ended') {
      const report = await output.writeItem(event.outcome);
      records?.item(report, event.outcome);
    }
  };
  try {
    const outcome = await runRounds({
      pool,
      job,
      items,
      image: earlier?.image ?? image,
      model: chosen.model,
      ...(setup.file.givenFallback ? { fallback: setup.file.givenFallback } : {}),
      group: BATCH_GROUP,
      signal: interrupt.signal,
      onEvent,
      maxReruns: setup.maxReruns,
      isUnseen: output.unseenIn(directory),
      onLosers: (losers) => setup.keepLosers(losers),
      ...(earlier ? { standings: earlier.standings, closedRounds: earlier.closed } : {}),
      ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
    });
    const { prices } = setup;
    const simulated = tally?.report();
    const about = {
      name: job.name,
      model: chosen.model,
      concurrency,
      source: directory,
      prices,
      ...(simulated && { simulated }),
    };
    const written = await output.finish(withEarlier(outcome, setup), about);
    progress[Symbol.dispose]();
    const { delivered, problem } = await tryToDeliver(
      outcome.interrupted ? undefined : delivery,
      setup,
      written,
    );
    // What is in conflict is in no patch and nowhere else.
    const isWhole = problem === undefined && written.merge.conflicts.length === 0;
    const isDone = written.report.totals.done === items.length;
    // All items ended, and then some were to be run again.
    const isCutShort = outcome.interrupted && written.merge.conflicts.length > 0 && setup.maxReruns > 0;
    const end: BatchEnd = {
      directory: output.directory,
      delivered,
      problem,
      exitCode: interrupt.exitCode ?? (isWhole && isDone ? EXIT.done : notDone(written.report)),
      doneBefore: doneBefore(setup),
      resume: isDone && !isCutShort ? null : resumeCommand(jobFile, output.directory, options),
    };
    if (records) records.ended(written, end);
    else process.stdout.write(viewBatch(written, { ...end, terminal, scripted: chosen.scripted }));
    return end.exitCode;
  } catch (error) {
    // Before that, the call is wrong.
    if (concurrency === 0) throw error;
    records?.failed(error);
    progress[Symbol.dispose]();
    process.stderr.write(`skein: ${describeError(error)}\n`);
    return EXIT.unfinished;
  }
}

/** Whether a budget stood in the way, of the batch or of an item. */
function notDone({ stoppedBy, items }: Report): ExitCode {
  const isOverBudget =
    (stoppedBy && isBudgetCode(stoppedBy.code)) || items.some(({ stopReason }) => stopReason === 'budget');
  return isOverBudget ? EXIT.budget : EXIT.unfinished;
}

function checkTogether(options: BatchCommandOptions): void {
  const { resume, out, force, isolation, shards } = options;
  checkSimulate(options);
  if (resume !== undefined && out !== undefined)
    throw new UsageError('usage', 'Options --resume and --out exclude each other; give one of them.');
  if (resume === undefined && force)
    throw new UsageError('usage', 'Option --force goes with --resume; a new batch has nothing to force.');
  if (isolation === 'thread' && shards !== undefined)
    throw new UsageError('usage', 'Option --shards goes with --isolation process; leave out one of the two.');
}

/** What a simulation changes is made up, and what it exchanges is no model's. */
function checkSimulate({ simulate, write, branch, worktree, record }: BatchCommandOptions): void {
  if (simulate === undefined) return;
  const delivery =
    (write && '--write') ??
    (branch !== undefined ? '--branch' : undefined) ??
    (worktree !== undefined ? '--worktree' : undefined);
  if (delivery !== undefined)
    throw new UsageError(
      'usage',
      `Options --simulate and ${delivery} exclude each other: simulated changes are made up, and are not written to your files. Leave out one of the two.`,
    );
  if (record !== undefined)
    throw new UsageError(
      'usage',
      'Options --simulate and --record exclude each other: a recording of a simulation would be taken for one of the model. Leave out one of the two.',
    );
}

/** Items that earlier runs have done. */
function doneBefore({ earlier }: BatchSetup): number {
  return [...(earlier?.standings.values() ?? [])].filter(({ at }) => at === 'done').length;
}

/** The same for all runs of one batch: they go on with one recording. */
function runOf({ job, file }: BatchSetup): string {
  return `batch ${job.name} of ${file.startedAt}`;
}

/** There is nothing left to run. */
function isComplete(setup: BatchSetup): boolean {
  return doneBefore(setup) === setup.items.length;
}

/** The outcome of all runs of the batch together. */
function withEarlier(outcome: RoundsOutcome, setup: BatchSetup): RoundsOutcome {
  const { startedAt, earlierMs } = setup.file;
  // Only told again: nothing has been run.
  const isTold = isComplete(setup) && outcome.rounds.length === (setup.earlier?.closed.length ?? 0) + 1;
  return {
    ...outcome,
    startedAt: new Date(startedAt),
    durationMs: earlierMs + (isTold ? 0 : outcome.durationMs) * (setup.chosen.simulation?.speed ?? 1),
  };
}

async function readJobFile(jobFile: string): Promise<string> {
  try {
    return await readFile(jobFile, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new UsageError('input_unreadable', `Job file ${jobFile} cannot be read (${code}).`, { cause });
  }
}

/** What goes wrong is told at the end: the batch's results are on disk all the same. */
async function tryToDeliver(
  delivery: Delivery | undefined,
  { job, directory, output }: BatchSetup,
  { report, merge }: WrittenBatch,
): Promise<{ delivered: Delivered; problem: Error | undefined }> {
  const nowhere = { to: 'nowhere' } as const;
  if (!delivery) return { delivered: nowhere, problem: undefined };
  try {
    const batch = {
      name: job.name,
      itemsDone: report.totals.done,
      out: output.directory,
      changes: merge.changes,
    };
    return { delivered: await delivery.deliver(directory, batch), problem: undefined };
  } catch (error) {
    return { delivered: nowhere, problem: error instanceof Error ? error : new Error(String(error)) };
  }
}
