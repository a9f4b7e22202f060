import { afterEach, describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../src/journal/entries.ts';
import { startScriptedModel, type ScriptedModelServer } from '../../src/model/scripted/server.ts';
import type { ScriptedModelScript, ScriptedRule } from '../../src/model/scripted/script.ts';
import { assemble } from '../../src/pool/assemble.ts';
import type { PoolOptions, SessionOptions } from '../../src/pool/options.ts';
import { SessionPool } from '../../src/pool/pool.ts';
import type { Tool } from '../../src/tools/tool.ts';
import { KeptStore } from './kept-store.ts';
import { collect } from './support.ts';

const opened: AsyncDisposable[] = [];

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

async function model(
  rules: readonly ScriptedRule[],
  script: Partial<ScriptedModelScript> = {},
): Promise<ScriptedModelServer> {
  const server = await startScriptedModel({ ...script, rules });
  opened.push({ [Symbol.asyncDispose]: () => server.close() });
  return server;
}

async function poolOver(
  store: KeptStore,
  server: ScriptedModelServer,
  options: PoolOptions = {},
): Promise<SessionPool> {
  const providers = { scripted: { baseURL: server.baseURL } };
  const parts = assemble({ ...options, providers }, store);
  const pool = await SessionPool.over(parts, options.recover);
  // A pool whose store is dead waits for its writes for ever: only what it holds of the machine is given back.
  opened.push({
    async [Symbol.asyncDispose]() {
      store.die();
      await Promise.all([parts.runner.close(), parts.models.close()]);
    },
  });
  return pool;
}

const WRITES: ScriptedRule[] = [
  { match: { turn: 0 }, answer: { calls: [{ name: 'write', arguments: { path: 'a', content: 'one' } }] } },
  { match: { turn: 1 }, answer: { calls: [{ name: 'write', arguments: { path: 'b', content: 'two' } }] } },
  { match: { turn: 2 }, answer: { text: 'both are written' } },
];
const OPTIONS: SessionOptions = { id: 's', model: 'scripted:scripted', files: { 'c.txt': 'given' } };

/** Runs one prompt until the process dies where it is told to; then the next process opens the store. */
async function crash(
  rules: readonly ScriptedRule[],
  dieAt: NonNullable<KeptStore['dieAt']>,
  next: PoolOptions & { first?: readonly Tool[] } = {},
): Promise<{ pool: SessionPool; store: KeptStore; server: ScriptedModelServer; requestsBefore: number }> {
  const server = await model(rules);
  const store = new KeptStore();
  const { first, ...options } = next;
  const pool = await poolOver(store, server);
  const session = await pool.start({ ...OPTIONS, ...(first ? { tools: ['coding-agent', ...first] } : {}) });
  store.dieAt = dieAt;
  session.prompt('write both').catch(() => undefined);
  await store.death;
  const requestsBefore = server.requestCount;
  const after = new KeptStore(store);
  return { pool: await poolOver(after, server, options), store: after, server, requestsBefore };
}

function types(entries: readonly JournalEntry[]): string[] {
  return entries.map(({ type }) => type);
}

describe('a prompt whose process died', () => {
  /** Every place in the journal of an undisturbed run, before the entry is written and after. */
  const places: [string, number, 'before' | 'after'][] = [];
  for (const [type, count] of [
    // Steps that run nothing, the first and the last, need no thread and have no beginning.
    ['step-began', 2],
    ['step-ended', 4],
    ['model-responded', 3],
  ] as const) {
    for (let n = 1; n <= count; n += 1) places.push([type, n, 'before'], [type, n, 'after']);
  }

  it.each([...places, ['prompt-ended', 1, 'before'] as const])(
    'is finished as if nothing had been: %s %i, %s it was written',
    async (type, n, when) => {
      let seen = 0;
      const { pool, store, server } = await crash(WRITES, (entry) =>
        entry.type === type && (seen += 1) === n ? when : undefined,
      );
      expect(pool.recovery.resumed).toEqual(['s']);
      const session = pool.session('s');
      const result = await session?.result('s/1');
      expect(result).toMatchObject({ stopReason: 'end', reply: 'both are written', turns: 3 });
      expect(Object.fromEntries(result?.files ?? [])).toEqual({
        a: 'one',
        b: 'two',
        'c.txt': 'given',
      });
      const journal = store.read('s');
      // No response that was kept is asked for again: one that was lost on its way into the journal is.
      expect(types(journal).filter((name) => name === 'model-responded')).toHaveLength(3);
      expect(server.requestCount).toBeLessThanOrEqual(
        type === 'model-responded' && when === 'before' ? 4 : 3,
      );
      expect(journal.filter(({ type: name }) => name === 'prompt-ended')).toHaveLength(1);
      // Each tool call has one result.
      const results = journal.flatMap((entry) =>
        entry.type === 'step-ended' ? entry.results.map(({ callId }) => callId) : [],
      );
      expect(new Set(results).size).toBe(results.length);
      expect(session?.messages().filter(({ role }) => role === 'tool')).toHaveLength(2);
    },
  );

  it('is reported as interrupted when asked to, with its files, and the session takes the next prompt', async () => {
    const { pool, server } = await crash(
      WRITES,
      (entry) =>
        entry.type === 'model-responded' && entry.response.toolCalls[0]?.arguments.includes('"b"')
          ? 'after'
          : undefined,
      { recover: 'report' },
    );
    expect(pool.recovery).toMatchObject({ resumed: [], interrupted: ['s'] });
    const session = pool.session('s');
    const result = await session?.result('s/1');
    expect(result).toMatchObject({ stopReason: 'interrupted', error: { code: 'interrupted' }, turns: 2 });
    expect([...(result?.files.keys() ?? [])].sort()).toEqual(['a', 'c.txt']);
    expect(session?.status()).toMatchObject({ state: 'idle', promptId: null });
    const before = server.requestCount;
    expect(await session?.prompt('again')).toMatchObject({ stopReason: 'end', promptId: 's/2' });
    expect(server.requestCount).toBeGreaterThan(before);
  });

  it('that ends its process every time is given up, not taken up for ever', async () => {
    const server = await model(WRITES);
    let store = new KeptStore();
    const first = await poolOver(store, server);
    const session = await first.start(OPTIONS);
    const dieInStep = (entry: JournalEntry): 'before' | undefined =>
      entry.type === 'step-ended' ? 'before' : undefined;
    store.dieAt = dieInStep;
    session.prompt('write both').catch(() => undefined);
    for (let life = 1; life <= 9; life += 1) {
      await store.death;
      store = new KeptStore(store);
      store.dieAt = dieInStep;
      await poolOver(store, server);
    }
    await store.death;
    const last = await poolOver(new KeptStore(store), server);
    expect(await last.session('s')?.result('s/1')).toMatchObject({
      stopReason: 'crashed',
      error: { code: 'thread_lost' },
    });
  });
});

describe('an outside effect whose process died', () => {
  let runs = 0;
  const tool = (idempotent: boolean): Tool => ({
    name: 'deploy',
    description: 'deploys',
    parameters: { type: 'object' },
    effects: 'outside',
    idempotent,
    execute: () => `run ${(runs += 1)}`,
  });
  const RULES: ScriptedRule[] = [
    { match: { turn: 0 }, answer: { calls: [{ name: 'deploy', arguments: {} }] } },
    { match: { turn: 1 }, answer: { text: 'so be it' } },
  ];
  const lost = (entry: JournalEntry): 'before' | undefined =>
    entry.type === 'effect-ended' ? 'before' : undefined;

  it('is not repeated: its outcome is unknown', async () => {
    runs = 0;
    const { pool } = await crash(RULES, lost, { first: [tool(false)], tools: [tool(false)] });
    const session = pool.session('s');
    expect(await session?.result('s/1')).toMatchObject({ stopReason: 'end', reply: 'so be it' });
    expect(runs).toBe(1);
    expect(session?.messages().find(({ role }) => role === 'tool')).toMatchObject({
      content: expect.stringContaining('outcome_unknown') as string,
    });
  });

  it('is repeated when its tool says that it may be', async () => {
    runs = 0;
    const { pool } = await crash(RULES, lost, { first: [tool(true)], tools: [tool(true)] });
    const session = pool.session('s');
    await session?.result('s/1');
    expect(runs).toBe(2);
    expect(session?.messages().find(({ role }) => role === 'tool')).toMatchObject({ content: 'run 2' });
  });

  it('whose function was not given again is answered with that', async () => {
    const { pool } = await crash(RULES, (entry) => (entry.type === 'model-responded' ? 'after' : undefined), {
      first: [tool(false)],
    });
    const session = pool.session('s');
    await session?.result('s/1');
    expect(session?.messages().find(({ role }) => role === 'tool')).toMatchObject({
      content: expect.stringContaining('deploy is not available') as string,
    });
  });
});

describe('an idempotency key', () => {
  const ANSWER: ScriptedRule[] = [{ match: {}, answer: { text: 'one' } }];

  it('makes two prompts one: at once, later, and in another process', async () => {
    const server = await model(ANSWER);
    const store = new KeptStore();
    const pool = await poolOver(store, server);
    const session = await pool.start(OPTIONS);
    const same = { idempotencyKey: 'k' };
    const [one, two] = await Promise.all([session.prompt('hi', same), session.prompt('hi', same)]);
    const three = await session.prompt('hi', same);
    await session.prompt('something else');
    await pool.close();
    const after = await poolOver(new KeptStore(store), server);
    const four = await after.session('s')?.prompt('hi', same);
    expect(
      [two, three, four].map((result) => JSON.stringify({ ...result?.toJSON(), durationMs: 0 })),
    ).toEqual(Array.from({ length: 3 }, () => JSON.stringify({ ...one.toJSON(), durationMs: 0 })));
    expect(server.requestCount).toBe(2);
    const events = await collect(after.session('s')!.stream('hi', same));
    expect(events.map(({ type }) => type)).toEqual(['prompt-ended']);
  });

  it('with another text is refused, and nothing is accepted', async () => {
    const server = await model(ANSWER);
    const pool = await poolOver(new KeptStore(), server);
    const session = await pool.start(OPTIONS);
    await session.prompt('hi', { idempotencyKey: 'k' });
    await expect(session.prompt('ho', { idempotencyKey: 'k' })).rejects.toMatchObject({
      code: 'idempotency_mismatch',
    });
    expect(server.requestCount).toBe(1);
  });
});

describe('a pool that is closed in the middle of a prompt', () => {
  it('leaves it in the store, says so to the caller, and the next pool finishes it', async () => {
    const server = await model(WRITES, { delay: { firstMs: 150 } });
    const store = new KeptStore();
    const pool = await poolOver(store, server);
    const session = await pool.start(OPTIONS);
    const prompts = [session.prompt('write both'), session.prompt('write both')];
    const outcomes = Promise.allSettled(prompts);
    while (session.status().turns < 1) await new Promise((resolve) => setTimeout(resolve, 1));
    await pool.close({ deadlineMs: 0 });
    expect(await outcomes).toMatchObject([
      { status: 'rejected', reason: { code: 'prompt_parked', promptId: 's/1' } },
      { status: 'rejected', reason: { code: 'prompt_parked', promptId: 's/2' } },
    ]);
    expect(types(store.read('s'))).not.toContain('prompt-ended');
    const after = await poolOver(new KeptStore(store), server);
    const again = after.session('s');
    expect(await again?.result('s/1')).toMatchObject({ stopReason: 'end', reply: 'both are written' });
    expect(await again?.result('s/2')).toMatchObject({ stopReason: 'end' });
    // Being closed is nobody's fault.
    const blamed = store
      .read('s')
      .filter((entry) => entry.type === 'step-lost' && entry.reason !== 'cancelled');
    expect(blamed).toEqual([]);
  });

  it('lets what ends in time end, and closed sessions stay readable', async () => {
    const server = await model(WRITES);
    const store = new KeptStore();
    const pool = await poolOver(store, server);
    const session = await pool.start(OPTIONS);
    const prompt = session.prompt('write both');
    await new Promise((resolve) => setTimeout(resolve, 5));
    await pool.close();
    expect(await prompt).toMatchObject({ stopReason: 'end' });

    const after = await poolOver(new KeptStore(store), server);
    await after.session('s')?.close();
    expect(after.sessionIds()).toEqual([]);
    await expect(after.session('s')?.prompt('more')).rejects.toMatchObject({ code: 'session_closed' });
    await expect(after.start(OPTIONS)).rejects.toMatchObject({ code: 'session_exists' });
    expect([...(after.session('s')?.files().keys() ?? [])].sort()).toEqual(['a', 'b', 'c.txt']);
    await after.remove('s');
    expect(after.session('s')).toBeUndefined();
    expect(await after.start(OPTIONS)).toMatchObject({ id: 's' });
  });
});

describe('a store with prompts that cannot be finished', () => {
  it('is not opened, and nothing in it is changed', async () => {
    const server = await model(WRITES);
    const store = new KeptStore();
    const pool = await poolOver(store, server);
    const session = await pool.start(OPTIONS);
    store.dieAt = (entry) => (entry.type === 'model-responded' ? 'after' : undefined);
    session.prompt('write both').catch(() => undefined);
    await store.death;
    const before = store.read('s').length;
    const after = new KeptStore(store);
    await expect(SessionPool.open({ store: after })).rejects.toMatchObject({ code: 'unknown_provider' });
    expect(after.read('s')).toHaveLength(before);
    const reported = await SessionPool.open({ store: after, recover: 'report' });
    expect(await reported.session('s')?.result('s/1')).toMatchObject({ stopReason: 'interrupted' });
    await reported.close();
  });
});
