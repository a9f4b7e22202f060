import { describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../src/journal/entries.ts';
import type { JournalStore } from '../../src/journal/store.ts';

const prompt = (promptId: string): JournalEntry => ({ type: 'prompt-accepted', promptId, text: 'hi', at: 1 });

/** What every store keeps to. */
export function journalStoreContract(name: string, open: () => JournalStore | Promise<JournalStore>): void {
  describe(`the ${name} store`, () => {
    it('gives back what was appended, in order, by session', async () => {
      const store = await open();
      await store.append('a', [prompt('1')]);
      await store.append('b', [prompt('x')]);
      await store.append('a', [prompt('2'), prompt('3')]);
      expect(store.read('a')).toEqual([prompt('1'), prompt('2'), prompt('3')]);
      expect(store.read('b')).toEqual([prompt('x')]);
      expect(store.sessions().map(({ sessionId }) => sessionId)).toEqual(['a', 'b']);
      await store.close();
    });

    it('has nothing of a session it does not know', async () => {
      const store = await open();
      expect(store.read('a')).toEqual([]);
      await store.remove('a');
      expect(store.sessions()).toEqual([]);
      await store.close();
    });

    it('forgets what is removed and nothing else', async () => {
      const store = await open();
      await store.append('a', [prompt('1')]);
      await store.append('b', [prompt('2')]);
      await store.remove('a');
      expect(store.read('a')).toEqual([]);
      expect(store.read('b')).toEqual([prompt('2')]);
      await store.close();
    });

    it('keeps bytes as they were', async () => {
      const store = await open();
      const bytes = Uint8Array.from([0xff, 0xfe, 0, 0x80]);
      const entry: JournalEntry = {
        type: 'effect-ended',
        result: { callId: '1', name: 't', content: '', isError: false },
        changes: [
          { path: 'a', bytes },
          { path: 'b', bytes: null },
        ],
      };
      await store.append('a', [entry]);
      expect(store.read('a')).toEqual([entry]);
      await store.close();
    });

    it('cannot be changed through what it gave out', async () => {
      const store = await open();
      await store.append('a', [prompt('1')]);
      (store.read('a') as JournalEntry[]).length = 0;
      expect(store.read('a')).toEqual([prompt('1')]);
      await store.close();
    });
  });
}
