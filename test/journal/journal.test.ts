import { describe, expect, it } from 'vitest';
import { Journal } from '../../src/journal/journal.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import { SessionRecord } from '../../src/journal/session-record.ts';
import { DEFAULT_QUOTA } from '../../src/workspace/workspace.ts';

const record = (): SessionRecord =>
  new SessionRecord({
    sessionId: 's',
    model: 'x:y',
    modelOptions: {},
    system: '',
    skills: [],
    tools: [],
    images: [],
    maxTurns: 10,
    quota: DEFAULT_QUOTA,
  });

const accepted = (promptId: string) => ({ type: 'prompt-accepted', promptId, text: '', at: 0 }) as const;

/** Lets each write settle when it is told to. */
function heldStore() {
  const held: ((error?: Error) => void)[] = [];
  const append = (): Promise<void> =>
    new Promise((resolve, reject) => {
      held.push((error) => (error ? reject(error) : resolve()));
    });
  return Object.assign(new MemoryStore(), { held, append });
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a record', () => {
  it('shows nothing that is not written', async () => {
    const store = heldStore();
    const session = record();
    const write = new Journal(store).write(session, accepted('1'));
    await settle();
    expect(session.active).toBeNull();
    store.held[0]?.();
    await write;
    expect(session.active?.promptId).toBe('1');
  });

  it('sees its entries in the order they were written, one write at a time', async () => {
    const store = heldStore();
    const session = record();
    const journal = new Journal(store);
    const writes = ['1', '2', '3'].map((promptId) => journal.write(session, accepted(promptId)));
    for (let index = 0; index < 3; index += 1) {
      await settle();
      expect(store.held).toHaveLength(index + 1);
      store.held[index]?.();
    }
    await Promise.all(writes);
    expect([session.active?.promptId, ...session.queue.map(({ promptId }) => promptId)]).toEqual([
      '1',
      '2',
      '3',
    ]);
  });

  it('goes without the entries of a write that failed, and only its writer hears of it', async () => {
    const store = heldStore();
    const session = record();
    const journal = new Journal(store);
    const first = journal.write(session, accepted('1'));
    const second = journal.write(session, accepted('2'));
    store.held[0]?.(new Error('full'));
    await expect(first).rejects.toThrow('full');
    await settle();
    store.held[1]?.();
    await second;
    expect(session.active?.promptId).toBe('2');
  });
});
