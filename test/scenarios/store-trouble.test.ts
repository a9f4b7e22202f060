import { describe, expect, it } from 'vitest';
import { StoreError } from '../../src/errors.ts';
import { SessionRecord } from '../../src/journal/session-record.ts';
import type { ScriptedRule } from '../../src/model/scripted/script.ts';
import type { PoolOptions } from '../../src/pool/options.ts';
import type { Tool } from '../../src/tools/tool.ts';
import { KeptStore } from './kept-store.ts';
import { collect, stage, type Stage } from './support.ts';

const RULES: ScriptedRule[] = [
  {
    match: { user: 'ask', turn: 0 },
    answer: {
      calls: [
        { name: 'first', arguments: {} },
        { name: 'second', arguments: {} },
      ],
    },
  },
  { match: { user: 'ask' }, answer: { text: 'asked' } },
  { match: { user: 'slow' }, answer: { text: 'slowly', delay: { firstMs: 200 } } },
  { match: { user: 'wait', turn: 0 }, answer: { calls: [{ name: 'wait', arguments: {} }] } },
  { match: { user: 'wait' }, answer: { text: 'waited' } },
  { match: {}, answer: { text: 'yes' } },
];

async function over(
  store: KeptStore,
  use: (made: Stage) => Promise<void>,
  options: PoolOptions = {},
): Promise<void> {
  const made = await stage(RULES, options, store);
  try {
    await use(made);
  } finally {
    store.failAt = undefined;
    await made[Symbol.asyncDispose]();
  }
}

const tool = (name: string, execute: Tool['execute'], more: Partial<Tool> = {}): Tool => ({
  name,
  description: name,
  parameters: { type: 'object' },
  readOnly: true,
  effects: 'outside',
  execute,
  ...more,
});
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('a pool that is closed while a first prompt is being journalled', () => {
  it('closes, and keeps the prompt for the next', async () => {
    const store = new KeptStore();
    await over(store, async (made) => {
      const session = await made.start({ id: 's' });
      store.delayMs = 50;
      const prompt = session.prompt('hi').catch((error: unknown) => error);
      await made.pool.close({ deadlineMs: 0 });
      expect(await prompt).toMatchObject({ code: 'prompt_parked' });
    });
    await over(new KeptStore(store), async ({ pool }) => {
      expect(await pool.session('s')?.result('s/1')).toMatchObject({ stopReason: 'end', reply: 'yes' });
    });
  });
});

describe('a session whose journal could not be written', () => {
  it('goes on with its prompt when it is released, at the second try too', async () => {
    const store = new KeptStore();
    await over(store, async (made) => {
      const session = await made.start({ id: 's' });
      store.failAt = ({ type }) => type === 'model-responded';
      await expect(session.prompt('first')).rejects.toMatchObject({ code: 'storage_full' });
      store.failAt = undefined;
      const read = store.read.bind(store);
      store.read = () => {
        throw new Error('it cannot be read');
      };
      await expect(session.release()).rejects.toThrow('it cannot be read');
      store.read = read;
      await session.release();
      expect(await session.prompt('second')).toMatchObject({ stopReason: 'end', promptId: 's/2' });
      expect(await session.result('s/1')).toMatchObject({ stopReason: 'end', reply: 'yes' });
    });
  });

  it('is written by nobody who was at work on it before', async () => {
    const store = new KeptStore();
    let ended = 0;
    const tools: Tool[] = [
      tool('first', () => 'first'),
      tool('second', async (_input: never, { workspace }) => {
        workspace.writeText('late', 'late');
        await sleep(150);
        ended += 1;
        return 'second';
      }),
    ];
    await over(store, async (made) => {
      const session = await made.start({ id: 's', tools: ['coding-agent', ...tools] });
      store.failAt = (entry) => entry.type === 'effect-ended' && entry.result.name === 'first';
      const prompt = session.prompt('ask').catch((error: unknown) => error);
      await sleep(100);
      store.failAt = undefined;
      await prompt;
      await session.release();
      await session.result('s/1');
      while (ended === 0) await sleep(5);
      await sleep(20);
      const record = SessionRecord.fold(store.read('s'));
      expect([...record.overlay.keys()]).toEqual([...session.files().keys()]);
      expect(record.conversation.messages).toEqual(session.messages());
      expect(store.read('s').at(-1)?.type).toBe('prompt-ended');
    });
  });

  it('gives no prompt the id of another that was on its way', async () => {
    const store = new KeptStore();
    await over(store, async (made) => {
      const session = await made.start({ id: 's' });
      store.delayMs = 30;
      store.failAt = ({ type }) => type === 'model-responded';
      const first = session.prompt('first').catch((error: unknown) => error);
      while (session.status().state !== 'waiting-model') await sleep(1);
      await sleep(10);
      const second = session.prompt('second').catch((error: unknown) => error);
      await first;
      store.failAt = undefined;
      await session.release();
      const third = await session.prompt('third');
      await second;
      const accepted = store.read('s').flatMap((entry) => (entry.type === 'prompt-accepted' ? [entry] : []));
      expect(new Set(accepted.map(({ promptId }) => promptId)).size).toBe(accepted.length);
      expect(third.stopReason).toBe('end');
      expect(store.session('s')?.openPromptCount).toBe(0);
    });
  });

  it('can be closed when it was refused once', async () => {
    const store = new KeptStore();
    await over(store, async (made) => {
      const session = await made.start({ id: 's' });
      store.failAt = ({ type }) => type === 'closed';
      await expect(session.close()).rejects.toMatchObject({ code: 'storage_full' });
      store.failAt = undefined;
      expect(await session.prompt('hi')).toMatchObject({ stopReason: 'end' });
      await session.close();
      expect(store.session('s')?.closed).toBe(true);
    });
  });
});

describe('a tool that runs when the pool is closed', () => {
  it.each([
    [false, 1, 'outcome_unknown'],
    [true, 2, 'run 2'],
  ])('is cut off, not answered: idempotent %s', async (idempotent, runs, told) => {
    const store = new KeptStore();
    let count = 0;
    const waits = tool(
      'wait',
      async () => {
        count += 1;
        if (count === 1) await sleep(300);
        return `run ${count}`;
      },
      { idempotent },
    );
    await over(store, async (made) => {
      const session = await made.start({ id: 's', tools: ['coding-agent', waits] });
      session.prompt('wait').catch(() => undefined);
      while (count === 0) await sleep(1);
      await made.pool.close({ deadlineMs: 10 });
    });
    await over(
      new KeptStore(store),
      async ({ pool }) => {
        const session = pool.session('s');
        expect(await session?.result('s/1')).toMatchObject({ stopReason: 'end', reply: 'waited' });
        expect(session?.messages().find(({ role }) => role === 'tool')?.content).toContain(told);
        expect(count).toBe(runs);
      },
      { tools: [waits] },
    );
  });
});

describe('a prompt that is sent again with its key', () => {
  it('has the limits of the first, and neither a deadline nor a reader that leaves ends it', async () => {
    const store = new KeptStore();
    await over(store, async (made) => {
      const session = await made.start({ id: 's' });
      const first = session.prompt('slow', { idempotencyKey: 'k' });
      const second = session.prompt('slow', { idempotencyKey: 'k', timeoutMs: 20 });
      const events = session.stream('slow', { idempotencyKey: 'k' });
      const left = (async () => {
        for await (const event of events) if (event.type === 'text') break;
      })();
      await left;
      for (const result of await Promise.all([first, second])) {
        expect(result).toMatchObject({ stopReason: 'end', promptId: 's/1' });
      }
      const again = await collect(session.stream('slow', { idempotencyKey: 'k' }));
      expect(again.map(({ type }) => type)).toEqual(['prompt-ended']);
    });
  });
});

describe('sessions that are closed, unreadable or parked', () => {
  it('leave room for others when they were only looked at', async () => {
    await over(
      new KeptStore(),
      async (made) => {
        for (const id of ['a', 'b']) await (await made.start({ id })).close();
        expect([made.pool.session('a')?.messages(), made.pool.session('b')?.messages()]).toEqual([[], []]);
        expect(made.pool.sessionIds()).toEqual([]);
        expect(await made.start({ id: 'c' })).toBeDefined();
      },
      { limits: { maxSessions: 2 } },
    );
  });

  it('can be removed though they cannot be read', async () => {
    const store = new KeptStore();
    await over(
      store,
      async (made) => {
        const session = await made.start({ id: 's' });
        await session.prompt('hi');
        while (made.pool.stats().sessions.parked === 0) await sleep(1);
        store.read = () => {
          throw new StoreError('store_corrupt', 'The journal is damaged.');
        };
        await made.pool.remove('s');
        expect(store.session('s')).toBeUndefined();
      },
      { limits: { parkAfterMs: 1 } },
    );
  });
});
