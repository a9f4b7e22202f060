import { describe, expect, it } from 'vitest';
import type { ScriptedRule } from '../../src/model/scripted/script.ts';
import type { PoolOptions } from '../../src/pool/options.ts';
import type { SessionPool } from '../../src/pool/pool.ts';
import { baseImage } from '../../src/workspace/make-base-image.ts';
import { KeptStore } from './kept-store.ts';
import { stage, type Stage } from './support.ts';

const NOTES: ScriptedRule[] = [
  {
    match: { user: 'note (?<n>\\d+)', turn: 0 },
    answer: { calls: [{ name: 'write', arguments: { path: 'note-{{n}}', content: 'text {{n}}' } }] },
  },
  { match: { user: 'note (?<n>\\d+)' }, answer: { text: 'noted {{n}}' } },
];

async function withStage(
  options: PoolOptions,
  use: (made: Stage) => Promise<void>,
  store = new KeptStore(),
): Promise<void> {
  const made = await stage(NOTES, options, store);
  try {
    await use(made);
  } finally {
    await made[Symbol.asyncDispose]();
  }
}

/** A prompt is answered before its session is put away. */
const putAway = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function parked(pool: SessionPool, count: number): Promise<void> {
  while (pool.stats().sessions.parked !== count) await new Promise((resolve) => setTimeout(resolve, 1));
}

describe('a session that is parked', () => {
  it('goes on as if it had never left: conversation, files, base, mailbox', async () => {
    await withStage({ limits: { parkAfterMs: 1 } }, async (made) => {
      const { pool } = made;
      const base = baseImage.fromFiles({ 'given.txt': 'given' });
      const session = await made.start({ id: 's', base, files: { own: 'mine' } });
      await session.prompt('note 1');
      await parked(pool, 1);
      expect(session.messages()).toHaveLength(4);
      await session.prompt('note 2');
      await parked(pool, 1);
      expect(Object.fromEntries(session.files())).toEqual({
        'given.txt': 'given',
        'note-1': 'text 1',
        'note-2': 'text 2',
        own: 'mine',
      });
      expect(session.status()).toMatchObject({ state: 'idle', turns: 4, changedFiles: 2 });
      expect(pool.session('s')).toBe(session);
      expect(pool.sessionIds()).toEqual(['s']);
      await session.close();
      expect(pool.stats().sessions.parked).toBe(0);
    });
  });

  it('leaves by count, the one used last first, and by bytes', async () => {
    await withStage({ limits: { maxIdleSessions: 2 } }, async (made) => {
      const { pool } = made;
      const sessions = await Promise.all(['a', 'b', 'c'].map((id) => made.start({ id })));
      for (const session of sessions) await session.prompt('note 1');
      await putAway();
      expect(pool.stats().sessions).toMatchObject({ idle: 2, parked: 1 });
      // Looking at it takes it out, and another goes in.
      expect(pool.session('a')?.messages()).toHaveLength(4);
      expect(pool.stats().sessions).toMatchObject({ idle: 2, parked: 1 });
    });
    await withStage({ limits: { maxIdleBytes: 1 } }, async (made) => {
      const { pool } = made;
      for (const id of ['a', 'b']) await (await made.start({ id })).prompt('note 1');
      await putAway();
      expect(pool.stats().sessions).toMatchObject({ idle: 1, parked: 1 });
      expect(pool.stats().idleBytes).toBeGreaterThan(1);
    });
  });

  it('leaves by time', async () => {
    await withStage({ limits: { parkAfterMs: 30 } }, async (made) => {
      const { pool } = made;
      const session = await made.start();
      await session.prompt('note 1');
      await parked(pool, 1);
      expect(await session.prompt('note 2')).toMatchObject({ reply: 'noted 2' });
    });
  });

  it('works the same over a store in memory', async () => {
    const made = await stage(NOTES, { limits: { parkAfterMs: 1 } });
    const session = await made.start();
    await session.prompt('note 1');
    await parked(made.pool, 1);
    await session.prompt('note 2');
    await parked(made.pool, 1);
    expect([...session.files().keys()].sort()).toEqual(['note-1', 'note-2']);
    await made[Symbol.asyncDispose]();
    expect(session.messages()).toHaveLength(8);
  });

  it('and was removed does not come back as the session that has its id by then', async () => {
    await withStage({}, async (made) => {
      const { pool } = made;
      await (await made.start({ id: 's' })).close();
      // Closed, and in the store only.
      const closed = pool.session('s')!;
      await pool.remove('s');
      const other = await made.start({ id: 's' });
      await other.prompt('note 1');
      await expect(closed.prompt('note 2')).rejects.toMatchObject({ code: 'unknown_session' });
      expect(() => closed.status()).toThrow(expect.objectContaining({ code: 'unknown_session' }));
      expect((await other.prompt('note 2')).promptId).toBe('s/2');
    });
  });

  it('never has work: prompts at once on many sessions all end', async () => {
    await withStage({ limits: { maxIdleSessions: 1 }, threads: { max: 2 } }, async (made) => {
      const { pool } = made;
      const sessions = await Promise.all(Array.from({ length: 12 }, () => made.start()));
      const prompts = sessions.flatMap((session) => [session.prompt('note 1'), session.prompt('note 2')]);
      for (const result of await Promise.all(prompts)) expect(result.stopReason).toBe('end');
      await putAway();
      expect(pool.stats().sessions).toMatchObject({ idle: 1, parked: 11 });
      for (const session of sessions)
        expect([...session.files().keys()].sort()).toEqual(['note-1', 'note-2']);
    });
  });
});

describe('a pool that is full', () => {
  it('refuses the next session and takes it when one was closed', async () => {
    await withStage({ limits: { maxSessions: 2 } }, async (made) => {
      const first = await made.start();
      await made.start();
      await expect(made.start()).rejects.toMatchObject({ code: 'pool_full', retryable: true });
      await first.close();
      expect(await made.start()).toBeDefined();
    });
  });
});
