import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../errors.ts';
import { openStore } from '../journal/open-store.ts';
import type { JournalStore } from '../journal/store.ts';
import { BaseImage, type SkippedFile } from '../workspace/base-image.ts';
import { BASE_SESSION } from './item-standing.ts';

export const JOURNAL_FILE = 'journal.db';

/** Opens the journal of a batch's directory; it is made where there is none. @throws {StoreError} */
export function openJournal(directory: string): Promise<JournalStore> {
  return openStore(`sqlite:${join(directory, JOURNAL_FILE)}`);
}

/** The same, of a batch that was begun. @throws {StoreError} @throws {UsageError} `no_batch` */
export async function reopenJournal(directory: string): Promise<JournalStore> {
  if (existsSync(join(directory, JOURNAL_FILE))) return await openJournal(directory);
  throw new UsageError(
    'no_batch',
    `${directory} holds no batch that can be continued: its ${JOURNAL_FILE} is gone.`,
  );
}

/**
 * The files that the batch's sessions start from, as they were then.
 * @param skipped  what was left out of the image
 * @throws {StoreError} `store_corrupt` @throws {UsageError} `no_batch`
 */
export function imageIn(
  store: JournalStore,
  directory: string,
  skipped: readonly SkippedFile[] = [],
): BaseImage {
  const image = baseIn(store, BASE_SESSION, skipped);
  if (image) return image;
  throw new UsageError(
    'no_batch',
    `${directory} holds no batch that can be continued: its ${JOURNAL_FILE} has no base image.`,
  );
}

/** The image that a base session keeps; undefined where there is none. @throws {StoreError} `store_corrupt` */
export function baseIn(
  store: JournalStore,
  sessionId: string,
  skipped: readonly SkippedFile[] = [],
): BaseImage | undefined {
  const [opened] = store.read(sessionId);
  const handle = opened?.type === 'opened' ? opened.spec.images[0] : undefined;
  return handle && BaseImage.open(handle, skipped);
}

/** When something was last journalled, in epoch milliseconds; 0 for never. */
export function lastSign(store: JournalStore): number {
  return store.sessions().reduce((last, { updatedAt }) => Math.max(last, updatedAt), 0);
}
