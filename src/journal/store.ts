import type { JournalEntry } from './entries.ts';

/** Where journals are kept. Implementers pass `test/contracts/journal-store.ts`. */
export interface JournalStore {
  /** Whether journals outlive the process: if not, nobody can want that of a closed session. */
  readonly durable: boolean;
  /**
   * Appends entries of one session, all or none, in order. When it returns (or its promise resolves) they are as
   * durable as the store promises; when it throws, none of them was kept.
   */
  append(sessionId: string, entries: readonly JournalEntry[]): void | Promise<void>;
  /** All entries of a session, oldest first; empty for an unknown session. */
  read(sessionId: string): readonly JournalEntry[] | Promise<readonly JournalEntry[]>;
  /** Ids of the sessions that have entries, in the order in which they were opened. */
  sessionIds(): readonly string[] | Promise<readonly string[]>;
  /** Forgets a session. Unknown ids are ignored. */
  remove(sessionId: string): void | Promise<void>;
  close(): void | Promise<void>;
}
