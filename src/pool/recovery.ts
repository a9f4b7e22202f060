import type { SkeinError } from '../errors.ts';
import { StoreError } from '../errors.ts';
import type { JournalStore } from '../journal/store.ts';
import type { Clock } from '../clock.ts';
import type { OpenSessions } from './open-sessions.ts';
import { pause } from './pause.ts';
import type { SessionDriver } from './session-driver.ts';
import type { ModelNames } from './provider-book.ts';

/** What becomes of prompts whose process ended before they did: they are gone on with, or ended as `interrupted`. */
export type RecoverMode = 'finish' | 'report';

/** What a pool found in its store when it was opened. */
export interface Recovery {
  /** Sessions whose prompts are being finished. */
  readonly resumed: readonly string[];
  /** Sessions whose prompts were ended with `interrupted`. */
  readonly interrupted: readonly string[];
  /** Sessions whose journal cannot be read. Nothing of them was changed. */
  readonly unreadable: readonly { readonly sessionId: string; readonly error: SkeinError }[];
}

/** Sessions that are read in one go, before others get a turn of the event loop. */
const CHUNK = 64;
const NEVER = new AbortController().signal;

/**
 * Finds the sessions of a store and takes up, or reports, the prompts that an earlier process left.
 * @throws `unknown_provider`, `missing_key` when a prompt that is to be finished could not call its model: then nothing
 *   was changed
 */
export async function recoverSessions(
  sessions: OpenSessions,
  store: JournalStore,
  mode: RecoverMode,
  admit: (models: ModelNames) => void,
  clock: Clock,
): Promise<Recovery> {
  const unfinished: SessionDriver[] = [];
  const unreadable: { sessionId: string; error: SkeinError }[] = [];
  for (const { sessionId, closed, openPromptCount } of store.sessions()) {
    if (closed) continue;
    sessions.addParked(sessionId);
    if (openPromptCount === 0) continue;
    if (unfinished.length % CHUNK === CHUNK - 1) await pause(clock, 1, NEVER);
    try {
      unfinished.push(sessions.busyDriver(sessionId));
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      unreadable.push({ sessionId, error });
    }
  }
  const ids = unfinished.map(({ sessionId }) => sessionId);
  if (mode === 'report') {
    for (const driver of unfinished) await driver.reportInterrupted();
    return { resumed: [], interrupted: ids, unreadable };
  }
  for (const { record } of unfinished) admit(record.spec);
  for (const driver of unfinished) driver.resume();
  return { resumed: ids, interrupted: [], unreadable };
}
