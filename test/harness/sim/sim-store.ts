import { StoreError } from '../../../src/errors.ts';
import type { JournalEntry } from '../../../src/journal/entries.ts';
import type { JournalStore, StoredSession } from '../../../src/journal/store.ts';
import { summarize } from '../../../src/journal/summary.ts';
import { JournalWatch } from './journal-watch.ts';
import type { World } from './world.ts';

interface StoredJournal {
  readonly entries: JournalEntry[];
  readonly watch: JournalWatch;
  summary: StoredSession;
}

/** What outlives the process. */
export class SimDisk {
  readonly #world: World;
  readonly journals = new Map<string, StoredJournal>();
  owners = 0;

  constructor(world: World) {
    this.#world = world;
  }

  watch(sessionId: string): JournalWatch | undefined {
    return this.journals.get(sessionId)?.watch;
  }

  /** What another process reads is no longer what this one holds. */
  reload(): void {
    for (const [sessionId, journal] of this.journals) {
      this.journals.set(sessionId, { ...journal, entries: structuredClone(journal.entries) });
    }
  }

  commit(sessionId: string, entries: readonly JournalEntry[]): void {
    let journal = this.journals.get(sessionId);
    const summary = summarize(journal?.summary, sessionId, entries);
    if (!journal) {
      const fail = (problem: string): void => this.#world.fail(problem);
      const watch: JournalWatch = new JournalWatch(sessionId, fail, (id) =>
        id === sessionId ? watch : this.watch(id),
      );
      journal = { entries: [], watch, summary };
      this.journals.set(sessionId, journal);
    }
    journal.summary = summary;
    for (const entry of entries) {
      journal.entries.push(entry);
      this.#world.trace(`kept ${sessionId} ${describe(entry)}`);
      journal.watch.see(entry, this.#world.life);
    }
  }
}

/** One process's hold on the disk: slow, at times refusing, gone when the process is. */
export class SimStore implements JournalStore {
  readonly durable = true;
  readonly epoch: number;
  readonly #world: World;
  readonly #disk: SimDisk;
  /** Answers at once, as the SQLite store does, or takes its time. */
  readonly #isSlow: boolean;
  readonly #failures: number;
  /** When the last write of each session is kept: the next one is not before. */
  readonly #busyUntil = new Map<string, number>();
  readonly #waiting = new Map<Promise<void>, { readonly sessionId: string; isKept: boolean; what: string }>();
  #isClosed = false;
  #lastEvent = 0;
  #appends = 0;

  /** @param failures  how often of 1 a write is refused */
  constructor(world: World, disk: SimDisk, failures: number) {
    this.#world = world;
    this.#disk = disk;
    this.#isSlow = world.prng.chance(0.7);
    this.#failures = failures;
    this.epoch = disk.owners += 1;
  }

  /** How far the writes are that nobody has been told of. */
  get underWay(): string[] {
    return [...this.#waiting.values()].map(
      ({ isKept, what }) => `${what} ${isKept ? 'kept, not told' : 'not kept yet'}`,
    );
  }

  /** Writes of the session are under way. */
  isBusy(sessionId: string): boolean {
    return [...this.#waiting.values()].some((write) => write.sessionId === sessionId);
  }

  append(sessionId: string, entries: readonly JournalEntry[]): void | Promise<void> {
    if (this.#isClosed) {
      this.#world.fail(`a write to the closed store: ${sessionId} ${entries.map(describe).join(', ')}`);
      throw new StoreError('store_closed', 'the store is closed');
    }
    if (this.#isRunaway()) return new Promise(() => undefined);
    if (!this.#isSlow) {
      if (this.#world.faulty(this.#failures)) throw this.#refuse(sessionId, entries);
      return this.#disk.commit(sessionId, entries);
    }
    const state = { sessionId, isKept: false, what: entries[0]?.type ?? 'nothing' };
    const write = this.#appendSlowly(sessionId, entries, () => (state.isKept = true));
    this.#waiting.set(write, state);
    const done = (): void => void this.#waiting.delete(write);
    write.then(done, done);
    return write;
  }

  read(sessionId: string): readonly JournalEntry[] {
    return [...(this.#disk.journals.get(sessionId)?.entries ?? [])];
  }

  sessions(): readonly StoredSession[] {
    return [...this.#disk.journals.values()].map(({ summary }) => summary);
  }

  session(sessionId: string): StoredSession | undefined {
    return this.#disk.journals.get(sessionId)?.summary;
  }

  remove(sessionId: string): void {
    this.#disk.journals.delete(sessionId);
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#waiting.keys());
    this.#isClosed = true;
  }

  /** A loop that waits for no event would keep the run from ever ending: it is stopped here. */
  #isRunaway(): boolean {
    if (this.#world.eventCount !== this.#lastEvent) this.#appends = 0;
    this.#lastEvent = this.#world.eventCount;
    this.#appends += 1;
    if (this.#appends > 1_000) this.#world.fail('a session writes for ever and waits for nothing');
    return this.#appends > 1_000;
  }

  #appendSlowly(sessionId: string, entries: readonly JournalEntry[], onKept: () => void): Promise<void> {
    const { prng, now } = this.#world;
    const keptAt = Math.max(now + prng.below(4), (this.#busyUntil.get(sessionId) ?? 0) + 0.001);
    this.#busyUntil.set(sessionId, keptAt);
    return new Promise((resolve, reject) => {
      this.#world.after(keptAt - now, 'store', () => {
        if (this.#world.faulty(this.#failures)) return reject(this.#refuse(sessionId, entries));
        this.#disk.commit(sessionId, entries);
        onKept();
        this.#world.after(prng.below(3), 'store answers', resolve);
      });
    });
  }

  #refuse(sessionId: string, entries: readonly JournalEntry[]): StoreError {
    this.#world.trace(`refused ${sessionId} ${entries.map(describe).join(', ')}`);
    this.#world.reach('store: a write refused');
    return new StoreError('storage_full', 'the disk is full');
  }
}

function describe(entry: JournalEntry): string {
  switch (entry.type) {
    case 'prompt-accepted':
      return `${entry.type} ${entry.promptId}${entry.idempotencyKey === undefined ? '' : ` key ${entry.idempotencyKey}`}`;
    case 'prompt-ended':
      return `${entry.type} ${entry.promptId} ${entry.stopReason}`;
    case 'step-began':
      return `${entry.type} ${entry.stepId} ${entry.input}`;
    case 'step-ended':
      return `${entry.type} ${entry.stepId} [${entry.results.map(({ callId }) => callId).join(' ')}] ${entry.next.wait}`;
    case 'step-lost':
      return `${entry.type} ${entry.stepId} ${entry.reason} [${entry.suspects.join(' ')}]`;
    case 'model-responded':
      return `${entry.type} [${entry.response.toolCalls.map(({ id, name }) => `${id}:${name}`).join(' ')}]`;
    case 'effect-began':
      return `${entry.type} ${entry.callId}`;
    case 'effect-ended':
    case 'call-settled':
      return `${entry.type} ${entry.result.callId} ${entry.result.content.slice(0, 40)}`;
    case 'restored':
      return `${entry.type} ${entry.from.promptId ?? `start of ${entry.from.sessionId}`}`;
    case 'budget-reached':
      return `${entry.type} ${entry.scope} ${entry.what} ${entry.action}`;
    case 'compacted':
      return `${entry.type} ${entry.how} up to ${entry.compaction.upTo}`;
    case 'attempts-failed':
      return `${entry.type} ${entry.failedAttempts.map(({ kind }) => kind).join(' ')}`;
    case 'opened':
    case 'budget-set':
    case 'resumed':
    case 'taken-up':
    case 'quarantined':
    case 'released':
    case 'closed':
      return entry.type;
  }
}
