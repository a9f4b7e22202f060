import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PriceTable } from '../gate/prices.ts';
import type { BaseImage } from '../workspace/base-image.ts';
import { applyCommand } from './apply-command.ts';
import { takeEmptyDirectory, writing } from './empty-directory.ts';
import { JOURNAL_FILE, openJournal } from './batch-journal.ts';
import { fileDiff, type FileDiff } from './file-diff.ts';
import { BASE_SESSION } from './item-standing.ts';
import { makeDirectory } from './make-directory.ts';
import type { Merge, UnseenTest } from './merge.ts';
import { mergeRounds, type Round } from './run-rounds.ts';
import { reportHtml } from './report-html.ts';
import { buildReport, reportItem, type ItemReport, type Report } from './report.ts';
import type { BatchOutcome, ItemOutcome } from './run-batch.ts';
import type { SimulatedReport } from './simulated.ts';
import { isUnseen } from './unseen-files.ts';

const MERGED_PATCH = 'merged.patch';
const PATCHES = 'patches';
/** What is in the directory of a batch that has not begun yet. */
const FIRST_FILES = [PATCHES, '.gitignore', JOURNAL_FILE, `${JOURNAL_FILE}-wal`, `${JOURNAL_FILE}-shm`];

/** A finished batch on disk. */
export interface WrittenBatch {
  readonly report: Report;
  readonly merge: Merge;
  /** Of the merged patch. */
  readonly diffs: readonly FileDiff[];
}

/**
 * The directory of one batch's results: `patches/` (one an item, written when the item ends, so that a batch which
 * dies keeps them), `merged.patch`, `report.json`, `report.html`.
 */
export class BatchOutput {
  readonly directory: string;
  readonly #image: BaseImage;
  /** It was not there before. */
  readonly #isOwn: boolean;
  readonly #items = new Map<string, ItemReport>();

  /**
   * @throws {OutputError} `output_exists`, `output_unwritable`: now, and not after the work is done
   * @throws {StoreError} `store_locked` where another process is about to begin a batch there
   */
  static async create(directory: string, image: BaseImage): Promise<BatchOutput> {
    const isOwn = !existsSync(directory);
    if (await isAbandoned(directory)) await clearOutput(directory);
    await takeEmptyDirectory(directory);
    await writing(directory, () => mkdir(join(directory, PATCHES)));
    // Results are no sources of the next batch, wherever they lie.
    await writing(directory, () => writeFile(join(directory, '.gitignore'), '*\n'));
    return new BatchOutput(directory, image, isOwn);
  }

  /** Takes away what {@link create} made, of a batch that never began. The directory stays where it was there before. */
  async discard(): Promise<void> {
    await clearOutput(this.directory);
    if (this.#isOwn) await writing(this.directory, () => rmdir(this.directory));
  }

  /** Of a batch that is continued. @throws {OutputError} `output_unwritable` */
  static async reopen(directory: string, image: BaseImage): Promise<BatchOutput> {
    await writing(directory, () => makeDirectory(join(directory, PATCHES)));
    return new BatchOutput(directory, image, false);
  }

  private constructor(directory: string, image: BaseImage, isOwn: boolean) {
    this.#isOwn = isOwn;
    this.directory = directory;
    this.#image = image;
  }

  /** Whether a change would overwrite what no session was shown. @param source  the directory that the image was made of */
  unseenIn(source: string): UnseenTest {
    // Of a file that was shown, and that a round before has deleted, the change says that it is new.
    return (change) => !this.#image.has(change.path) && isUnseen(source, change, this.#image);
  }

  /** @returns the item's entry and diffs. @throws {OutputError} `output_unwritable` */
  async writeItem(outcome: ItemOutcome): Promise<ItemReport> {
    const { number, id } = outcome.item;
    const name = `${String(number).padStart(4, '0')}-${id.replace(/[^A-Za-z0-9._-]+/g, '-').slice(-80)}.patch`;
    const report = reportItem(outcome, `${PATCHES}/${name}`);
    this.#items.set(id, report);
    // An earlier attempt may have left one.
    if (report.entry.patch === null)
      await writing(this.directory, () => rm(join(this.directory, PATCHES, name), { force: true }));
    else {
      await this.#write(report.entry.patch, report.diffs.map((diff) => diff.patch).join(''));
    }
    return report;
  }

  /** @throws {OutputError} `output_unwritable` */
  async finish(
    outcome: BatchOutcome & { readonly rounds?: readonly Round[] },
    about: {
      readonly name: string;
      readonly model: string;
      readonly concurrency: number;
      /** That the image was made of. */
      readonly source: string;
      readonly prices?: PriceTable;
      readonly simulated?: SimulatedReport;
    },
  ): Promise<WrittenBatch> {
    const items = outcome.items.map((item) => this.#items.get(item.item.id) ?? reportItem(item, ''));
    const { rounds = [{ image: this.#image, outcomes: outcome.items, loserIds: [] }] } = outcome;
    const merge = mergeRounds(rounds, this.unseenIn(about.source));
    const diffs = merge.changes.map(fileDiff);
    const report = buildReport({
      ...about,
      outcome,
      items: items.map((item) => item.entry),
      rounds: rounds.length,
      merge,
      mergedDiffs: diffs,
      mergedPatch: MERGED_PATCH,
      applyCommand: applyCommand(about.source, join(this.directory, MERGED_PATCH)),
      skipped: this.#image.skipped,
    });
    await this.#write(MERGED_PATCH, diffs.map((diff) => diff.patch).join(''));
    await this.#write('report.json', `${JSON.stringify(report, null, 2)}\n`);
    await this.#write('report.html', reportHtml(report, items));
    return { report, merge, diffs };
  }

  #write(name: string, text: string): Promise<void> {
    return writing(this.directory, () => writeFile(join(this.directory, name), text));
  }
}

/**
 * Whether a batch was killed in the directory before it had begun: nobody could go on with it, nor is anything lost.
 * @throws {StoreError} `store_locked` where it only has not begun yet
 */
async function isAbandoned(directory: string): Promise<boolean> {
  const names = await readdir(directory).catch((): string[] => []);
  const isOurs = [PATCHES, '.gitignore', JOURNAL_FILE].every((name) => names.includes(name));
  if (!isOurs || names.some((name) => !FIRST_FILES.includes(name))) return false;
  const store = await openJournal(directory);
  try {
    return store.sessions().every(({ sessionId }) => sessionId === BASE_SESSION);
  } finally {
    await store.close();
  }
}

function clearOutput(directory: string): Promise<void> {
  return writing(directory, async () => {
    for (const name of FIRST_FILES) await rm(join(directory, name), { recursive: true, force: true });
  });
}
