import { describe, expect, it } from 'vitest';
import type { ScriptedModelServer } from '../../src/model/scripted/server.ts';
import { ask, parseStream, send, stream, user, withModel, type Answered } from './scripted-client.ts';

const CHAT_FORMAT = {
  response_format: { type: 'json_schema', json_schema: { name: 'verdict', schema: { type: 'object' } } },
};
const TEXT_FORMAT = {
  text: { format: { type: 'json_schema', name: 'verdict', schema: { type: 'object' } } },
};

function askResponses(server: ScriptedModelServer, input: unknown, body: object = {}): Promise<Answered> {
  return send(server, 'POST', '/v1/responses', JSON.stringify({ model: 'm', input, ...body }));
}

describe('a prompt with images', () => {
  const rules = [
    { match: { images: 2 }, answer: { text: 'two: {{user}}' } },
    { match: { images: 0 }, answer: { text: 'none' } },
  ];
  const url = 'data:image/png;base64,AAAA';

  it('is its text, and so many images of the last user message', () =>
    withModel(rules, async (server) => {
      const parts = [
        { type: 'text', text: 'compare ' },
        { type: 'image_url', image_url: { url } },
        { type: 'image_url', image_url: { url } },
        { type: 'text', text: 'these' },
      ];
      expect((await stream(server, [user(parts)])).text).toBe('two: compare these');
      expect((await stream(server, [user(parts), user('and now?')])).text).toBe('none');
      expect((await ask(server, [user(parts.slice(1, 2))])).status).toBe(400);
    }));

  it('is the same in the Responses API', () =>
    withModel(rules, async (server) => {
      const content = [
        { type: 'input_image', image_url: url },
        { type: 'input_text', text: 'compare' },
        { type: 'input_image', image_url: url },
      ];
      const { body } = await askResponses(server, [{ role: 'user', content }]);
      expect(JSON.parse(body)).toMatchObject({ output: [{ content: [{ text: 'two: compare' }] }] });
    }));
});

describe('a request for an answer by a schema', () => {
  it.each([
    ['named', 'verdict', [200, 400]],
    ['any', true, [200, 400]],
    ['none', false, [400, 200]],
    ['of another name', 'other', [400, 400]],
  ])('is matched: %s', (_, schema, statuses) =>
    withModel([{ match: { schema }, answer: { text: '{}' } }], async (server) => {
      const chat = [(await ask(server, 'hi', CHAT_FORMAT)).status, (await ask(server, 'hi')).status];
      const responses = [
        (await askResponses(server, 'hi', TEXT_FORMAT)).status,
        (await askResponses(server, 'hi')).status,
      ];
      expect([chat, responses]).toEqual([statuses, statuses]);
    }),
  );

  it('is refused where the script says so, naming what was refused; without a schema it is answered', () =>
    withModel([{ answer: { text: '{}' }, fault: { refuseSchema: true } }], async (server) => {
      const { status, body } = await ask(server, 'hi', CHAT_FORMAT);
      expect(status).toBe(400);
      expect(JSON.parse(body)).toMatchObject({
        error: {
          type: 'invalid_request_error',
          param: 'response_format',
          message: expect.stringContaining("response_format 'verdict'") as string,
        },
      });
      expect((await askResponses(server, 'hi', TEXT_FORMAT)).body).toContain("text.format 'verdict'");
      expect(parseStream((await ask(server, 'hi')).body).text).toBe('{}');
    }));

  it('shows its schema to an answer that is a function', () =>
    withModel(
      [{ answer: ({ schema }) => ({ text: JSON.stringify(schema?.definition) }) }],
      async (server) => {
        expect((await stream(server, 'hi', CHAT_FORMAT)).text).toBe('{"type":"object"}');
      },
    ));
});

describe('usage that the script gives', () => {
  it('is told with its details', () =>
    withModel(
      [
        {
          answer: {
            text: 'x',
            usage: { input: 100, output: 20, reasoning: 8, cached: 64, cacheWrite: 4, cost: 0.5 },
          },
        },
      ],
      async (server) => {
        const { usage } = await stream(server, 'hi', { stream_options: { include_usage: true } });
        expect(usage).toEqual({
          prompt_tokens: 100,
          completion_tokens: 20,
          total_tokens: 120,
          prompt_tokens_details: { cached_tokens: 64, cache_write_tokens: 4 },
          completion_tokens_details: { reasoning_tokens: 8 },
          cost: 0.5,
        });
      },
    ));

  it('can be none, whoever asks', () =>
    withModel([{ answer: { text: 'x', usage: 'none' } }], async (server) => {
      expect((await stream(server, 'hi', { stream_options: { include_usage: true } })).usage).toBeUndefined();
      const { body } = await ask(server, 'hi', { stream: false });
      expect(JSON.parse(body)).not.toHaveProperty('usage');
    }));
});
