import { savedByCache, type PriceTable } from '../gate/prices.ts';
import type { StopReason } from '../journal/entries.ts';
import type { Usage } from '../model/model.ts';
import { NO_USAGE } from '../model/model.ts';
import { addUsage } from '../model/usage.ts';
import type { SerializedError } from '../protocol/serialized-error.ts';
import type { SkippedFile } from '../workspace/base-image.ts';
import { fileDiff, type FileDiff } from './file-diff.ts';
import type { Merge } from './merge.ts';
import { reportConflicts, type ReportConflict } from './report-conflict.ts';
import type { SimulatedReport } from './simulated.ts';
import { addSpent, NOTHING_SPENT } from './spent.ts';
import type { BatchOutcome, ItemOutcome, ItemStatus } from './run-batch.ts';

/** Of `report.json`. Grows when a field changes its meaning or goes; readers ignore fields that they do not know. */
export const REPORT_VERSION = 2;

/** What `report.json` holds. Paths of files are relative to the report. */
export interface Report {
  readonly version: typeof REPORT_VERSION;
  readonly name: string;
  readonly model: string;
  /** Its provider was simulated: no language model was used, changes and replies are made up, and so is the cost. Left out otherwise. */
  readonly simulated?: SimulatedReport;
  /** RFC 3339. */
  readonly startedAt: string;
  /** As all durations of a simulated batch, in simulated time. */
  readonly durationMs: number;
  readonly concurrency: number;
  readonly interrupted: boolean;
  readonly stoppedBy: SerializedError | null;
  /** 1 where nothing was run again because of conflicts. */
  readonly rounds: number;
  readonly totals: ReportTotals;
  readonly items: readonly ReportItem[];
  readonly merged: {
    readonly patch: string;
    /** Shell command that takes it over. */
    readonly applyCommand: string;
    readonly files: readonly ReportFile[];
  };
  readonly conflicts: readonly ReportConflict[];
  /** What sessions could not see, and why. */
  readonly skipped: readonly SkippedFile[];
}

export interface ReportTotals {
  readonly items: number;
  /** Items by how they ended; their sum is `items`. */
  readonly done: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly notStarted: number;
  /** Of the merged patch. */
  readonly files: number;
  readonly added: number;
  readonly removed: number;
  readonly conflicts: number;
  readonly turns: number;
  readonly usage: Usage;
  /** What reading from the prompt cache has saved, in US dollars; null where the model's prices are not known. */
  readonly savedByCacheUsd: number | null;
}

export interface ReportItem {
  readonly id: string;
  readonly number: number;
  readonly status: ItemStatus;
  readonly stopReason: StopReason | null;
  readonly error: SerializedError | null;
  readonly reply: string;
  /** The value that the job's `schema` asked for; left out where there is none. */
  readonly output?: unknown;
  /** That its files and patch are of: they are against the base of that round. */
  readonly round: number;
  /** Of all its attempts together, as are time and usage. */
  readonly turns: number;
  readonly durationMs: number;
  readonly usage: Usage;
  readonly files: readonly ReportFile[];
  /** Null when the item changed nothing. */
  readonly patch: string | null;
}

export type ReportFile = Omit<FileDiff, 'patch'>;

/** An item's entry together with its diffs, made as soon as it has ended. */
export interface ItemReport {
  readonly entry: ReportItem;
  readonly diffs: readonly FileDiff[];
}

/** @param options.patch  where the item's patch is going to lie, when there is one */
export function reportItem(outcome: ItemOutcome, patch: string): ItemReport {
  const { item, status, result, error } = outcome;
  const spent = addSpent(outcome.earlier ?? NOTHING_SPENT, result ?? NOTHING_SPENT);
  const diffs = result ? result.workspace.differences.map(fileDiff) : [];
  const entry: ReportItem = {
    id: item.id,
    number: item.number,
    status,
    stopReason: result?.stopReason ?? null,
    error,
    reply: result?.reply ?? '',
    ...(result?.output === undefined ? {} : { output: result.output }),
    round: outcome.round ?? 1,
    turns: spent.turns,
    durationMs: Math.round(spent.durationMs),
    usage: spent.usage,
    files: diffs.map(withoutPatch),
    patch: diffs.length > 0 ? patch : null,
  };
  return { entry, diffs };
}

export function buildReport(parts: {
  readonly name: string;
  readonly model: string;
  readonly concurrency: number;
  readonly outcome: BatchOutcome;
  readonly items: readonly ReportItem[];
  readonly rounds: number;
  readonly merge: Merge;
  readonly mergedDiffs: readonly FileDiff[];
  readonly mergedPatch: string;
  readonly applyCommand: string;
  readonly skipped: readonly SkippedFile[];
  readonly prices?: PriceTable;
  readonly simulated?: SimulatedReport;
}): Report {
  const { outcome, items, merge, mergedDiffs, prices = {} } = parts;
  const usage = items.map((item) => item.usage).reduce(addUsage, NO_USAGE);
  const count = (status: ItemStatus): number => items.filter((item) => item.status === status).length;
  return {
    version: REPORT_VERSION,
    name: parts.name,
    model: parts.model,
    ...(parts.simulated && { simulated: parts.simulated }),
    startedAt: outcome.startedAt.toISOString(),
    durationMs: Math.round(outcome.durationMs),
    concurrency: parts.concurrency,
    interrupted: outcome.interrupted,
    stoppedBy: outcome.stoppedBy,
    rounds: parts.rounds,
    totals: {
      items: items.length,
      done: count('done'),
      failed: count('failed'),
      cancelled: count('cancelled'),
      notStarted: count('not-started'),
      files: mergedDiffs.length,
      added: sum(mergedDiffs.map((diff) => diff.added)),
      removed: sum(mergedDiffs.map((diff) => diff.removed)),
      conflicts: merge.conflicts.length,
      turns: sum(items.map((item) => item.turns)),
      usage,
      savedByCacheUsd: savedByCache(usage, parts.model, prices),
    },
    items,
    merged: {
      patch: parts.mergedPatch,
      applyCommand: parts.applyCommand,
      files: mergedDiffs.map(withoutPatch),
    },
    conflicts: reportConflicts(merge.conflicts),
    skipped: parts.skipped,
  };
}

function withoutPatch({ path, kind, added, removed }: FileDiff): ReportFile {
  return { path, kind, added, removed };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
