import { describe, expect, it } from 'vitest';
import type { ScriptedRule } from '../../src/model/scripted/script.ts';
import type { SessionEvent } from '../../src/pool/events.ts';
import { collect, onStage, outline } from './support.ts';

const FINE: ScriptedRule = { answer: { text: 'fine' } };
const SLOW: ScriptedRule = { answer: { text: 'fine', delay: { firstMs: 100 } } };

describe('the gate of a pool', () => {
  it('lets no more requests of a key and model through at once than its options say', async () => {
    const limits = { maxInFlight: 2 };
    await onStage([SLOW], {}, async (made) => {
      const providers = { narrow: { baseURL: made.baseURL, limits } };
      await onStage([], { providers }, async ({ pool }) => {
        const sessions = await Promise.all(
          Array.from({ length: 8 }, () => pool.start({ model: 'narrow:m', tools: [] })),
        );
        const streams = sessions.map((session) => collect(session.stream('go')));
        let most = 0;
        const watch = setInterval(() => {
          most = Math.max(most, pool.stats().gate[0]?.inFlight ?? 0);
        }, 5);
        const all = await Promise.all(streams);
        clearInterval(watch);
        expect(most).toBe(2);
        expect(all.map((events) => events.at(-1))).toMatchObject(
          all.map(() => ({ result: { stopReason: 'end' } })),
        );
        const waits = all.flat().filter((event) => event.type === 'gate-waiting');
        expect(waits).toHaveLength(6);
        expect(waits[0]).toMatchObject({ reason: 'in-flight', model: 'narrow:m', turn: 1 });
        expect(pool.stats().gate).toMatchObject([
          {
            provider: 'narrow',
            model: 'm',
            inFlight: 0,
            maxInFlight: 2,
            requests: 8,
            rateLimited: 0,
            longestWait: null,
          },
        ]);
      });
    });
  });

  it('has all sessions wait for a Retry-After that one of them got', async () => {
    const rules: ScriptedRule[] = [{ times: 1, fault: { status: 429, retryAfter: 2 } }, FINE];
    await onStage(rules, {}, async (made) => {
      const first = await made.start();
      const other = await made.start();
      let events: SessionEvent[] = [];
      for await (const event of first.stream('go')) {
        if (event.type === 'model-retried') {
          expect(made.pool.stats().gate[0]).toMatchObject({ rateLimited: 1 });
          expect(made.pool.stats().gate[0]?.pausedForMs).toBeGreaterThan(0);
          events = await collect(other.stream('go'));
        }
      }
      expect(outline(events)).toContain('gate-waiting paused');
      expect(made.requestCount()).toBe(3);
    });
  });

  it('refuses everybody at once while a provider wants a day, and says until when', async () => {
    await onStage([{ fault: { status: 429, retryAfter: 86_400 } }], {}, async (made) => {
      const sessions = await Promise.all(Array.from({ length: 4 }, () => made.start()));
      const results = [];
      for (const session of sessions) results.push(await session.prompt('go'));
      for (const { stopReason, error } of results) {
        expect(stopReason).toBe('model-error');
        expect(error?.kind).toBe('rate-limited');
        expect(error?.message).toContain('rate limited until 20');
      }
      expect(made.requestCount()).toBe(1);
    });
  });

  it('is left at once by a prompt that is cancelled', async () => {
    await onStage([{ fault: { status: 429, retryAfter: 50 } }], {}, async (made) => {
      const session = await made.start();
      for await (const event of session.stream('go')) {
        if (event.type === 'gate-waiting') void session.cancel();
        if (event.type === 'prompt-ended') expect(event.result.stopReason).toBe('cancelled');
      }
      expect(made.pool.stats().gate[0]?.waiting).toEqual({ interactive: 0, batch: 0 });
    });
  });

  it('is waited at for as long as the options say, and then the prompt says what for', async () => {
    const models = { maxWaitMs: 500 };
    const rules: ScriptedRule[] = [{ times: 1, ...FINE }, { fault: { status: 429, retryAfter: 50 } }];
    await onStage(rules, { models }, async (made) => {
      const session = await made.start();
      await session.prompt('warm up');
      const { stopReason, error } = await session.prompt('go');
      expect(stopReason).toBe('model-error');
      expect(error?.message).toMatch(
        /gave up after \d(?:\.\d)? s of waiting for the pause that the provider asked for/,
      );
    });
  });

  it('waits for a provider that fails after it has worked, without using up attempts', async () => {
    const rules: ScriptedRule[] = [
      { match: { user: 'before' }, ...FINE },
      { times: 7, fault: { status: 500 } },
      FINE,
    ];
    await onStage(rules, { models: { maxAttempts: 2 } }, async (made) => {
      await (await made.start()).prompt('before');
      const sessions = await Promise.all(Array.from({ length: 8 }, () => made.start()));
      const results = await Promise.all(sessions.map((session) => session.prompt('go')));
      expect(results.map(({ stopReason }) => stopReason)).toEqual(results.map(() => 'end'));
    });
  });

  it('sends one of many that begin alike ahead', async () => {
    const system = 'The same long beginning. '.repeat(400);
    const rules: ScriptedRule[] = [{ answer: { text: 'fine', delay: { firstMs: 50 } } }];
    await onStage(rules, {}, async (made) => {
      const sessions = await Promise.all(Array.from({ length: 5 }, () => made.start({ system })));
      const all = await Promise.all(sessions.map((session) => collect(session.stream('go'))));
      const warming = all
        .flat()
        .filter((event) => event.type === 'gate-waiting' && event.reason === 'warming');
      expect(warming).toHaveLength(4);
    });
  });

  it('lets a prompt that somebody waits for pass a batch', async () => {
    await onStage([SLOW], {}, async (made) => {
      const providers = { narrow: { baseURL: made.baseURL, limits: { maxInFlight: 1 } } };
      await onStage([], { providers }, async ({ pool }) => {
        const batch = await Promise.all(
          Array.from({ length: 6 }, () => pool.start({ model: 'narrow:m', priority: 'batch' })),
        );
        const ended: string[] = [];
        const prompts = batch.map((session) => session.prompt('go').then(() => ended.push('batch')));
        while ((pool.stats().gate[0]?.waiting.batch ?? 0) < 5)
          await new Promise((resolve) => setTimeout(resolve, 2));
        const person = await pool.start({ model: 'narrow:m', priority: 'batch' });
        prompts.push(person.prompt('go', { priority: 'interactive' }).then(() => ended.push('person')));
        await Promise.all(prompts);
        expect(ended.indexOf('person')).toBeLessThanOrEqual(2);
      });
    });
  });
});

describe('a stream that only pings', () => {
  it('is noticed by its idle deadline and made again, and the prompt completes', async () => {
    const rules: ScriptedRule[] = [{ times: 1, answer: { text: 'never' }, fault: { pingOnly: true } }, FINE];
    await onStage(rules, { models: { idleTimeoutMs: 200 } }, async (made) => {
      const session = await made.start();
      const events = await collect(session.stream('go'));
      expect(outline(events)).toEqual([
        'prompt-started',
        'model-retried timeout',
        'text fine',
        'turn-ended',
        'prompt-ended end',
      ]);
      const retried = events.find((event) => event.type === 'model-retried');
      expect(retried?.message).toContain('no content within 200 ms (idle deadline)');
    });
  });
});
