import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../src/journal/entries.ts';
import { NO_USAGE, type Usage } from '../../src/model/model.ts';
import type { JournalStore } from '../../src/journal/store.ts';
import { packImage, type BaseImage } from '../../src/workspace/base-image.ts';
import { DEFAULT_QUOTA } from '../../src/workspace/workspace.ts';

/** Small entries to fill a journal with. */
export const prompt = (promptId: string, at = 1): JournalEntry => ({
  type: 'prompt-accepted',
  promptId,
  text: 'hi',
  at,
});

/** An entry that holds bytes. */
export const changed = (bytes: Uint8Array | null, path = 'a'): JournalEntry => ({
  type: 'effect-ended',
  result: { callId: '1', name: 't', content: '', isError: false },
  changes: [{ path, bytes }],
});

/** An entry that holds a conversation and files. */
export function restored(
  sessionId: string,
  bytes: Uint8Array | null,
): Extract<JournalEntry, { type: 'restored' }> {
  return {
    type: 'restored',
    from: { sessionId, promptId: `${sessionId}/1` },
    keptMessages: 1,
    messages: [
      { role: 'user', content: `a\0b\ud800 é🎉 ${'long '.repeat(30)}` },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: '1', type: 'function', function: { name: 't', arguments: '{"base64":"AA=="}' } }],
      },
      { role: 'tool', tool_call_id: '1', content: '' },
    ],
    overlay: [
      { path: 'z', bytes },
      { path: 'a', bytes: null },
      { path: 'm', bytes: new Uint8Array(3) },
    ],
    opening: { system: 'Be brief.', tools: '[]' },
    stepId: 7,
    at: 8,
  };
}

/** An entry of a response that has used this. */
export const responded = (usage: Partial<Usage>): JournalEntry => ({
  type: 'model-responded',
  response: {
    text: 'hi',
    reasoning: '',
    toolCalls: [],
    finishReason: 'stop',
    usage: { ...NO_USAGE, ...usage },
    model: '',
  },
});

/** The first entry of every journal. */
export function opened(
  sessionId: string,
  images: readonly BaseImage[] = [],
  modelOptions: Readonly<Record<string, unknown>> = {},
): JournalEntry {
  const spec = {
    sessionId,
    model: 'x:y',
    modelOptions,
    system: '',
    skills: [],
    tools: [],
    images: images.map(({ handle }) => handle),
    maxTurns: 10,
    quota: DEFAULT_QUOTA,
  };
  return { type: 'opened', spec, at: 5 };
}

/** What every store keeps to. */
export function journalStoreContract(name: string, open: () => JournalStore | Promise<JournalStore>): void {
  describe(`the ${name} store`, () => {
    let store: JournalStore;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(() => store.close());

    it('gives back what was appended, in order, by session', async () => {
      await store.append('a', [prompt('1')]);
      await store.append('b', [prompt('x')]);
      await store.append('a', [prompt('2'), prompt('3')]);
      expect(store.read('a')).toEqual([prompt('1'), prompt('2'), prompt('3')]);
      expect(store.read('b')).toEqual([prompt('x')]);
      expect(store.sessions().map(({ sessionId }) => sessionId)).toEqual(['a', 'b']);
    });

    it('keeps the order of appends that nobody waited for', async () => {
      const writes = Array.from({ length: 40 }, async (_, i) =>
        store.append(`s${i % 4}`, [prompt(String(i))]),
      );
      await Promise.all(writes);
      for (let n = 0; n < 4; n += 1) {
        const expected = Array.from({ length: 10 }, (_, i) => prompt(String(4 * i + n)));
        expect(store.read(`s${n}`)).toEqual(expected);
      }
    });

    it('has nothing of a session it does not know', async () => {
      expect(store.read('a')).toEqual([]);
      expect(store.session('a')).toBeUndefined();
      await store.remove('a');
      expect(store.sessions()).toEqual([]);
    });

    it('tells of a session without its journal', async () => {
      const ended = { type: 'prompt-ended', promptId: '1', stopReason: 'end', error: null, at: 9 } as const;
      await store.append('a', [opened('a'), prompt('1', 6), prompt('2', 7)]);
      await store.append('b', [opened('b')]);
      await store.append('a', [ended]);
      expect(store.session('a')).toEqual({
        sessionId: 'a',
        forkOf: null,
        openedAt: 5,
        updatedAt: 9,
        entryCount: 4,
        promptCount: 2,
        openPromptCount: 1,
        closed: false,
        usage: NO_USAGE,
        turns: 0,
        group: null,
        parent: null,
      });
      await store.append('b', [{ type: 'closed', at: 8 }]);
      expect(store.sessions()).toEqual([store.session('a'), store.session('b')]);
      expect(store.session('b')).toMatchObject({ closed: true, updatedAt: 8 });
    });

    it('tells what a session has spent and what that counts against, without its journal', async () => {
      const first = opened('a');
      if (first.type !== 'opened') throw new Error('expected the opened entry');
      const spec = { ...first.spec, group: 'g\0', parent: 'p\ud800' };
      await store.append('a', [{ ...first, spec }]);
      expect(store.session('a')).toMatchObject({
        usage: NO_USAGE,
        turns: 0,
        group: 'g\0',
        parent: 'p\ud800',
      });
      const cost = { usd: 0.1, basis: 'provider', unpriced: 0 } as const;
      await store.append('a', [
        prompt('1'),
        responded({ inputTokens: 7, totalTokens: 9, cachedTokens: 3, cost }),
      ]);
      await store.append('a', [responded({ outputTokens: 1, totalTokens: 1, cost: { ...cost, usd: 0.2 } })]);
      expect(store.session('a')).toMatchObject({
        turns: 2,
        usage: { inputTokens: 7, outputTokens: 1, totalTokens: 10, cachedTokens: 3, cost: { usd: 0.3 } },
      });
    });

    it('keeps what a session was restored to, conversation and files', async () => {
      const entry = restored(
        'parent',
        Uint8Array.from({ length: 500 }, (_, i) => i),
      );
      await store.append('fork', [opened('fork'), entry]);
      await store.append('small', [opened('small'), { ...entry, messages: [], overlay: [] }]);
      expect(store.read('fork')).toEqual([opened('fork'), entry]);
      expect(store.read('small')[1]).toEqual({ ...entry, messages: [], overlay: [] });
      expect(store.session('fork')).toMatchObject({ forkOf: 'parent', updatedAt: 8 });
      // An undo makes no fork of a session, nor of a fork another's.
      await store.append('fork', [restored('fork', null)]);
      await store.append('a', [opened('a'), restored('a', null)]);
      expect([store.session('fork')?.forkOf, store.session('a')?.forkOf]).toEqual(['parent', null]);
    });

    it('keeps a fork whose parent is removed', async () => {
      const bytes = Uint8Array.from({ length: 500 }, (_, i) => i);
      await store.append('parent', [opened('parent'), changed(bytes)]);
      const entry = restored('parent', bytes);
      await store.append('fork', [opened('fork'), entry]);
      await store.remove('parent');
      expect(store.read('fork')).toEqual([opened('fork'), entry]);
    });

    it('forgets what is removed and nothing else', async () => {
      await store.append('a', [prompt('1'), changed(new Uint8Array(500))]);
      await store.append('b', [prompt('2'), changed(new Uint8Array(500))]);
      await store.remove('a');
      expect(store.read('a')).toEqual([]);
      expect(store.read('b')).toEqual([prompt('2'), changed(new Uint8Array(500))]);
      expect(store.sessions().map(({ sessionId }) => sessionId)).toEqual(['b']);
    });

    it('begins a removed session anew, as the latest', async () => {
      await store.append('a', [prompt('1')]);
      await store.append('b', [prompt('2')]);
      const removal = store.remove('a');
      await store.append('a', [prompt('3')]);
      await removal;
      expect(store.read('a')).toEqual([prompt('3')]);
      expect(store.sessions().map(({ sessionId }) => sessionId)).toEqual(['b', 'a']);
    });

    it.each([0, 1, 100, 101, 9_000])('keeps %i bytes as they were', async (length) => {
      const bytes = Uint8Array.from({ length }, (_, i) => i * 7);
      await store.append('a', [changed(bytes), changed(null), changed(bytes.slice(), 'b')]);
      expect(store.read('a')).toEqual([changed(bytes), changed(null), changed(bytes, 'b')]);
    });

    it('keeps what JavaScript and databases give a meaning to', async () => {
      const text = `a\0b\ud800 é🎉 \u2028 '"\\ __proto__`;
      const options = {
        base64: 'AA==',
        nested: { sha256: '00', bytes: null },
        ...(JSON.parse('{"__proto__":1}') as object),
      };
      for (const id of ['', '__proto__', "a'b", 'a\0b', 'a\0c', '\ud800', '\ud801', 'A', 'a ']) {
        await store.append(id, [opened(id, [], options), prompt(text)]);
        expect(store.read(id)).toEqual([opened(id, [], options), prompt(text)]);
      }
      expect(store.sessions()).toHaveLength(9);
    });

    it('gives an image that is in use as the very same', async () => {
      const image = packImage([{ path: 'a.ts', bytes: Buffer.from(randomUUID()) }]);
      await store.append('a', [opened('a', [image])]);
      await store.append('b', [opened('b', [image])]);
      for (const id of ['a', 'b']) {
        const [entry] = store.read(id);
        if (entry?.type !== 'opened') throw new Error('expected the opened entry');
        expect(entry.spec.images[0]?.imageId).toBe(image.handle.imageId);
        expect(entry.spec.images[0]?.buffer).toBe(image.handle.buffer);
      }
    });

    it('cannot be changed through what it gave out', async () => {
      await store.append('a', [prompt('1')]);
      (store.read('a') as JournalEntry[]).length = 0;
      expect(store.read('a')).toEqual([prompt('1')]);
    });

    it('closes after the appends in progress, and again without harm', async () => {
      const write = store.append('a', [prompt('1')]);
      await store.close();
      await write;
      await store.close();
    });
  });
}
