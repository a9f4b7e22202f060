import { isDeepStrictEqual } from 'node:util';
import {
  ForeignSnapshotError,
  NothingToUndoError,
  NotFoundError,
  PromptNotEndedError,
  SessionClosedError,
} from '../errors.ts';
import type { Message } from '../model/message.ts';
import type { JournalEntry } from '../journal/entries.ts';
import { History, type HistoryPoint } from '../journal/history.ts';
import type { SessionRecord } from '../journal/session-record.ts';
import type { Opening } from '../protocol/messages.ts';
import { isSameContent } from '../workspace/bytes.ts';
import { isSameBase } from '../workspace/same-base.ts';
import type { SessionContext } from './session-context.ts';
import { Snapshot, type SnapshotRef } from './snapshot.ts';

/**
 * The points of one session's history, as its journal has them. The last one that was read is kept: whoever makes several
 * forks of a point makes them all of one.
 */
export class PastPoints {
  readonly #session: SessionContext;
  #lastRead: Snapshot | undefined;

  constructor(session: SessionContext) {
    this.#session = session;
  }

  /**
   * The session as it was at a point; by default after the last prompt that has ended. Where that is the present nothing
   * is read; else the journal is folded up to there.
   * @throws {NotFoundError} `unknown_prompt` @throws {PromptNotEndedError} @throws {ForeignSnapshotError}
   * @throws {StoreError} `store_corrupt` @throws {SessionClosedError} when a store in memory has forgotten it
   */
  snapshot(at?: SnapshotRef): Snapshot {
    if (at instanceof Snapshot) return this.#own(at);
    const { record } = this.#session;
    const promptId = at === undefined ? record.point : at === 'start' ? null : at;
    if (!record.active && promptId === record.point) return this.#snapshotOf(record, promptId);
    if (promptId === this.#lastRead?.promptId) return this.#lastRead;
    const history = this.#history();
    return this.#read(history, this.#find(history, promptId));
  }

  /**
   * Where an undo leads: to the point that is named, or to where the last prompt began.
   * @throws {NothingToUndoError} and what {@link snapshot} throws
   */
  undoTarget(to?: SnapshotRef): Snapshot {
    // By its name: what the session goes back to is what its own journal has.
    if (to instanceof Snapshot) return this.snapshot(this.#own(to).promptId ?? 'start');
    if (to !== undefined) return this.snapshot(to);
    const history = this.#history();
    const { previous } = history.current;
    if (!previous) throw new NothingToUndoError({ sessionId: this.#sessionId });
    return this.#read(history, previous);
  }

  get #sessionId(): string {
    return this.#session.record.spec.sessionId;
  }

  #own(snapshot: Snapshot): Snapshot {
    const state = Snapshot.stateOf(snapshot);
    // One that was removed may have had the same id.
    if (state.sessionId === this.#sessionId && isSameBase(state.images, this.#session.images))
      return snapshot;
    throw new ForeignSnapshotError({ sessionId: this.#sessionId, snapshotOf: state.sessionId });
  }

  #history(): History {
    const entries = this.#session.ports.journal.read(this.#sessionId);
    // A store that is gone with its process keeps nothing of a closed session.
    if (entries.length === 0) throw new SessionClosedError({ sessionId: this.#sessionId });
    return new History(entries);
  }

  #find(history: History, promptId: string | null): HistoryPoint {
    const point = history.at(promptId);
    if (point) return point;
    const sessionId = this.#sessionId;
    const { active, queue } = this.#session.record;
    if ([active, ...queue].some((prompt) => prompt?.promptId === promptId)) {
      throw new PromptNotEndedError({ sessionId, promptId: String(promptId) });
    }
    throw new NotFoundError('unknown_prompt', `Session ${sessionId} has no prompt ${promptId}.`);
  }

  #read(history: History, point: HistoryPoint): Snapshot {
    return (this.#lastRead = this.#snapshotOf(history.recordAt(point), point.promptId));
  }

  /** What is as it is now is not kept a second time. */
  #snapshotOf({ spec, overlay, conversation }: SessionRecord, promptId: string | null): Snapshot {
    const now = this.#session.record;
    const kept = commonLength(now.conversation.messages, conversation.messages);
    return new Snapshot({
      sessionId: spec.sessionId,
      promptId,
      images: this.#session.images,
      overlay: new Map(Array.from(overlay, ([path, bytes]) => [path, sameAs(now.overlay.get(path), bytes)])),
      messages: [...now.conversation.messages.slice(0, kept), ...conversation.messages.slice(kept)],
      compaction: conversation.compaction,
    });
  }
}

/** The entry that makes a record what a snapshot is. @param opening  see the entry's own */
export function restoredEntry(
  from: Snapshot,
  { conversation }: SessionRecord,
  { opening, stepId, at }: { opening: Opening | null; stepId: number; at: number },
): Extract<JournalEntry, { type: 'restored' }> {
  const { sessionId, promptId, messages, compaction, overlay } = Snapshot.stateOf(from);
  const keptMessages = commonLength(conversation.messages, messages);
  return {
    type: 'restored',
    from: { sessionId, promptId },
    keptMessages,
    messages: messages.slice(keptMessages),
    ...(compaction && { compaction }),
    overlay: Array.from(overlay, ([path, bytes]) => ({ path, bytes })),
    opening,
    stepId,
    at,
  };
}

function sameAs(known: Uint8Array | null | undefined, bytes: Uint8Array | null): Uint8Array | null {
  return known && bytes && isSameContent(known, bytes) ? known : bytes;
}

function commonLength(left: readonly Message[], right: readonly Message[]): number {
  const isOther = (message: Message, index: number): boolean =>
    message !== right[index] && !isDeepStrictEqual(message, right[index]);
  const end = left.findIndex(isOther);
  return end < 0 ? left.length : end;
}
