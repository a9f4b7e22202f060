import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ScriptedModelScript } from '../../src/model/scripted/script.ts';
import type { ScriptedModelServer } from '../../src/model/scripted/server.ts';
import { ask, parseStream, send, user, withModel, type TestMessage } from './scripted-client.ts';

interface CachedUsage {
  readonly prompt_tokens: number;
  readonly prompt_tokens_details?: { readonly cached_tokens: number; readonly cache_write_tokens?: number };
  readonly cost?: number;
}

const WITH_USAGE = { stream_options: { include_usage: true } };
const SYSTEM = { role: 'system', content: 'Be brief. '.repeat(600) };
const CACHE: ScriptedModelScript = { cache: {}, rules: [{ answer: { text: 'yes' } }] };

async function usageOf(
  server: ScriptedModelServer,
  messages: readonly TestMessage[],
  body: object = {},
): Promise<CachedUsage> {
  const answered = await ask(server, messages, { ...WITH_USAGE, ...body });
  return parseStream(answered.body).usage as unknown as CachedUsage;
}

async function cachedOf(...given: Parameters<typeof usageOf>): Promise<number | undefined> {
  return (await usageOf(...given)).prompt_tokens_details?.cached_tokens;
}

describe('a prompt cache', () => {
  it('knows the longest beginning that was asked before, in whole blocks', () =>
    withModel(CACHE, async (server) => {
      expect(await cachedOf(server, [SYSTEM, user('one')])).toBe(0);
      // 1,500 tokens and a little: the twelfth block has the question in it.
      expect(await cachedOf(server, [SYSTEM, user('two')])).toBe(11 * 128);
    }));

  it('grows with the conversation', () =>
    withModel({ ...CACHE, cache: { minTokens: 0, blockTokens: 8 } }, async (server) => {
      const turns = [SYSTEM, user('a '.repeat(100)), user('b '.repeat(100)), user('c '.repeat(100))];
      const cached = [];
      for (const count of [1, 2, 3, 4]) cached.push(await cachedOf(server, turns.slice(0, count)));
      expect(cached[0]).toBe(0);
      expect(cached).toEqual([...cached].sort((a, b) => a! - b!));
      expect(new Set(cached).size).toBe(4);
      expect(await cachedOf(server, turns)).toBeGreaterThan(cached[3]!);
    }));

  it.each([
    ['the first byte', [{ ...SYSTEM, content: `X${SYSTEM.content.slice(1)}` }], {}],
    ['the tools', [SYSTEM], { tools: [{ type: 'function', function: { name: 'read' } }] }],
    ['the model', [SYSTEM], { model: 'other' }],
  ])('knows nothing again when %s is another', (_, messages, body) =>
    withModel(CACHE, async (server) => {
      await usageOf(server, [SYSTEM]);
      expect(await cachedOf(server, messages, body)).toBe(0);
    }),
  );

  it('holds nothing that is shorter than the least', () =>
    withModel(CACHE, async (server) => {
      const short = [user('x'.repeat(4 * 1023 - 100))];
      await usageOf(server, short);
      expect(await cachedOf(server, short)).toBe(0);
    }));

  it('can be read once the answer to who wrote it begins: of those who ask together, all miss', () =>
    withModel({ ...CACHE, delay: { firstMs: 100 } }, async (server) => {
      const together = await Promise.all(
        ['a', 'b', 'c'].map((text) => cachedOf(server, [SYSTEM, user(text)])),
      );
      expect(together).toEqual([0, 0, 0]);
      expect(await cachedOf(server, [SYSTEM, user('d')])).toBeGreaterThan(0);
    }));

  it('forgets what was not used for its time', () =>
    withModel({ ...CACHE, cache: { ttlMs: 20 } }, async (server) => {
      await usageOf(server, [SYSTEM]);
      await delay(30);
      expect(await cachedOf(server, [SYSTEM])).toBe(0);
    }));

  it('says nothing of itself where the script has none', () =>
    withModel({ rules: CACHE.rules }, async (server) => {
      expect(await usageOf(server, [SYSTEM])).not.toHaveProperty('prompt_tokens_details');
    }));

  it('is told in the usage of the Responses API, and shared with Chat Completions', () =>
    withModel(CACHE, async (server) => {
      await usageOf(server, [SYSTEM, user('x')]);
      const body = { model: 'm', instructions: SYSTEM.content, input: 'y' };
      const answered = await send(server, 'POST', '/v1/responses', JSON.stringify(body));
      expect(JSON.parse(answered.body)).toMatchObject({
        usage: { input_tokens_details: { cached_tokens: 11 * 128, cache_write_tokens: 0 } },
      });
    }));

  it('counts what it saved', () =>
    withModel(CACHE, async (server) => {
      await usageOf(server, [SYSTEM]);
      const cached = await cachedOf(server, [SYSTEM]);
      expect(server.stats.cachedTokens).toBe(cached);
    }));
});

describe('a prompt cache that is told what to keep', () => {
  const explicit = { ...CACHE, cache: { minTokens: 100, explicit: true } };
  const part = (text: string, marked: boolean): object => ({
    type: 'text',
    text,
    ...(marked ? { cache_control: { type: 'ephemeral' } } : {}),
  });
  const system = (marked: boolean): TestMessage => ({
    role: 'system',
    content: [part(SYSTEM.content, marked)],
  });

  it('keeps nothing without a mark', () =>
    withModel(explicit, async (server) => {
      for (const cached of [0, 0]) {
        expect((await usageOf(server, [SYSTEM])).prompt_tokens_details).toEqual({
          cached_tokens: cached,
          cache_write_tokens: 0,
        });
      }
    }));

  it('writes up to the last mark, reads what was written up to a mark, and says both', () =>
    withModel(explicit, async (server) => {
      const question = 'why? '.repeat(100);
      const first = (await usageOf(server, [system(true), user('x')])).prompt_tokens_details!;
      expect(first.cached_tokens).toBe(0);
      const longer = [system(true), { role: 'user', content: [part(question, true)] }];
      const second = (await usageOf(server, longer)).prompt_tokens_details!;
      expect(second.cached_tokens).toBe(first.cache_write_tokens);
      expect(second.cache_write_tokens).toBeGreaterThanOrEqual(question.length / 4);
    }));

  it('knows a text again whose mark has moved on', () =>
    withModel(explicit, async (server) => {
      const { cache_write_tokens: written } = (await usageOf(server, [system(true)])).prompt_tokens_details!;
      const marked = { role: 'user', content: [part('next', true)] };
      expect(await cachedOf(server, [system(false), marked])).toBe(written);
      expect(await cachedOf(server, [SYSTEM, marked])).toBeGreaterThan(written!);
    }));
});

describe('prices', () => {
  it('make the usage tell what an answer cost, cached input for less', () =>
    withModel(
      {
        cache: {},
        prices: { input: 2, output: 10, cachedInput: 0.5 },
        rules: [{ answer: { text: 'x', usage: { input: 2000, output: 100 } } }],
      },
      async (server) => {
        expect((await usageOf(server, [SYSTEM])).cost).toBeCloseTo((2000 * 2 + 100 * 10) / 1e6, 12);
        const { cost, prompt_tokens_details: details } = await usageOf(server, [SYSTEM]);
        const cached = details!.cached_tokens;
        expect(cost).toBeCloseTo(((2000 - cached) * 2 + cached * 0.5 + 100 * 10) / 1e6, 12);
      },
    ));
});
