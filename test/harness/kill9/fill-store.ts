import { openSqliteStore } from '../../../src/journal/sqlite-store.ts';
import type { JournalEntry } from '../../../src/journal/entries.ts';
import { MemoryStore } from '../../../src/journal/memory-store.ts';
import { SessionPool } from '../../../src/pool/pool.ts';
import { FIRST_FILES } from '../shared/prompt-plan.ts';

const CHUNK = 200;
const MODEL_SESSION = 'model-session';

/** Makes a store of so many sessions that have run one prompt: one has, the others are copies of its journal. */
export async function fillStore(path: string, sessions: number, baseURL: string): Promise<void> {
  const entries = await oneJournal(baseURL);
  const store = await openSqliteStore(path);
  for (let first = 0; first < sessions; first += CHUNK) {
    const appends = [];
    for (let index = first; index < Math.min(first + CHUNK, sessions); index += 1) {
      const sessionId = `stored ${index}`;
      appends.push(store.append(sessionId, renamed(entries, sessionId)));
    }
    await Promise.all(appends);
  }
  await store.close();
}

async function oneJournal(baseURL: string): Promise<readonly JournalEntry[]> {
  const store = new MemoryStore();
  const pool = await SessionPool.open({ store, providers: { scripted: { baseURL } } });
  const session = await pool.start({ id: MODEL_SESSION, model: 'scripted:scripted', files: FIRST_FILES });
  await session.prompt('a first prompt');
  const entries = store.read(MODEL_SESSION);
  await pool.close();
  return entries;
}

function renamed(entries: readonly JournalEntry[], sessionId: string): JournalEntry[] {
  const renameId = (promptId: string): string => promptId.replace(MODEL_SESSION, () => sessionId);
  return entries.map((entry) => {
    if (entry.type === 'opened') return { ...entry, spec: { ...entry.spec, sessionId } };
    if (entry.type === 'prompt-accepted') return { ...entry, promptId: renameId(entry.promptId) };
    if (entry.type === 'prompt-ended') return { ...entry, promptId: renameId(entry.promptId) };
    return entry;
  });
}
