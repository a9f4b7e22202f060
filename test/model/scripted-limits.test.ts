import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { makeAllowance } from '../../src/model/scripted/allowance.ts';
import type { ScriptedLimits, ScriptedModelScript } from '../../src/model/scripted/script.ts';
import { seededRandom } from '../../src/model/scripted/seeded.ts';
import type { ScriptedModelServer } from '../../src/model/scripted/server.ts';
import { goDuration } from '../../src/model/scripted/tell-limits.ts';
import { ask, withModel, type Answered } from './scripted-client.ts';

const WINDOWS = ['sliding', 'fixed', 'bucket'] as const;

describe('an allowance of 3 in 60 ms', () => {
  /** What was taken at which time, whether it fits or not. */
  const after = (
    window: (typeof WINDOWS)[number],
    ...taken: readonly (readonly [atMs: number, amount: number])[]
  ): ReturnType<typeof makeAllowance> => {
    const allowance = makeAllowance(window, 3, 60, 0);
    for (const [atMs, amount] of taken) allowance.take(amount, atMs);
    return allowance;
  };

  it('that slides gives back what is a minute old', () => {
    const allowance = after('sliding', [10, 1], [20, 1], [40, 1]);
    expect([allowance.waitMs(1, 40), allowance.waitMs(2, 40), allowance.resetMs(40)]).toEqual([30, 40, 60]);
    expect([allowance.waitMs(1, 69), allowance.waitMs(1, 70), allowance.remaining(70)]).toEqual([1, 0, 1]);
    expect([allowance.resetMs(99), allowance.remaining(100), allowance.resetMs(100)]).toEqual([1, 3, 0]);
  });

  it('that is fixed begins anew at each minute, whenever it was used', () => {
    const allowance = after('fixed', [50, 3]);
    expect([allowance.waitMs(1, 50), allowance.resetMs(50)]).toEqual([10, 10]);
    expect([allowance.waitMs(3, 60), allowance.resetMs(60), allowance.remaining(60)]).toEqual([0, 0, 3]);
    allowance.take(2, 190);
    expect([allowance.remaining(190), allowance.resetMs(190)]).toEqual([1, 50]);
  });

  it('that is a bucket fills evenly, and never over', () => {
    const allowance = after('bucket', [30, 3]);
    expect([allowance.waitMs(1, 30), allowance.resetMs(30), allowance.remaining(40)]).toEqual([20, 60, 0.5]);
    expect([allowance.waitMs(1, 50), allowance.remaining(1000)]).toEqual([0, 3]);
  });

  it.each(WINDOWS)('that is %s never has room for more than it is, and says so', (window) => {
    expect(after(window).waitMs(4, 0)).toBe(Infinity);
  });

  it.each(WINDOWS)('that is %s takes back what was too much', (window) => {
    const allowance = after(window, [0, 3], [0, -2]);
    expect([allowance.remaining(0), allowance.waitMs(2, 0)]).toEqual([2, 0]);
  });

  it.each([
    ['sliding', 3],
    ['fixed', 6],
    ['bucket', 6],
  ] as const)('that is %s lets at most %i through in any 60 ms, and its waits are exact', (window, most) => {
    const random = seededRandom(7);
    const allowance = makeAllowance(window, 3, 60, 0);
    const admitted: number[] = [];
    for (let now = 0; now < 3000; now += Math.floor(random() * 8)) {
      const waitMs = allowance.waitMs(1, now);
      if (waitMs > 0 && random() < 0.5) continue;
      now += waitMs;
      expect(allowance.waitMs(1, now)).toBeCloseTo(0, 9);
      allowance.take(1, now);
      admitted.push(now);
    }
    const inMinute = admitted.map((start) => admitted.filter((at) => at >= start && at < start + 60).length);
    expect(Math.max(...inMinute)).toBeLessThanOrEqual(most);
    expect(admitted.length).toBeGreaterThan(100);
  });
});

it.each([
  [0, '0ms'],
  [12.2, '13ms'],
  [1000, '1s'],
  [1250, '1.25s'],
  [360_000, '6m0s'],
  [3_661_500, '1h1m1.5s'],
])('writes %d ms as Go does: %s', (ms, text) => {
  expect(goDuration(ms)).toBe(text);
});

function limited(limits: ScriptedLimits, more: Partial<ScriptedModelScript> = {}): ScriptedModelScript {
  return { limits, rules: [{ answer: { text: 'yes', usage: { input: 90, output: 10 } } }], ...more };
}

async function askTimes(server: ScriptedModelServer, times: number, prompt = 'hi'): Promise<Answered[]> {
  const answers: Answered[] = [];
  for (let i = 0; i < times; i++) answers.push(await ask(server, prompt));
  return answers;
}

describe('a server with limits', () => {
  it.each(WINDOWS)('refuses what is over its requests a minute (%s), and counts it', (window) =>
    withModel(limited({ requestsPerMinute: 3, window }), async (server) => {
      const answers = await askTimes(server, 5);
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429]);
      expect(JSON.parse(answers[3]!.body)).toMatchObject({
        error: {
          code: 'rate_limit_exceeded',
          type: 'requests',
          message: expect.stringContaining('Limit 3, Used 3, Requested 1. Please try again in ') as string,
        },
      });
      expect(server.stats).toMatchObject({
        requests: 5,
        admitted: 3,
        rateLimited: 2,
        refusedFor: { requests: 2, tokens: 0, concurrent: 0 },
        tokens: 300,
        minutes: [{ requests: 5, admitted: 3 }],
      });
    }),
  );

  it('answers again after the wait that it named', () =>
    withModel(limited({ requestsPerMinute: 2, minuteMs: 1500 }), async (server) => {
      const refused = (await askTimes(server, 3))[2]!;
      expect(refused.status).toBe(429);
      expect(refused.headers['retry-after']).toBeUndefined();
      await delay(Number(refused.headers['retry-after-ms']) + 1);
      expect((await ask(server, 'hi')).status).toBe(200);
    }));

  it('tells its waits in minutes of 60 seconds to a client whose clock runs as fast as its own', () =>
    withModel(limited({ requestsPerMinute: 1, minuteMs: 10_000, tellFullMinutes: true }), async (server) => {
      const { headers, body } = (await askTimes(server, 2))[1]!;
      expect(Number(headers['retry-after'])).toBeGreaterThan(10);
      expect(Number(headers['retry-after'])).toBeLessThanOrEqual(60);
      expect(headers['x-ratelimit-reset-requests']).toMatch(/^(?:1m0s|[1-5]\d(?:\.\d+)?s)$/);
      expect(body).not.toContain('ms.');
    }));

  it('counts tokens: those of the usage, whatever the request seemed to have', () =>
    withModel(limited({ tokensPerMinute: 250 }), async (server) => {
      const answers = await askTimes(server, 4);
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
      expect(answers[1]!.headers['x-ratelimit-remaining-tokens']).toBe('50');
      expect(JSON.parse(answers[3]!.body)).toMatchObject({ error: { type: 'tokens' } });
      expect(server.stats.refusedFor.tokens).toBe(1);
    }));

  it('names no wait for a request that is larger than the limit', () =>
    withModel(limited({ tokensPerMinute: 50 }), async (server) => {
      const { status, headers, body } = await ask(server, 'long '.repeat(100));
      expect([status, headers['retry-after']]).toEqual([429, undefined]);
      expect(body).toContain('Request too large');
    }));

  it('has so many open at once, until they are answered or given up', () =>
    withModel(
      limited(
        { concurrent: 1 },
        { rules: [{ match: { user: 'slow' }, fault: { stall: 50 } }, { answer: { text: 'yes' } }] },
      ),
      async (server) => {
        let hangUp: (() => void) | undefined;
        const held = new Promise<void>((resolve) => {
          hangUp = resolve;
        });
        const slow = fetch(`${server.baseURL}/chat/completions`, {
          method: 'POST',
          body: JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: 'slow' }] }),
        });
        const opened = await slow;
        void held.then(() => opened.body?.cancel());
        const refused = await ask(server, 'hi');
        expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1']);
        hangUp!();
        let status = 429;
        while (status === 429) ({ status } = await ask(server, 'hi'));
        expect(status).toBe(200);
        expect(server.stats.maxOpen).toBe(1);
        expect(server.stats.refusedFor.concurrent).toBeGreaterThan(0);
      },
    ));

  it('can keep to itself how long to wait', () =>
    withModel(limited({ requestsPerMinute: 1, retryAfter: false, headers: 'none' }), async (server) => {
      const refused = (await askTimes(server, 2))[1]!;
      expect(refused.status).toBe(429);
      const told = Object.keys(refused.headers).filter((name) => /retry|ratelimit/.test(name));
      expect(told).toEqual([]);
    }));

  it('gives each model of a key an allowance of its own, or each key one for all models', async () => {
    const statuses = (by: 'model' | 'key'): Promise<number[]> =>
      withModel(limited({ requestsPerMinute: 1, by }), async (server) => {
        const seen: number[] = [];
        for (const [key, model] of [
          ['k1', 'a'],
          ['k1', 'b'],
          ['k2', 'a'],
          ['k1', 'a'],
        ] as const) {
          const headers = { authorization: `Bearer ${key}` };
          seen.push((await ask(server, 'hi', { model }, { headers })).status);
        }
        return seen;
      });
    expect(await statuses('model')).toEqual([200, 200, 200, 429]);
    expect(await statuses('key')).toEqual([200, 429, 200, 429]);
  });

  it('counts each conversation by what it began with', () =>
    withModel(limited({ requestsPerMinute: 3 }), async (server) => {
      await askTimes(server, 2, 'one');
      await askTimes(server, 2, 'two');
      expect([...server.stats.conversations]).toMatchObject([
        ['one', { requests: 2, admitted: 2, rateLimited: 0, tokens: 200 }],
        ['two', { requests: 2, admitted: 1, rateLimited: 1, tokens: 100 }],
      ]);
    }));

  it('counts minutes of its own length from the first request on', () =>
    withModel(limited({ minuteMs: 50 }), async (server) => {
      await ask(server, 'hi');
      await delay(60);
      await ask(server, 'hi');
      const { minutes } = server.stats;
      expect(minutes[0]!.requests).toBe(1);
      expect(minutes.length).toBeGreaterThan(1);
      expect(minutes.at(-1)!.requests).toBe(1);
    }));
});

describe('what a server tells of its limits', () => {
  const told = async (headers: ScriptedLimits['headers'], status: number): Promise<Answered['headers']> =>
    withModel(limited({ requestsPerMinute: 1, tokensPerMinute: 1000, headers: headers! }), async (server) => {
      const answers = await askTimes(server, 2);
      return answers.find((answer) => answer.status === status)!.headers;
    });

  it('is as from OpenAI: limit, remaining and a Go duration, in every answer', async () => {
    for (const status of [200, 429]) {
      expect(await told('openai', status)).toMatchObject({
        'x-ratelimit-limit-requests': '1',
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-requests': expect.stringMatching(/^(?:1m0s|[\d.]+s)$/) as string,
        'x-ratelimit-limit-tokens': '1000',
        'x-ratelimit-remaining-tokens': '900',
      });
    }
    expect((await told('openai', 429))['retry-after']).toMatch(/^(?:60|59)$/);
  });

  it('is as from Anthropic: a time by RFC 3339, in every answer', async () => {
    const headers = await told('anthropic', 200);
    expect(headers).toMatchObject({
      'anthropic-ratelimit-requests-limit': '1',
      'anthropic-ratelimit-requests-remaining': '0',
      'anthropic-ratelimit-tokens-remaining': '900',
    });
    const reset = Date.parse(headers['anthropic-ratelimit-requests-reset'] as string);
    expect(reset).toBeGreaterThan(Date.now());
  });

  it('is as from OpenRouter: in milliseconds since 1970, and only for who was refused', async () => {
    expect(Object.keys(await told('openrouter', 200)).join()).not.toContain('ratelimit');
    const headers = await told('openrouter', 429);
    expect(headers).toMatchObject({ 'x-ratelimit-limit': '1', 'x-ratelimit-remaining': '0' });
    expect(Number(headers['x-ratelimit-reset'])).toBeGreaterThan(Date.now());
  });
});
