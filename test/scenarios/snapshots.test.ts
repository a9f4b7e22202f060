import { describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../src/journal/sqlite-store.ts';
import type { JournalStore } from '../../src/journal/store.ts';
import type { ScriptedRule } from '../../src/model/scripted/script.ts';
import { startScriptedModel } from '../../src/model/scripted/server.ts';
import { assemble } from '../../src/pool/assemble.ts';
import type { PoolOptions } from '../../src/pool/options.ts';
import { SessionPool } from '../../src/pool/pool.ts';
import type { PromptResult } from '../../src/pool/prompt-result.ts';
import type { Session } from '../../src/pool/session.ts';
import { Snapshot } from '../../src/pool/snapshot.ts';
import type { Tool } from '../../src/tools/tool.ts';
import { baseImage } from '../../src/workspace/make-base-image.ts';
import { inDirectory } from '../journal/sqlite-stage.ts';
import { KeptStore } from './kept-store.ts';
import { stage, type Stage } from './support.ts';

const call = (name: string, args: Record<string, unknown>): NonNullable<ScriptedRule['answer']> => ({
  calls: [{ name, arguments: args }],
});

/** What is there is seen with `list` and `read PATH`; `ask` is a function of the caller. */
const RULES: ScriptedRule[] = [
  {
    match: { user: '^write (?<path>\\S+) (?<text>\\S+)', turn: 0 },
    answer: call('write', { path: '{{path}}', content: '{{text}}' }),
  },
  { match: { user: '^list', turn: 0 }, answer: call('list', {}) },
  { match: { user: '^read (?<path>\\S+)', turn: 0 }, answer: call('read', { path: '{{path}}' }) },
  { match: { user: '^ask', turn: 0 }, answer: call('ask', {}) },
  { match: { user: '^wait' }, answer: { text: 'late', delay: { firstMs: 60_000 } } },
  { answer: { text: 'done' } },
];

const BASE = baseImage.fromFiles({ 'base.txt': 'base', 'other.txt': 'other' });

async function withStage(
  options: PoolOptions,
  use: (made: Stage) => Promise<void>,
  store?: JournalStore,
): Promise<void> {
  const made = await stage(RULES, options, store);
  try {
    await use(made);
  } finally {
    await made[Symbol.asyncDispose]();
  }
}

const filesOf = (session: { files(): ReadonlyMap<string, unknown> }): Record<string, unknown> =>
  Object.fromEntries(session.files());
const filesAt = (snapshot: Snapshot): Record<string, unknown> => Object.fromEntries(snapshot.workspace.files);
const usersOf = (session: { messages(): readonly { role: string; content: unknown }[] }): unknown[] =>
  session
    .messages()
    .filter(({ role }) => role === 'user')
    .map(({ content }) => content);
/** What the last tool of the session told the model. */
const lastResult = (session: Session): unknown =>
  session.messages().findLast(({ role }) => role === 'tool')?.content;

/** Three prompts: `a` is written, then `b`, then `a` and the base file again. */
async function told(made: Stage, id = 's', tools: readonly (string | Tool)[] = ['coding-agent']) {
  const session = await made.start({ id, base: BASE, system: 'Be brief.', tools });
  const results: PromptResult[] = [];
  for (const text of ['write a one', 'write b two', 'write a three'])
    results.push(await session.prompt(text));
  const [p1, p2, p3] = results.map(({ promptId }) => promptId) as [string, string, string];
  return { session, p1, p2, p3 };
}
const AFTER_1 = { 'base.txt': 'base', 'other.txt': 'other', a: 'one' };
const AFTER_2 = { ...AFTER_1, b: 'two' };
const AFTER_3 = { ...AFTER_2, a: 'three' };

describe('a snapshot', () => {
  it('is the session after the last prompt, and stays that', async () => {
    await withStage({}, async (made) => {
      const { session, p3 } = await told(made);
      const snapshot = session.snapshot();
      expect(snapshot).toBeInstanceOf(Snapshot);
      expect([snapshot.sessionId, snapshot.promptId]).toEqual(['s', p3]);
      const messages = session.messages();
      await session.prompt('write a four');
      await session.undo({ to: 'start' });
      expect(filesAt(snapshot)).toEqual(AFTER_3);
      expect(snapshot.messages()).toEqual(messages);
      expect(snapshot.workspace.changes.map(({ path, kind }) => [path, kind])).toEqual([
        ['a', 'added'],
        ['b', 'added'],
      ]);
    });
  });

  it('of an earlier point has the conversation and the files of that point', async () => {
    await withStage({}, async (made) => {
      const { session, p1, p2 } = await told(made);
      expect(filesAt(session.snapshot(p1))).toEqual(AFTER_1);
      expect(usersOf(session.snapshot(p2))).toEqual(['write a one', 'write b two']);
      const start = session.snapshot('start');
      expect([start.promptId, start.messages(), start.workspace.changes]).toEqual([null, [], []]);
    });
  });

  it('shares what is as it is now, also when it was read from a file', async () => {
    const store = await openSqliteStore(inDirectory('shared.db'));
    await withStage(
      {},
      async (made) => {
        const { session, p2 } = await told(made);
        const content = (of: { workspace: Snapshot['workspace'] }, path: string): unknown =>
          of.workspace.differences.find((difference) => difference.path === path)?.after;
        const [now, past] = [session.snapshot(), session.snapshot(p2)];
        expect(content(past, 'b')).toBe(content(now, 'b'));
        expect(content(past, 'a')).not.toBe(content(now, 'a'));
        // Forks of one point have one copy of it.
        expect(session.snapshot(p2)).toBe(past);
        const [one, two] = [await session.fork({ at: p2 }), await session.fork({ at: p2 })];
        expect(content(one.snapshot(), 'a')).toBe(content(two.snapshot(), 'a'));
      },
      store,
    );
  });

  it('does not have a prompt in progress, nor one that ended before its turn came', async () => {
    await withStage({}, async (made) => {
      const { session, p3 } = await told(made);
      const running = session.prompt('wait');
      const abort = new AbortController();
      const waiting = session.prompt('write c never', { signal: abort.signal });
      await new Promise((resolve) => setTimeout(resolve, 50));
      abort.abort();
      const { promptId } = await waiting;
      const latest = session.snapshot();
      expect(latest.promptId).toBe(p3);
      expect(filesAt(latest)).toEqual(AFTER_3);
      // It was read from the journal, and is not read again.
      expect(session.snapshot()).toBe(latest);
      expect(session.snapshot(promptId).promptId).toBe(p3);
      await session.cancel();
      const cancelled = await running;
      expect(session.snapshot().promptId).toBe(cancelled.promptId);
      expect(usersOf(session.snapshot())).toHaveLength(4);
    });
  });
});

describe.each(['thread', 'process'] as const)('an undo, isolation %s', (isolation) => {
  it('gives the next prompt the restored files and conversation', async () => {
    await withStage({ isolation, threads: { max: 2 } }, async (made) => {
      const { session, p1, p3 } = await told(made);
      const now = await session.undo();
      expect(filesAt(now)).toEqual(AFTER_2);
      expect(filesOf(session)).toEqual(AFTER_2);
      expect(session.status()).toMatchObject({ state: 'idle', changedFiles: 2, turns: 6 });
      await session.prompt('read a');
      expect(lastResult(session)).toContain('one');
      await session.undo({ to: p1 });
      await session.prompt('list');
      expect(lastResult(session)).toContain('base.txt');
      expect(lastResult(session)).not.toMatch(/^b$/m);
      await session.prompt('write c five');
      expect(filesOf(session)).toEqual({ ...AFTER_1, c: 'five' });
      expect(usersOf(session)).toEqual(['write a one', 'list', 'write c five']);
      // What was undone is a point still.
      await session.undo({ to: p3 });
      expect(filesOf(session)).toEqual(AFTER_3);
      await session.prompt('read a');
      expect(lastResult(session)).toContain('three');
    });
  });
});

describe('an undo', () => {
  it('takes one prompt back at a time, along the way that the session went', async () => {
    await withStage({}, async (made) => {
      const { session, p1, p2 } = await told(made);
      expect((await session.undo()).promptId).toBe(p2);
      expect((await session.undo()).promptId).toBe(p1);
      const { promptId } = await session.prompt('write c five');
      expect(promptId).toBe('s/4');
      expect((await session.undo()).promptId).toBe(p1);
      const start = await session.undo();
      expect([start.promptId, session.messages()]).toEqual([null, []]);
      await expect(session.undo()).rejects.toMatchObject({ code: 'nothing_to_undo' });
      await session.prompt('list');
      expect(session.messages()[0]).toEqual({
        role: 'system',
        content: expect.stringContaining('Be brief.'),
      });
      expect(lastResult(session)).toBe('base.txt\nother.txt');
    });
  });

  it('to where the session is writes nothing', async () => {
    const store = new KeptStore();
    await withStage(
      {},
      async (made) => {
        const { session, p3 } = await told(made);
        const before = store.read('s').length;
        expect((await session.undo({ to: p3 })).promptId).toBe(p3);
        expect(store.read('s')).toHaveLength(before);
      },
      store,
    );
  });

  it('keeps what the undone prompts were: results, keys, numbers', async () => {
    await withStage({}, async (made) => {
      const session = await made.start({ base: BASE });
      const first = await session.prompt('write a one', { idempotencyKey: 'k' });
      await session.undo();
      const again = await session.prompt('write a one', { idempotencyKey: 'k' });
      expect(again.promptId).toBe(first.promptId);
      expect(again.files.get('a')).toBe('one');
      expect(session.files().has('a')).toBe(false);
      expect(session.messages()).toEqual([]);
    });
  });

  it('is refused while prompts have not ended, and changes nothing then', async () => {
    await withStage({}, async (made) => {
      const { session } = await told(made);
      const running = session.prompt('wait');
      await expect(session.undo()).rejects.toMatchObject({ code: 'session_busy', retryable: true });
      await new Promise((resolve) => setTimeout(resolve, 30));
      await expect(session.undo()).rejects.toMatchObject({ code: 'session_busy' });
      await session.cancel();
      await running;
      await session.undo();
      expect(filesOf(session)).toEqual(AFTER_3);
    });
  });

  it('is whole before a prompt that did not wait for it', async () => {
    const store = new KeptStore();
    store.delayMs = 5;
    await withStage(
      {},
      async (made) => {
        const { session, p1 } = await told(made);
        const undone = session.undo({ to: p1 });
        const second = session.undo();
        const prompt = session.prompt('read a');
        await expect(second).rejects.toMatchObject({ code: 'session_busy' });
        await Promise.all([undone, prompt]);
        expect(lastResult(session)).toContain('one');
        expect(usersOf(session)).toEqual(['write a one', 'read a']);
      },
      store,
    );
  });

  it('that cannot be journalled has not happened', async () => {
    const store = new KeptStore();
    await withStage(
      {},
      async (made) => {
        const { session } = await told(made);
        store.failAt = ({ type }) => type === 'restored';
        await expect(session.undo()).rejects.toMatchObject({ code: 'storage_full' });
        await expect(session.fork({ id: 'f' })).rejects.toMatchObject({ code: 'storage_full' });
        expect(made.pool.session('f')).toBeUndefined();
        store.failAt = undefined;
        expect(filesOf(session)).toEqual(AFTER_3);
        await session.undo();
        await session.prompt('read a');
        expect(lastResult(session)).toContain('one');
      },
      store,
    );
  });

  it('reaches what functions of the caller changed, too', async () => {
    const ask: Tool = {
      name: 'ask',
      description: 'Asks.',
      parameters: { type: 'object' },
      execute: (_input, { workspace }) => {
        workspace.writeText('asked', 'yes');
        return workspace.list().join();
      },
    };
    await withStage({ threads: { max: 1 } }, async (made) => {
      const { session } = await told(made, 's', ['coding-agent', ask]);
      await session.prompt('ask');
      expect(filesOf(session)).toEqual({ ...AFTER_3, asked: 'yes' });
      await session.undo();
      expect(filesOf(session)).toEqual(AFTER_3);
      const fork = await session.fork();
      await fork.prompt('ask');
      expect(lastResult(fork)).toBe('asked,a,b,base.txt,other.txt');
    });
  });

  it('does not heal a session: closed and halted ones refuse it as they refuse prompts', async () => {
    const store = new KeptStore();
    await withStage({}, async (made) => {
      const { session } = await told(made);
      await session.close();
      await expect(session.undo()).rejects.toMatchObject({ code: 'session_closed' });
    });
    await withStage(
      {},
      async (made) => {
        await told(made);
        await store.append('s', [{ type: 'quarantined', reason: 'crashes', at: 1 }]);
      },
      store,
    );
    await withStage(
      {},
      async (made) => {
        const session = made.pool.session('s')!;
        expect(session.status().state).toBe('halted');
        await expect(session.undo()).rejects.toMatchObject({ code: 'session_quarantined' });
        // A fork is another session, with the good part of this one.
        const fork = await session.fork();
        expect(fork.status().state).toBe('idle');
        await session.release();
        await session.undo();
        expect(filesOf(session)).toEqual(AFTER_2);
      },
      new KeptStore(store),
    );
  });
});

describe.each(['thread', 'process'] as const)('a fork, isolation %s', (isolation) => {
  it('goes its own way, and so does its parent', async () => {
    await withStage({ isolation, threads: { max: 2 } }, async (made) => {
      const { session, p2 } = await told(made);
      const fork = await session.fork({ id: 'f' });
      const early = await session.fork({ at: p2 });
      expect(fork.messages()).toEqual(session.messages());
      expect(fork.status()).toMatchObject({ turns: 0, changedFiles: 2, usage: { totalTokens: 0 } });
      await Promise.all([
        session.prompt('write a parent'),
        fork.prompt('write a child'),
        early.prompt('read a'),
      ]);
      expect(filesOf(session)).toEqual({ ...AFTER_3, a: 'parent' });
      expect(filesOf(fork)).toEqual({ ...AFTER_3, a: 'child' });
      expect(lastResult(early)).toContain('one');
      expect(usersOf(early)).toEqual(['write a one', 'write b two', 'read a']);
      expect(fork.status()).toMatchObject({ turns: 2 });
      expect((await fork.prompt('list')).promptId).toBe('f/2');
    });
  });

  it('can be forked and undone itself, back to what it took over and no further', async () => {
    await withStage({ isolation, threads: { max: 2 } }, async (made) => {
      const { session, p1 } = await told(made);
      const fork = await session.fork({ id: 'f', at: p1 });
      await expect(fork.undo()).rejects.toMatchObject({ code: 'nothing_to_undo' });
      expect(() => fork.snapshot(p1)).toThrow(expect.objectContaining({ code: 'unknown_prompt' }));
      await fork.prompt('write c five');
      const grandchild = await fork.fork({ id: 'g' });
      expect((await fork.undo()).promptId).toBeNull();
      expect(filesOf(fork)).toEqual(AFTER_1);
      expect(filesAt(fork.snapshot('start'))).toEqual(AFTER_1);
      await grandchild.prompt('write d six');
      expect(filesOf(grandchild)).toEqual({ ...AFTER_1, c: 'five', d: 'six' });
      await fork.prompt('list');
      expect(lastResult(fork)).toBe('a\nbase.txt\nother.txt');
      expect(usersOf(fork)).toEqual(['write a one', 'list']);
    });
  });
});

describe('a fork', () => {
  it('may be of a session in progress: it has what had ended', async () => {
    await withStage({}, async (made) => {
      const { session, p3 } = await told(made);
      const running = session.prompt('wait');
      await new Promise((resolve) => setTimeout(resolve, 30));
      const fork = await session.fork();
      expect([fork.status().state, usersOf(fork)]).toEqual(['idle', usersOf(session.snapshot(p3))]);
      expect((await fork.prompt('list')).stopReason).toBe('end');
      await session.cancel();
      expect((await running).stopReason).toBe('cancelled');
    });
  });

  it('of a session that was never asked anything is like a new one', async () => {
    await withStage({}, async (made) => {
      const session = await made.start({ base: BASE, system: 'Be brief.' });
      const fork = await session.fork();
      await fork.prompt('list');
      expect(fork.messages()[0]).toMatchObject({ role: 'system' });
      expect(lastResult(fork)).toBe('base.txt\nother.txt');
    });
  });

  it('outlives its parent, closed or removed', async () => {
    await withStage({}, async (made) => {
      const { session } = await told(made);
      const snapshot = session.snapshot();
      const fork = await session.fork({ at: snapshot });
      await made.pool.remove('s');
      await fork.prompt('read a');
      expect(lastResult(fork)).toContain('three');
      expect(filesAt(snapshot)).toEqual(AFTER_3);
      await expect(session.fork({ at: 'start' })).rejects.toMatchObject({ code: 'session_closed' });
    });
  });

  it('cannot have the id of its parent, nor take over the points of another session that had its id', async () => {
    await withStage({}, async (made) => {
      const { session } = await told(made);
      const snapshot = session.snapshot();
      await made.pool.remove('s');
      await expect(session.fork({ id: 's' })).rejects.toMatchObject({ code: 'session_exists' });
      expect(made.pool.session('s')).toBeUndefined();
      const other = await made.start({ id: 's', files: { 'base.txt': 'BASE' } });
      await expect(other.fork({ at: snapshot })).rejects.toMatchObject({ code: 'foreign_snapshot' });
    });
  });

  it('that is removed while it is begun leaves nothing behind, as a start does not', async () => {
    const store = new KeptStore();
    store.delayMs = 5;
    await withStage(
      {},
      async (made) => {
        const { session } = await told(made);
        const begun = [session.fork({ id: 'f' }), made.start({ id: 'g' })];
        await Promise.all([made.pool.remove('f'), made.pool.remove('g')]);
        for (const fork of await Promise.all(begun)) {
          await expect(fork.prompt('list')).rejects.toMatchObject({ code: 'session_closed' });
        }
        expect(store.sessions().map(({ sessionId }) => sessionId)).toEqual(['s']);
      },
      store,
    );
  });

  it('asks another model where it is told to', async () => {
    const rules: ScriptedRule[] = [
      { match: { model: 'second' }, answer: { text: 'I am the second' } },
      ...RULES,
    ];
    const made = await stage(rules);
    const { session } = await told(made);
    const fork = await session.fork({ model: 'scripted:second' });
    expect((await fork.prompt('who')).reply).toBe('I am the second');
    expect(fork.status().model).toBe('scripted:second');
    await expect(session.fork({ model: 'nobody:x' })).rejects.toMatchObject({ code: 'unknown_provider' });
    await made[Symbol.asyncDispose]();
  });

  it('takes a place in the pool', async () => {
    await withStage({ limits: { maxSessions: 2 } }, async (made) => {
      const { session } = await told(made);
      await expect(session.fork({ id: 's' })).rejects.toMatchObject({ code: 'session_exists' });
      const fork = await session.fork();
      await expect(session.fork()).rejects.toMatchObject({ code: 'pool_full', retryable: true });
      await fork.close();
      await session.fork();
      await made.pool.close();
      await expect(session.fork()).rejects.toMatchObject({ code: 'pool_closed' });
    });
  });
});

describe('what is kept in a store', () => {
  it('is there after a restart: undone, forked, diverged, and the parent removed', async () => {
    const path = inDirectory('forks.db');
    let p1 = '';
    const big = 'x'.repeat(5_000);
    await withStage(
      {},
      async (made) => {
        const { session, ...points } = await told(made);
        p1 = points.p1;
        await session.prompt(`write big ${big}`);
        await session.fork({ id: 'f' });
        await session.fork({ id: 'g', at: p1 });
        await session.undo();
        await session.undo();
      },
      await openSqliteStore(path),
    );
    const store = await openSqliteStore(path);
    await withStage(
      {},
      async (made) => {
        const [session, fork, early] = ['s', 'f', 'g'].map((id) => made.pool.session(id)!);
        expect(filesOf(session!)).toEqual(AFTER_2);
        expect(session!.snapshot().promptId).toBe('s/2');
        expect(filesOf(early!)).toEqual(AFTER_1);
        expect(store.sessions().map(({ sessionId, forkOf }) => [sessionId, forkOf])).toEqual([
          ['s', null],
          ['f', 's'],
          ['g', 's'],
        ]);
        await session!.prompt('read a');
        expect(lastResult(session!)).toContain('one');
        expect((await session!.undo({ to: 's/4' })).workspace.files.get('big')).toBe(big);
        await made.pool.remove('s');
        expect(filesOf(fork!)).toEqual({ ...AFTER_3, big });
        await fork!.prompt('read a');
        expect(lastResult(fork!)).toContain('three');
        expect(usersOf(fork!)).toHaveLength(5);
      },
      store,
    );
  });

  it('parks and comes back, forks of parked sessions included', async () => {
    await withStage(
      { limits: { maxIdleSessions: 1 } },
      async (made) => {
        const { session, p1 } = await told(made);
        await session.undo();
        const other = await made.start({ id: 'other' });
        await other.prompt('list');
        await new Promise((resolve) => setImmediate(resolve));
        expect(made.pool.stats().sessions.parked).toBe(1);
        const forks = await Promise.all([
          session.fork({ at: p1 }),
          session.fork(),
          session.fork({ at: 's/3' }),
        ]);
        await other.prompt('list');
        await new Promise((resolve) => setImmediate(resolve));
        expect(made.pool.stats().sessions.parked).toBe(4);
        expect(forks.map(filesOf)).toEqual([AFTER_1, AFTER_2, AFTER_3]);
        for (const fork of forks) await fork.prompt('write z last');
        expect(forks.map((fork) => fork.files().get('z'))).toEqual(['last', 'last', 'last']);
        expect((await session.undo()).promptId).toBe(p1);
      },
      new KeptStore(),
    );
  });

  it('knows its own snapshots after it was parked, whoever else started with the same files', async () => {
    const store = await openSqliteStore(inDirectory('alike.db'));
    await withStage(
      { limits: { maxIdleSessions: 1 } },
      async (made) => {
        // The store keeps equal files once: parked, the second session comes back with the image of the first.
        const [first, second] = [
          await made.start({ files: { f: 'x' } }),
          await made.start({ files: { f: 'x' } }),
        ];
        await second.prompt('write a one');
        const snapshot = second.snapshot();
        await second.prompt('write a two');
        await first.prompt('list');
        await new Promise((resolve) => setImmediate(resolve));
        expect(made.pool.stats().sessions.parked).toBe(1);
        expect(second.diff(snapshot).changes.map(({ path }) => path)).toEqual(['a']);
        const fork = await second.fork({ at: snapshot });
        expect(filesOf(fork)).toEqual({ f: 'x', a: 'one' });
        expect(filesAt(await second.undo({ to: snapshot }))).toEqual({ f: 'x', a: 'one' });
        expect(() => first.diff(snapshot)).toThrow(expect.objectContaining({ code: 'foreign_snapshot' }));
      },
      store,
    );
  });

  it('is taken up where a process ended in the middle of a prompt after an undo', async () => {
    const store = new KeptStore();
    const server = await startScriptedModel({ rules: RULES });
    const parts = assemble({ providers: { scripted: { baseURL: server.baseURL } } }, store);
    const pool = await SessionPool.over(parts);
    const session = await pool.start({ id: 's', model: 'scripted:scripted', base: BASE });
    const { promptId } = await session.prompt('write a one');
    await session.prompt('write a two');
    await session.undo();
    store.dieAt = (entry) => (entry.type === 'model-responded' ? 'after' : undefined);
    void session.prompt('read a');
    await store.death;
    await withStage(
      {},
      async (later) => {
        expect(later.pool.recovery.resumed).toEqual(['s']);
        const again = later.pool.session('s')!;
        expect((await again.result('s/3')).stopReason).toBe('end');
        expect(lastResult(again)).toContain('one');
        expect(usersOf(again)).toEqual(['write a one', 'read a']);
        expect((await again.undo()).promptId).toBe(promptId);
      },
      new KeptStore(store),
    );
    // A pool whose store is dead waits for its writes for ever.
    await Promise.all([parts.runner.close(), parts.models.close(), server.close()]);
  });
});

describe('a diff', () => {
  it('is between any two points, in both directions, up to now by default', async () => {
    await withStage({}, async (made) => {
      const { session, p1, p2, p3 } = await told(made);
      const kinds = (a: string, b?: string): unknown =>
        session.diff(a, b).changes.map(({ path, kind }) => [path, kind]);
      expect(kinds(p1)).toEqual([
        ['a', 'modified'],
        ['b', 'added'],
      ]);
      expect(kinds(p2, p1)).toEqual([['b', 'deleted']]);
      expect(kinds('start', p1)).toEqual([['a', 'added']]);
      expect(kinds(p3, p3)).toEqual([]);
      await session.undo({ to: p1 });
      expect(kinds(p3)).toEqual([
        ['a', 'modified'],
        ['b', 'deleted'],
      ]);
      expect(session.diff(session.snapshot(), p2).patch).toBe(
        'diff --git a/b b/b\nnew file mode 100644\n' +
          'index 0000000000000000000000000000000000000000..64c5e5885a4b06010b3a0c20edb7900dd0311025\n' +
          '--- /dev/null\n+++ b/b\n@@ -0,0 +1 @@\n+two\n\\ No newline at end of file\n',
      );
      const [difference] = session.diff(p1, p2).differences;
      expect([difference?.before, Buffer.from(difference?.after ?? []).toString()]).toEqual([null, 'two']);
    });
  });
});

describe('points that are none', () => {
  it('are refused, each with its code', async () => {
    await withStage({}, async (made) => {
      const { session } = await told(made);
      const other = await made.start({ id: 'other' });
      const foreign = other.snapshot();
      const running = session.prompt('wait');
      await new Promise((resolve) => setTimeout(resolve, 30));
      const points: [unknown, string][] = [
        ['s/9', 'unknown_prompt'],
        ['', 'unknown_prompt'],
        ['other/1', 'unknown_prompt'],
        ['s/4', 'prompt_not_ended'],
        [foreign, 'foreign_snapshot'],
        [null, 'invalid_option'],
        [3, 'invalid_option'],
        [{ sessionId: 's', promptId: 's/1' }, 'invalid_option'],
      ];
      for (const [point, code] of points) {
        const at = point as string;
        const failed = expect.objectContaining({ code });
        expect(() => session.snapshot(at)).toThrow(failed);
        expect(() => session.diff(at)).toThrow(failed);
        expect(() => session.diff('start', at)).toThrow(failed);
        await expect(session.fork({ at })).rejects.toMatchObject({ code });
      }
      expect(() => session.diff(undefined as never)).toThrow(
        expect.objectContaining({ code: 'invalid_option' }),
      );
      await session.cancel();
      await running;
      for (const [point, code] of points) {
        if (code === 'prompt_not_ended') continue;
        await expect(session.undo({ to: point as string })).rejects.toMatchObject({ code });
      }
      await expect(session.undo({ at: 's/1' } as never)).rejects.toThrow('session.undo has no such option');
      await expect(session.fork({ system: 'x' } as never)).rejects.toMatchObject({ code: 'invalid_option' });
      await expect(session.fork({ id: '' })).rejects.toMatchObject({ code: 'invalid_option' });
      expect(filesOf(session)).toEqual(AFTER_3);
    });
  });
});
