import { describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../src/journal/entries.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import { SessionRecord } from '../../src/journal/session-record.ts';
import type { JournalStore, StoredSession } from '../../src/journal/store.ts';
import type { ScriptedRule } from '../../src/model/scripted/script.ts';
import { stage } from './support.ts';

/** Takes a while for every write, not always the same; can be told to fail. */
class SlowStore implements JournalStore {
  readonly durable = true;
  readonly epoch = 1;
  readonly #inner = new MemoryStore();
  failing = false;
  #count = 0;

  async append(sessionId: string, entries: readonly JournalEntry[]): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, ((this.#count += 1) * 7) % 5));
    if (this.failing) throw new Error('the disk is full');
    this.#inner.append(sessionId, entries);
  }

  read(sessionId: string): readonly JournalEntry[] {
    return this.#inner.read(sessionId);
  }

  sessions(): readonly StoredSession[] {
    return this.#inner.sessions();
  }

  session(sessionId: string): StoredSession | undefined {
    return this.#inner.session(sessionId);
  }

  remove(sessionId: string): void {
    this.#inner.remove(sessionId);
  }

  close(): void {
    // What it holds is looked at afterwards.
  }
}

const RULES: ScriptedRule[] = [
  {
    match: { user: '(?<n>\\d+)', turn: 0 },
    answer: { calls: [{ name: 'write', arguments: { path: 'f{{n}}', content: 'x' } }] },
  },
  { match: { user: '(?<n>\\d+)' }, answer: { text: 'answer {{n}}' } },
];

describe('a store that takes its time', () => {
  it('gives every prompt exactly one end, cancelled or not, and a journal that folds to what was seen', async () => {
    const store = new SlowStore();
    const made = await stage(RULES, {}, store);
    const session = await made.start({ id: 's' });
    const aborts = Array.from({ length: 8 }, () => new AbortController());
    const prompts = aborts.map(({ signal }, n) => session.prompt(`prompt ${n}`, { signal }));
    for (const [n, abort] of aborts.entries()) {
      await new Promise((resolve) => setTimeout(resolve, 3));
      if (n % 3 === 1) abort.abort();
    }
    await prompts[0];
    // More than one may ask for an end: it comes once.
    await Promise.all([session.cancel({ queued: true }), session.cancel({ queued: true }), session.close()]);
    const results = await Promise.all(prompts);
    for (const { stopReason } of results) expect(['end', 'cancelled']).toContain(stopReason);
    expect(results.some(({ stopReason }) => stopReason === 'end')).toBe(true);

    const journal = store.read('s');
    const ends = journal.flatMap((entry) => (entry.type === 'prompt-ended' ? [entry.promptId] : []));
    expect([...ends].sort()).toEqual(results.map(({ promptId }) => promptId).sort());
    const record = SessionRecord.fold(journal);
    expect(record.conversation.messages).toEqual(session.messages());
    expect([...record.overlay.keys()].sort()).toEqual([...session.files().keys()]);
    expect(record.closed).toBe(true);
    await made[Symbol.asyncDispose]();
  });
});

describe('a store that fails', () => {
  it('rejects the prompts in hand, loses no process, and leaves the session failed', async () => {
    const store = new SlowStore();
    const made = await stage(RULES, {}, store);
    const session = await made.start();
    const prompts = [session.prompt('prompt 1'), session.prompt('prompt 2')];
    while (session.status().state !== 'waiting-model') await new Promise((resolve) => setTimeout(resolve, 1));
    store.failing = true;
    const outcomes = await Promise.allSettled(prompts);
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && String(outcome.reason))).toEqual([
      'Error: the disk is full',
      'Error: the disk is full',
    ]);
    expect(session.status().state).toBe('failed');
    await expect(session.prompt('prompt 3')).rejects.toMatchObject({ code: 'session_closed' });
    store.failing = false;
    // Its prompts were accepted, and that is in the store: from there it goes on.
    await session.release();
    expect(await session.prompt('prompt 3')).toMatchObject({ stopReason: 'end', reply: 'answer 3' });
    expect(await session.result(`${session.id}/1`)).toMatchObject({ stopReason: 'end', reply: 'answer 1' });
    await made[Symbol.asyncDispose]();
  });
});
