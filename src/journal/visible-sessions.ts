import type { JournalStore } from './store.ts';

/**
 * A store whose list shows only some of its sessions, by id: a pool over it leaves unfinished prompts of the others as
 * they are when it is opened, and goes on with them when somebody asks for their session: by their ids they are all
 * there. It closes with the store.
 */
export function visibleSessions(
  store: JournalStore,
  isVisible: (sessionId: string) => boolean,
): JournalStore {
  return {
    durable: store.durable,
    epoch: store.epoch,
    append: (sessionId, entries) => store.append(sessionId, entries),
    read: (sessionId) => store.read(sessionId),
    sessions: () => store.sessions().filter(({ sessionId }) => isVisible(sessionId)),
    hiddenSessions: () => [
      ...(store.hiddenSessions?.() ?? []),
      ...store.sessions().filter(({ sessionId }) => !isVisible(sessionId)),
    ],
    session: (sessionId) => store.session(sessionId),
    remove: (sessionId) => store.remove(sessionId),
    close: () => store.close(),
  };
}
