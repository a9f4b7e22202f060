import type { Usage } from '../model/model.ts';
import type { JournalEntry } from './entries.ts';

/** What is known of a session without reading its journal. Times are epoch milliseconds. */
export interface StoredSession {
  readonly sessionId: string;
  /** The session that it was forked from, which may be gone; null where it was started. */
  readonly forkOf: string | null;
  readonly openedAt: number;
  /** Of the last entry that has a time. */
  readonly updatedAt: number;
  readonly entryCount: number;
  /** Prompts that were accepted. */
  readonly promptCount: number;
  /** Prompts that were accepted and have not ended. */
  readonly openPromptCount: number;
  readonly closed: boolean;
  /** Of all its model responses, those that were undone included. */
  readonly usage: Usage;
  /** Model responses. */
  readonly turns: number;
  /** The group that it was started in; null for none. */
  readonly group: string | null;
  /** The session that its spending counts against; null for none. */
  readonly parent: string | null;
}

/**
 * Where journals are kept. Implementers pass `test/contracts/journal-store.ts`. Reads are synchronous, because a session
 * that was parked answers at once; they show what an append has resolved for.
 */
export interface JournalStore {
  /** Whether journals outlive the process: if not, nobody can want that of a closed session. */
  readonly durable: boolean;
  /** How many owners the store has had, this one included; 0 where none outlives its process. */
  readonly epoch: number;
  /**
   * Appends entries of one session, all or none, in order. When it returns (or its promise resolves) they are as
   * durable as the store promises; when it throws, none of them was kept.
   * @throws {StoreError}
   */
  append(sessionId: string, entries: readonly JournalEntry[]): void | Promise<void>;
  /** All entries of a session, oldest first; empty for an unknown session. @throws {StoreError} `store_corrupt` */
  read(sessionId: string): readonly JournalEntry[];
  /** The sessions that have entries, in the order in which they were opened. @throws {StoreError} */
  sessions(): readonly StoredSession[];
  /** Those that {@link sessions} leaves out, in a view of a store that leaves out any: what they have spent counts. */
  hiddenSessions?(): readonly StoredSession[];
  /** One of them; `undefined` for an unknown session. @throws {StoreError} */
  session(sessionId: string): StoredSession | undefined;
  /** Forgets a session. Unknown ids are ignored. @throws {StoreError} */
  remove(sessionId: string): void | Promise<void>;
  /** Waits for appends in progress. Idempotent. */
  close(): void | Promise<void>;
}
