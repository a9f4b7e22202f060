import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../src/journal/entries.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import { openSqliteStore } from '../../src/journal/sqlite-store.ts';
import type { JournalStore } from '../../src/journal/store.ts';
import { visibleSessions } from '../../src/journal/visible-sessions.ts';
import { startScriptedModel, type ScriptedModelServer } from '../../src/model/scripted/server.ts';
import type { ScriptedRule } from '../../src/model/scripted/script.ts';
import { assemble } from '../../src/pool/assemble.ts';
import type { SessionEvent } from '../../src/pool/events.ts';
import type { PoolOptions, SessionOptions } from '../../src/pool/options.ts';
import { SessionPool } from '../../src/pool/pool.ts';
import type { PromptResult } from '../../src/pool/prompt-result.ts';
import type { Session } from '../../src/pool/session.ts';
import { KeptStore } from './kept-store.ts';

const usage = { input: 100, output: 10 };
/** Six responses of 110 tokens: five rounds of tools, and "done". */
const SIX: ScriptedRule[] = [
  { match: { turn: [0, 1, 2, 3, 4] }, answer: { calls: [{ name: 'list', arguments: {} }], usage } },
  { answer: { text: 'done', usage } },
];
/** A dollar a response. */
const PRICES = { 'scripted:*': { inputPerMillion: 10_000, outputPerMillion: 0 } };

let server: ScriptedModelServer;
const pools: SessionPool[] = [];
let directory: string;

beforeEach(async () => {
  server = await startScriptedModel({ rules: SIX });
  directory = mkdtempSync(join(tmpdir(), 'skein-budget-'));
});
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close({ deadlineMs: 0 });
  await server.close();
  rmSync(directory, { recursive: true, force: true });
});

async function open(options: PoolOptions = {}, store?: JournalStore): Promise<SessionPool> {
  const providers = { scripted: { baseURL: server.baseURL } };
  const all = { prices: PRICES, ...options, providers };
  const pool = store
    ? await SessionPool.over(assemble(all, store), options.recover)
    : await SessionPool.open(all);
  pools.push(pool);
  return pool;
}

const start = (pool: SessionPool, options: SessionOptions = {}): Promise<Session> =>
  pool.start({ model: 'scripted:scripted', ...options });

/** Events of a prompt as they come, and a wait for one of a type. */
function follow(session: Session, text = 'go'): Following {
  const events: SessionEvent[] = [];
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const resolve of waiting) resolve();
    waiting.clear();
  };
  let failure: unknown;
  const end = (async () => {
    for await (const event of session.stream(text)) {
      events.push(event);
      wake();
    }
  })().catch((error: unknown) => {
    failure = error;
    wake();
  });
  const seen = async <Type extends SessionEvent['type']>(type: Type, count = 1): Promise<EventOf<Type>> => {
    for (;;) {
      const found = events.filter((event): event is EventOf<Type> => event.type === type);
      if (found.length >= count) return found[count - 1]!;
      if (failure !== undefined) throw failure;
      await new Promise<void>((resolve) => waiting.add(resolve));
    }
  };
  return { events, seen, result: async () => (await seen('prompt-ended')).result, end };
}

/** Until it holds; the test's own deadline ends it. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

const isPaused = (session: Session): boolean => session.status().state === 'suspended';

type EventOf<Type extends SessionEvent['type']> = Extract<SessionEvent, { type: Type }>;
interface Following {
  readonly events: readonly SessionEvent[];
  readonly seen: <Type extends SessionEvent['type']>(type: Type, count?: number) => Promise<EventOf<Type>>;
  readonly result: () => Promise<PromptResult>;
  readonly end: Promise<void>;
}

const STORES: [string, () => Promise<JournalStore>][] = [
  ['memory', () => Promise.resolve(new MemoryStore())],
  ['sqlite', () => openSqliteStore(join(directory, 'store.db'))],
];

describe.each(STORES)('a session that reaches its budget, its journal in %s', (_, newStore) => {
  it('is paused before the next request, without a thread, and goes on when it is given more', async () => {
    const store = await newStore();
    const pool = await open({}, store);
    const session = await start(pool, { id: 's', budget: { usd: 2 } });
    const prompt = follow(session);
    const { sessionId: _id, promptId: _prompt, seq: _seq, ...told } = await prompt.seen('budget');
    const reached = {
      scope: 'session',
      name: 's',
      what: 'usd',
      limit: 2,
      spent: 2,
      action: 'pause',
    } as const;
    expect(told).toEqual({ type: 'budget', ...reached });
    expect(server.requestCount).toBe(2);
    expect(session.status()).toMatchObject({ state: 'suspended', turns: 2, pausedAt: reached });
    expect(session.status().budget).toMatchObject({ limits: { usd: 2 }, turns: 2, wallMs: null, reached });
    expect(pool.stats()).toMatchObject({ waitingSteps: 0 });

    await expect(session.resume({ budget: { usd: 2 } })).rejects.toMatchObject({
      code: 'budget_too_low',
      reached,
    });
    await expect(session.resume()).rejects.toMatchObject({ code: 'budget_too_low' });
    expect(session.status().budget.limits).toEqual({ usd: 2 });

    await session.resume({ budget: { usd: 4 } });
    await prompt.seen('budget', 2);
    expect(server.requestCount).toBe(4);
    await session.resume({ budget: null });
    const result = await prompt.result();
    expect(result).toMatchObject({ stopReason: 'end', reply: 'done', turns: 6 });
    expect(result.usage).toMatchObject({ totalTokens: 660, cost: { usd: 6, basis: 'table', unpriced: 0 } });
    expect(prompt.events.map(({ type }) => type).filter((type) => /budget|resumed/.test(type))).toEqual([
      'budget',
      'resumed',
      'budget',
      'resumed',
    ]);
    expect(journalled(store, 's')).toEqual([
      'budget-reached',
      'budget-set',
      'resumed',
      'budget-reached',
      'budget-set',
      'resumed',
    ]);
    expect(session.status()).toMatchObject({ state: 'idle', pausedAt: null, budget: { limits: null } });
  });

  it('ends the prompt where it is to, and stays usable', async () => {
    const pool = await open({}, await newStore());
    const session = await start(pool, { id: 's', budget: { turns: 2, onReached: 'end' } });
    const prompt = follow(session);
    const result = await prompt.result();
    expect(result).toMatchObject({ stopReason: 'budget', turns: 2 });
    expect(result.error).toEqual({
      code: 'budget_reached',
      message: 'The budget of session "s" is reached: 2 of 2 turns.',
      budget: { scope: 'session', name: 's', what: 'turns', limit: 2, spent: 2, action: 'end' },
    });
    expect(await prompt.seen('budget')).toMatchObject({ action: 'end' });
    // The next one is refused without a request, until there is more.
    expect(await session.prompt('again')).toMatchObject({ stopReason: 'budget', turns: 0 });
    expect(server.requestCount).toBe(2);
    await session.resume({ budget: { turns: 8 } });
    expect(await session.prompt('and again')).toMatchObject({ stopReason: 'end', turns: 6 });
    expect(await session.result(result.promptId)).toMatchObject({
      stopReason: 'budget',
      error: result.error,
    });
  });

  it('can be cancelled, run into its timeout and be closed while it is paused', async () => {
    const pool = await open({}, await newStore());
    for (const [how, stopReason] of [
      ['cancel', 'cancelled'],
      ['timeout', 'timeout'],
      ['close', 'cancelled'],
    ] as const) {
      const session = await start(pool, { budget: { turns: 1 } });
      const sent = session.prompt('go', how === 'timeout' ? { timeoutMs: 3_000 } : {});
      await until(() => isPaused(session));
      if (how === 'cancel') await session.cancel();
      // Not at the deadline: what waits for a budget does not end by itself.
      if (how === 'close') await session.close({ deadlineMs: Infinity });
      expect(await sent).toMatchObject({ stopReason, turns: 1 });
      if (how !== 'close') expect(session.status()).toMatchObject({ state: 'idle', pausedAt: null });
    }
  });

  it('runs the next prompt when a paused one is cancelled', async () => {
    const pool = await open({}, await newStore());
    const session = await start(pool, { budget: { turns: 1 } });
    const first = follow(session);
    await first.seen('budget');
    const second = session.prompt('next');
    await session.resume({ budget: { turns: 2 } });
    await first.seen('budget', 2);
    await session.cancel();
    await session.resume({ budget: null });
    expect((await first.result()).stopReason).toBe('cancelled');
    expect((await second).stopReason).toBe('end');
  });
});

function journalled(store: JournalStore, sessionId: string): string[] {
  const ours = ['budget-reached', 'budget-set', 'resumed', 'attempts-failed'];
  return store
    .read(sessionId)
    .map(({ type }) => type)
    .filter((type) => ours.includes(type));
}

describe('a budget of tokens, and one of time', () => {
  it('stop a session as one of money does', async () => {
    const pool = await open();
    const tokens = follow(await start(pool, { budget: { tokens: 220 } }));
    expect(await tokens.seen('budget')).toMatchObject({ what: 'tokens', limit: 220, spent: 220 });
    const time = follow(await start(pool, { budget: { wallMs: 0.001 } }));
    expect(await time.seen('budget')).toMatchObject({ what: 'wallMs', limit: 0.001 });
  });

  it('do not count the time of a pause', async () => {
    const pool = await open();
    const session = await start(pool, { budget: { turns: 1 } });
    const prompt = follow(session);
    await prompt.seen('budget');
    const before = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const pausedMs = performance.now() - before;
    await session.resume({ budget: { turns: 9, wallMs: 1e9 } });
    const { durationMs } = await prompt.result();
    const { wallMs } = session.status().budget;
    expect(wallMs).toBeLessThanOrEqual(durationMs - pausedMs + 2);
  });
});

describe('a budget of money over responses that nobody has a price for', () => {
  it('counts as reached after the first of them, and says why', async () => {
    const pool = await open({ prices: {} });
    const session = await start(pool, { id: 's', budget: { usd: 1, onReached: 'end' } });
    const result = await session.prompt('go');
    expect(result).toMatchObject({ stopReason: 'budget', turns: 1, error: { code: 'price_unknown' } });
    expect(result.error?.message).toContain('what a response has cost is not known');
    expect(result.usage.cost).toEqual({ usd: null, basis: 'unknown', unpriced: 1 });
    expect(pool.usage().usage.cost.usd).toBeNull();
  });
});

describe('a budget of a group, and of the pool', () => {
  it('is overspent by one request a session at most, and holds all sessions until it is raised', async () => {
    const sessions = 12;
    const budget = 20;
    const pool = await open({ budget: { usd: budget } });
    const prompts = await Promise.all(
      Array.from({ length: sessions }, async (_, i) => follow(await start(pool, { id: `s${i}` }))),
    );
    for (const prompt of prompts) await Promise.race([prompt.seen('budget'), prompt.result()]);
    const spent = pool.usage().usage.cost.usd!;
    expect(spent).toBeGreaterThanOrEqual(budget);
    expect(spent).toBeLessThanOrEqual(budget + sessions);
    expect(server.requestCount).toBe(spent);
    const own = pool.sessionIds().map((id) => pool.session(id)!.status());
    expect(own.reduce((sum, { usage: { cost } }) => sum + cost.usd!, 0)).toBe(spent);
    expect(own.every(({ state }) => state === 'suspended' || state === 'idle')).toBe(true);

    await expect(pool.session('s0')!.resume({ budget: { usd: 100 } })).rejects.toMatchObject({
      code: 'budget_too_low',
      reached: { scope: 'pool' },
    });
    pool.setBudget(null);
    for (const prompt of prompts) expect((await prompt.result()).stopReason).toBe('end');
    expect(pool.usage()).toMatchObject({ turns: 6 * sessions, usage: { cost: { usd: 6 * sessions } } });
  });

  it('counts the sessions of its group only, and those that work for one of them', async () => {
    const pool = await open({ groups: { nightly: { turns: 13, onReached: 'end' }, other: null } });
    const lead = await start(pool, { id: 'lead', group: 'nightly', budget: { turns: 8 } });
    const other = await start(pool, { group: 'other' });
    await lead.prompt('go');
    await other.prompt('go');
    const helper = await start(pool, { id: 'helper', parent: 'lead' });
    const prompt = follow(helper);
    // Two more, and the lead's eight are spent.
    expect(await prompt.seen('budget')).toMatchObject({ scope: 'session', name: 'lead', spent: 8 });
    expect(lead.status().budget).toMatchObject({ turns: 8 });
    expect(lead.status().turns).toBe(6);
    await expect(helper.resume()).rejects.toThrow('raise it with resume({ budget }) of session lead');
    await lead.resume({ budget: null });
    expect((await prompt.result()).stopReason).toBe('end');
    expect([pool.groupUsage('nightly').turns, pool.groupUsage('other').turns]).toEqual([12, 6]);
    expect(await lead.prompt('again')).toMatchObject({ stopReason: 'budget', turns: 1 });
    pool.setGroupBudget('nightly', { turns: 100 });
    expect(await lead.prompt('again')).toMatchObject({ stopReason: 'end' });
    expect(pool.budgetStatus('nightly')).toMatchObject({ limits: { turns: 100 }, turns: 19, reached: null });
  });

  it('keeps what closed and removed sessions have spent', async () => {
    const pool = await open();
    const session = await start(pool, { id: 's' });
    await session.prompt('go');
    await session.close();
    await pool.remove('s');
    const again = await start(pool, { id: 's' });
    expect([pool.usage().turns, again.status().turns]).toEqual([6, 0]);
  });
});

describe('a pool over a view of a store', () => {
  it('counts what the sessions that the view leaves out have spent, money, turns and time', async () => {
    const store = new KeptStore();
    const first = await open({ groups: { g: null } }, store);
    await (await start(first, { id: 's', group: 'g' })).prompt('go');
    const view = visibleSessions(new KeptStore(store), () => false);
    const next = await open({ budget: { wallMs: 1e9 }, groups: { g: { turns: 6 } } }, view);
    expect(next.sessionIds()).toEqual([]);
    expect(next.usage()).toMatchObject({ turns: 6, usage: { cost: { usd: 6 } } });
    expect(next.budgetStatus().wallMs).toBeGreaterThan(0);
    const held = follow(await start(next, { group: 'g' }));
    expect(await held.seen('budget')).toMatchObject({ scope: 'group', what: 'turns', spent: 6 });
  });
});

describe('a prompt that is paused when its process dies', () => {
  /** Runs until it is paused, kills the process, and opens the store anew. */
  async function crash(first: PoolOptions, own: SessionOptions): Promise<KeptStore> {
    const store = new KeptStore();
    const pool = await open(first, store);
    const session = await start(pool, { id: 's', ...own });
    session.prompt('go').catch(() => undefined);
    await until(() => isPaused(session));
    return new KeptStore(store);
  }

  it('is found paused and makes no request, however often, until it is given more', async () => {
    let store = await crash({}, { budget: { turns: 2 } });
    for (let life = 0; life < 6; life++) {
      const pool = await open({}, store);
      await until(() => isPaused(pool.session('s')!));
      expect(pool.recovery.resumed).toEqual(['s']);
      expect(pool.usage().turns).toBe(2);
      store = new KeptStore(store);
    }
    expect(server.requestCount).toBe(2);
    expect(journalled(store, 's')).toEqual(['budget-reached']);
    const pool = await open({}, store);
    const session = pool.session('s')!;
    await session.resume({ budget: { turns: 10 } });
    expect(await session.result('s/1')).toMatchObject({ stopReason: 'end', turns: 6 });
    expect(server.requestCount).toBe(6);
    expect(store.read('s').some((entry) => entry.type === 'taken-up')).toBe(false);
  });

  it('goes on by itself where the limits given at open are higher by now', async () => {
    const group = { group: 'g' };
    const store = await crash({ groups: { g: { turns: 2 } } }, group);
    const same = new KeptStore(store);
    const pool = await open({ groups: { g: { turns: 2 } } }, same);
    await until(() => isPaused(pool.session('s')!));
    const higher = await open({ groups: { g: { turns: 20 } } }, new KeptStore(same));
    expect(await higher.session('s')!.result('s/1')).toMatchObject({ stopReason: 'end', turns: 6 });
    expect(higher.groupUsage('g').turns).toBe(6);
  });

  it('is left as it is by the end of its pool, at once, and told as parked', async () => {
    const store = new KeptStore();
    const pool = await open({}, store);
    const session = await start(pool, { id: 's', budget: { turns: 2 } });
    const sent = session.prompt('go');
    await until(() => isPaused(session));
    await pool.close({ deadlineMs: Infinity });
    await expect(sent).rejects.toMatchObject({ code: 'prompt_parked' });
    const next = await open({}, new KeptStore(store));
    await until(() => isPaused(next.session('s')!));
    await next.session('s')!.cancel();
    expect(await next.session('s')!.result('s/1')).toMatchObject({ stopReason: 'cancelled' });
  });

  it('keeps what failed requests of its unfinished turn have used, when its pool ends', async () => {
    await server.close();
    server = await startScriptedModel({
      rules: [
        { times: 1, answer: { text: 'half of an answer' }, fault: { cutAtByte: 700 } },
        { answer: { text: 'late', delay: { firstMs: 60_000 } } },
      ],
    });
    const store = new KeptStore();
    const pool = await open({}, store);
    const prompt = follow(await start(pool, { id: 's' }));
    await prompt.seen('model-retried');
    const spent = pool.usage();
    expect(spent.usage.totalTokens).toBeGreaterThan(0);
    await pool.close({ deadlineMs: 0 });
    await prompt.end;
    expect(journalled(store, 's')).toContain('attempts-failed');
    const next = await open({}, new KeptStore(store));
    expect(next.usage()).toEqual(spent);
    expect(next.session('s')!.status().usage).toEqual(spent.usage);
    await next.session('s')!.cancel();
    const { failedAttempts, usage } = await next.session('s')!.result('s/1');
    expect(failedAttempts.length).toBeGreaterThan(0);
    expect(usage.totalTokens).toBe(spent.usage.totalTokens);
  });

  it('counts the time of earlier processes, and not that between them', async () => {
    const at = (seconds: number): number => Date.UTC(2026, 0, 1) + 1_000 * seconds;
    const store = new KeptStore();
    const first = await open({}, store);
    const session = await start(first, { id: 't' });
    const [opened] = store.read('t');
    await session.close();
    await first.remove('t');
    const ended = (promptId: string, second: number): JournalEntry => ({
      type: 'prompt-ended',
      promptId,
      stopReason: 'end',
      error: null,
      at: at(second),
    });
    const accepted = (promptId: string, second: number): JournalEntry => ({
      type: 'prompt-accepted',
      promptId,
      text: 'x',
      at: at(second),
    });
    await store.append('t', [
      { ...opened!, at: at(0) } as JournalEntry,
      // 10 s, and 5 s of the one that waited for it.
      accepted('t/1', 0),
      accepted('t/2', 4),
      ended('t/1', 10),
      ended('t/2', 15),
      // 2 s, a pause, 3 s.
      accepted('t/3', 100),
      {
        type: 'budget-reached',
        scope: 'pool',
        name: null,
        what: 'turns',
        limit: 1,
        spent: 1,
        action: 'pause',
        at: at(102),
      },
      { type: 'resumed', at: at(500) },
      ended('t/3', 503),
      // 1 s until its last sign, then its process was gone, 4 s in the next one.
      accepted('t/4', 600),
      { type: 'step-began', stepId: 1, input: 'prompt' },
      { type: 'model-responded', response: responseOf(), at: at(601) },
      { type: 'step-lost', stepId: 1, reason: 'process', suspects: [], message: '' },
      { type: 'model-responded', response: responseOf(), at: at(700) },
      ended('t/4', 704),
      // 2 s, then its process was gone while it waited for its model; 3 s in the next one.
      accepted('t/5', 800),
      { type: 'step-began', stepId: 2, input: 'prompt' },
      { type: 'model-responded', response: responseOf(), at: at(802) },
      { type: 'taken-up', at: at(900) },
      ended('t/5', 903),
    ]);
    const next = await open({ budget: { wallMs: 30_001 } }, new KeptStore(store));
    expect(next.budgetStatus()).toMatchObject({ wallMs: 30_000, reached: null });
    next.setBudget({ wallMs: 30_000 });
    expect(next.budgetStatus().reached).toMatchObject({ what: 'wallMs', spent: 30_000 });
  });
});

function responseOf(): Extract<JournalEntry, { type: 'model-responded' }>['response'] {
  const none = { inputTokens: 0, outputTokens: 0, totalTokens: 0, reasoningTokens: 0, cachedTokens: 0 };
  return {
    text: '',
    reasoning: '',
    toolCalls: [],
    finishReason: 'stop',
    usage: { ...none, cacheWriteTokens: 0, estimated: false, cost: { usd: 0, basis: 'none', unpriced: 0 } },
    model: '',
  };
}

describe('a prompt that pauses and nobody hears of it', () => {
  it('is told of in a process warning, once a pool', async () => {
    const warnings: (Error & { code?: string })[] = [];
    const listen = (warning: Error): void => void warnings.push(warning);
    process.on('warning', listen);
    try {
      const pool = await open();
      const heard = follow(await start(pool, { budget: { turns: 1 } }));
      await heard.seen('budget');
      for (const onText of [undefined, () => undefined]) {
        const session = await start(pool, {
          id: `quiet ${String(onText === undefined)}`,
          budget: { turns: 1 },
        });
        session.prompt('go', onText ? { onText } : {}).catch(() => undefined);
        await until(() => isPaused(session));
      }
      await until(() => warnings.length > 0);
      expect(warnings[0]).toMatchObject({ name: 'SkeinBudgetWarning', code: 'budget_reached' });
      expect(warnings[0]?.message).toMatch(/^Session quiet true is paused: .*1 of 1 turns/);
    } finally {
      process.off('warning', listen);
    }
  });

  it('is told of where only its text is heard', async () => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
    const session = await start(await open(), { budget: { turns: 1 } });
    session.prompt('go', { onText: () => undefined }).catch(() => undefined);
    expect((await warned).name).toBe('SkeinBudgetWarning');
  });
});

describe('a budget that makes no sense', () => {
  it.each<[unknown, string]>([
    [{}, 'expected at least one of usd, tokens, turns and wallMs'],
    [{ onReached: 'end' }, 'expected at least one of usd, tokens, turns and wallMs'],
    [{ usd: 0 }, 'budget.usd: expected a number above 0, but was given 0'],
    [{ usd: -1 }, 'budget.usd: expected a number above 0, but was given -1'],
    [{ usd: Number.NaN }, 'budget.usd: expected a number above 0, but was given NaN'],
    [{ usd: Infinity }, 'budget.usd: expected a number above 0, but was given Infinity'],
    [{ usd: '5' }, "budget.usd: expected a number above 0, but was given '5'"],
    [{ tokens: 1.5 }, 'budget.tokens: expected a whole number above 0, but was given 1.5'],
    [{ turns: 0 }, 'budget.turns: expected a whole number above 0, but was given 0'],
    [{ wallMs: -5 }, 'budget.wallMs: expected a number above 0, but was given -5'],
    [{ usd: 1, onReached: 'stop' }, 'budget.onReached'],
    [{ dollars: 1 }, 'budget.dollars'],
    [{ usd: 1, token: 1 }, 'Did you mean budget.tokens?'],
    [7, 'budget'],
  ])('%j is refused wherever it is given: %s', async (given, message) => {
    const budget = given as never;
    const pool = await open();
    const session = await start(pool);
    const refusals = [
      SessionPool.open({ budget }),
      start(pool, { budget }),
      session.resume({ budget }),
      (async () => pool.setBudget(budget))(),
      (async () => pool.setGroupBudget('g', budget))(),
    ];
    for (const refusal of refusals) {
      const error: unknown = await refusal.then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toMatchObject({ code: 'invalid_option' });
      expect(String(error)).toContain(message);
    }
    await expect(SessionPool.open({ groups: { g: budget } })).rejects.toMatchObject({
      code: 'invalid_option',
    });
    expect(session.status().budget.limits).toBeNull();
  });

  it.each<[unknown, string]>([
    [
      { 'a:b': { inputPerMillion: -1, outputPerMillion: 1 } },
      'prices.a:b.inputPerMillion: expected US dollars',
    ],
    [{ 'a:b': { inputPerMillion: Number.NaN, outputPerMillion: 1 } }, 'expected US dollars'],
    [{ 'a:b': { inputPerMillion: 1 } }, 'prices.a:b.outputPerMillion'],
    [
      { 'a:b': { inputPerMillion: 1, outputPerMillion: 1, cachedPerMillion: 1 } },
      'Did you mean prices.a:b.cachedInputPerMillion?',
    ],
    [{ sonnet: { inputPerMillion: 1, outputPerMillion: 1 } }, 'expected provider:model or provider:*'],
  ])('prices %j are refused: %s', async (prices, message) => {
    await expect(SessionPool.open({ prices: prices as never })).rejects.toThrow(message);
  });

  it('a group that nobody knows, a parent that is not there, and a group that is not the parent’s are refused', async () => {
    const pool = await open({ groups: { nightly: null } });
    await expect(start(pool, { group: 'nighty' })).rejects.toThrow('did you mean "nightly"?');
    expect(() => pool.groupUsage('x')).toThrow('The pool has no group "x"');
    await expect(start(pool, { parent: 'nobody' })).rejects.toMatchObject({ code: 'unknown_session' });
    const parent = await start(pool, { id: 'p' });
    await expect(start(pool, { parent: 'p', group: 'nightly' })).rejects.toMatchObject({
      code: 'invalid_option',
    });
    await parent.close();
    await expect(start(pool, { parent: 'p' })).rejects.toMatchObject({ code: 'unknown_session' });
    expect(pool.sessionIds()).toEqual([]);
  });

  it('a closed session cannot be given another', async () => {
    const session = await start(await open());
    await session.close();
    await expect(session.resume({ budget: { usd: 1 } })).rejects.toMatchObject({ code: 'session_closed' });
  });
});
