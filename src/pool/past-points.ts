import { isDeepStrictEqual } from 'node:util';
import {
  ForeignSnapshotError,
  NothingToUndoError,
  NotFoundError,
  PromptNotEndedError,
  SessionClosedError,
} from '../errors.ts';
import type { Message } from '../journal/conversation.ts';
import type { JournalEntry } from '../journal/entries.ts';
import { History, type HistoryPoint } from '../journal/history.ts';
import type { SessionRecord } from '../journal/session-record.ts';
import type { Opening } from '../protocol/messages.ts';
import type { BaseImage } from '../workspace/base-image.ts';
import type { SessionContext } from './session-context.ts';
import { Snapshot, type SnapshotRef } from './snapshot.ts';

/**
 * The session as it was at a point; by default after the last prompt that has ended. Where that is the present nothing is
 * read; else the journal is folded up to there.
 * @throws {NotFoundError} `unknown_prompt` @throws {PromptNotEndedError} @throws {ForeignSnapshotError}
 * @throws {StoreError} `store_corrupt`
 */
export function snapshotAt(session: SessionContext, at?: SnapshotRef): Snapshot {
  if (at instanceof Snapshot) return ownSnapshot(session, at);
  const { record, images } = session;
  const promptId = at === 'start' ? null : at;
  if (!record.active && (promptId === undefined || promptId === record.point)) {
    return snapshotOf(record, record.point, images);
  }
  const history = historyOf(session);
  return pastSnapshot(
    session,
    history,
    promptId === undefined ? history.current : pointAt(session, history, promptId),
  );
}

/**
 * Where an undo leads: to the point that is named, or to where the last prompt began.
 * @throws {NothingToUndoError} and what {@link snapshotAt} throws
 */
export function undoTarget(session: SessionContext, to?: SnapshotRef): Snapshot {
  if (to instanceof Snapshot) {
    // By its name: what the session goes back to is what its own journal has.
    return snapshotAt(session, ownSnapshot(session, to).promptId ?? 'start');
  }
  if (to !== undefined) return snapshotAt(session, to);
  const history = historyOf(session);
  const { previous } = history.current;
  if (!previous) throw new NothingToUndoError({ sessionId: session.record.spec.sessionId });
  return pastSnapshot(session, history, previous);
}

/** The entry that makes a record what a snapshot is. @param opening  see the entry's own */
export function restoredEntry(
  from: Snapshot,
  { conversation }: SessionRecord,
  { opening, stepId, at }: { opening: Opening | null; stepId: number; at: number },
): Extract<JournalEntry, { type: 'restored' }> {
  const { sessionId, promptId, messages, overlay } = Snapshot.stateOf(from);
  const keptMessages = commonLength(conversation.messages, messages);
  return {
    type: 'restored',
    from: { sessionId, promptId },
    keptMessages,
    messages: messages.slice(keptMessages),
    overlay: Array.from(overlay, ([path, bytes]) => ({ path, bytes })),
    opening,
    stepId,
    at,
  };
}

function ownSnapshot({ record, images }: SessionContext, snapshot: Snapshot): Snapshot {
  const { sessionId } = record.spec;
  const state = Snapshot.stateOf(snapshot);
  // One that was removed may have had the same id.
  const idsOf = (some: readonly BaseImage[]): string => some.map(({ handle }) => handle.imageId).join();
  if (state.sessionId !== sessionId || idsOf(state.images) !== idsOf(images)) {
    throw new ForeignSnapshotError({ sessionId, snapshotOf: state.sessionId });
  }
  return snapshot;
}

function historyOf({ record, ports }: SessionContext): History {
  const { sessionId } = record.spec;
  const entries = ports.journal.read(sessionId);
  // A store that is gone with its process keeps nothing of a closed session.
  if (entries.length === 0) throw new SessionClosedError({ sessionId });
  return new History(entries);
}

function pointAt({ record }: SessionContext, history: History, promptId: string | null): HistoryPoint {
  const point = history.at(promptId);
  if (point) return point;
  const { sessionId } = record.spec;
  if ([record.active, ...record.queue].some((prompt) => prompt?.promptId === promptId)) {
    throw new PromptNotEndedError({ sessionId, promptId: String(promptId) });
  }
  throw new NotFoundError('unknown_prompt', `Session ${sessionId} has no prompt ${promptId}.`);
}

function pastSnapshot({ images }: SessionContext, history: History, point: HistoryPoint): Snapshot {
  return snapshotOf(history.recordAt(point), point.promptId, images);
}

function snapshotOf(
  { spec, overlay, conversation }: SessionRecord,
  promptId: string | null,
  images: readonly BaseImage[],
): Snapshot {
  const messages = [...conversation.messages];
  return new Snapshot({ sessionId: spec.sessionId, promptId, images, overlay: new Map(overlay), messages });
}

function commonLength(left: readonly Message[], right: readonly Message[]): number {
  const end = left.findIndex((message, index) => !isDeepStrictEqual(message, right[index]));
  return end < 0 ? left.length : end;
}
