import { describe, expect, it } from 'vitest';
import type { ProviderOptions } from '../../src/model/model.ts';
import { SessionPool } from '../../src/pool/pool.ts';
import {
  event,
  finishEvent,
  startStream,
  textEvent,
  withRawServer,
  type RawServer,
} from '../model/raw-server.ts';

const CALL = { name: 'write', arguments: '{"path":"a.txt","content":"x"}' };

/** A pool with one provider `raw`, and what it is sent. Each answer is one stream; the last one is repeated. */
async function onRaw<Result>(
  provider: ProviderOptions,
  streams: readonly string[],
  use: (pool: SessionPool, server: RawServer) => Promise<Result>,
): Promise<Result> {
  let asked = 0;
  return withRawServer(
    (response) => {
      startStream(response);
      response.end(streams[Math.min(asked++, streams.length - 1)]);
    },
    async (server) => {
      const pool = await SessionPool.open({ providers: { raw: { baseURL: server.baseURL, ...provider } } });
      try {
        return await use(pool, server);
      } finally {
        await pool.close({ deadlineMs: 0 });
      }
    },
  );
}

function bodies({ requests }: RawServer): Record<string, unknown>[] {
  return requests.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
}

const SAID = textEvent('done') + finishEvent() + event('[DONE]');

describe('reasoning that came encrypted by the Responses API', () => {
  const thought = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAA' };
  const call = { type: 'function_call', id: 'fc_1', call_id: 'c1', ...CALL, status: 'completed' };
  const completed = (output: readonly object[]): string =>
    event({ type: 'response.completed', response: { status: 'completed', model: 'm', output } });
  const message = { type: 'message', content: [{ type: 'output_text', text: 'done' }] };
  const streams = [completed([thought, call]), completed([message])];

  it('goes back with the call that it led to, and shows in the session', () =>
    onRaw({ api: 'responses' }, streams, async (pool, server) => {
      const session = await pool.start({ model: 'raw:m' });
      expect(await session.prompt('go')).toMatchObject({ stopReason: 'end', reply: 'done' });
      expect(server.requests.map(({ path }) => path)).toEqual(['/v1/responses', '/v1/responses']);
      const input = bodies(server)[1]?.['input'] as readonly object[];
      const at = input.findIndex((item) => 'type' in item && item.type === 'reasoning');
      expect(input.slice(at)).toEqual([
        thought,
        call,
        { type: 'function_call_output', call_id: 'c1', output: expect.any(String) as string },
      ]);
      const shown = session.messages().find(({ role }) => role === 'assistant');
      expect(shown).toMatchObject({
        reasoning: { from: { provider: 'raw', model: 'm', api: 'responses' }, details: [thought, call] },
      });
    }));

  it('is nothing to another model: a fork to one tells it of the call only', () =>
    onRaw({ api: 'responses' }, streams, async (pool, server) => {
      const session = await pool.start({ model: 'raw:m' });
      await session.prompt('go');
      const fork = await session.fork({ model: 'raw:other' });
      await fork.prompt('and now?');
      const last = server.requests.at(-1)!.body;
      expect(last).not.toContain('gAAA');
      expect(JSON.parse(last)).toMatchObject({ model: 'other' });
      expect(last).toContain(JSON.stringify({ type: 'function_call', call_id: 'c1', ...CALL }));
    }));
});

describe('a provider that wants its reasoning back and its cache marked', () => {
  const chunk = (delta: object): string => event({ choices: [{ index: 0, delta, finish_reason: null }] });
  const called =
    chunk({
      reasoning: 'I ',
      reasoning_details: [{ type: 'reasoning.text', text: 'I ', index: 0, format: 'f' }],
    }) +
    chunk({ reasoning: 'see', reasoning_details: [{ type: 'reasoning.text', text: 'see', index: 0 }] }) +
    chunk({ reasoning_details: [{ type: 'reasoning.text', signature: 'sig', index: 0 }] }) +
    chunk({ tool_calls: [{ index: 0, id: 'c1', function: CALL }] }) +
    finishEvent('tool_calls') +
    event('[DONE]');
  const quirks = { reasoningBack: 'reasoning_details', cacheControl: 'anthropic' } as const;

  it('gets both', () =>
    onRaw({ quirks }, [called, SAID], async (pool, server) => {
      const session = await pool.start({ model: 'raw:m', system: 'be good' });
      await session.prompt('go');
      const [first, second] = bodies(server).map(({ messages }) => messages as readonly object[]);
      const mark = { type: 'ephemeral' };
      const text = expect.stringContaining('be good') as string;
      const system = { role: 'system', content: [{ type: 'text', text, cache_control: mark }] };
      expect(first).toEqual([
        system,
        { role: 'user', content: [{ type: 'text', text: 'go', cache_control: mark }] },
      ]);
      expect(second).toEqual([
        system,
        { role: 'user', content: 'go' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c1', type: 'function', function: CALL }],
          reasoning_details: [
            { type: 'reasoning.text', text: 'I see', index: 0, format: 'f', signature: 'sig' },
          ],
        },
        {
          role: 'tool',
          tool_call_id: 'c1',
          content: [{ type: 'text', text: expect.any(String) as string, cache_control: mark }],
        },
      ]);
    }));
});

describe('sessions that begin alike', () => {
  it.each(['chat', 'responses'] as const)('send the same bytes up to their first message: %s', (api) =>
    onRaw({ api }, [SAID], async (pool, server) => {
      for (const task of ['the first task', 'another task']) {
        const session = await pool.start({
          model: 'raw:m',
          system: 'be good',
          modelOptions: { temperature: 0 },
        });
        await session.prompt(task);
      }
      const [one, other] = server.requests.map(({ body }) => body);
      const parting = one!.indexOf('the first task');
      expect(one!.slice(0, parting)).toBe(other!.slice(0, parting));
      for (const part of ['"temperature":0', '"write"', 'be good']) {
        expect(one!.slice(0, parting)).toContain(part);
      }
    }),
  );
});
