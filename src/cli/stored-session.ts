import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { JOURNAL_FILE } from '../batch/batch-journal.ts';
import { NotFoundError, UsageError } from '../errors.ts';
import type { JournalEntry } from '../journal/entries.ts';
import { openStore } from '../journal/open-store.ts';
import { SessionRecord } from '../journal/session-record.ts';
import type { JournalStore, StoredSession } from '../journal/store.ts';
import { nearest } from '../nearest.ts';
import { BaseImage } from '../workspace/base-image.ts';

/** A session as its journal tells it, without anything that could run it. */
export interface StoredSessionView {
  readonly summary: StoredSession;
  readonly entries: readonly JournalEntry[];
  readonly record: SessionRecord;
  /** First wins. */
  readonly images: readonly BaseImage[];
}

/** `unfinished`: a prompt has not ended; only a process that opens the store to write goes on with it. */
export type StoredState = 'idle' | 'unfinished' | 'closed';

/**
 * Opens a store to be read, also beside the process that owns it.
 * @param place  `sqlite:path`, a path, or the output directory of a batch
 * @throws {UsageError} when none is named @throws {StoreError}
 */
export async function openStoreToRead(place: string | undefined): Promise<JournalStore> {
  if (place === undefined || place === '' || place === 'memory') {
    throw new UsageError(
      'usage',
      'No store is named; give --store sqlite:PATH, or the output directory of a batch in its place.',
    );
  }
  if (place.startsWith('sqlite:')) return await openStore(place, { readOnly: true });
  const journal = join(place, JOURNAL_FILE);
  return await openStore(`sqlite:${existsSync(journal) ? journal : place}`, { readOnly: true });
}

/** @throws {NotFoundError} `unknown_session`, naming the nearest @throws {StoreError} `store_corrupt` */
export function readStoredSession(store: JournalStore, sessionId: string): StoredSessionView {
  const summary = store.session(sessionId);
  if (!summary) throw unknownSession(store, sessionId);
  const entries = store.read(sessionId);
  const record = SessionRecord.fold(entries);
  const images = record.spec.images.map((handle) => BaseImage.open(handle));
  return { summary, entries, record, images };
}

export function stateOf({ closed, openPromptCount }: StoredSession): StoredState {
  if (closed) return 'closed';
  return openPromptCount > 0 ? 'unfinished' : 'idle';
}

function unknownSession(store: JournalStore, sessionId: string): NotFoundError {
  const ids = store.sessions().map((session) => session.sessionId);
  const hint = nearest(sessionId, ids);
  const help =
    hint === undefined
      ? `it has ${ids.length}, which "skein sessions" lists.`
      : `did you mean ${JSON.stringify(hint)}?`;
  return new NotFoundError(
    'unknown_session',
    `The store has no session ${JSON.stringify(sessionId)}; ${help}`,
  );
}
