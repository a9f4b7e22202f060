import { describe, expect, it } from 'vitest';
import type { ScriptedFault, ScriptedRule } from '../../src/model/scripted/script.ts';
import type { ScriptedModelServer } from '../../src/model/scripted/server.ts';
import { calling, send, stream, toolResult, user, withModel, type Answered } from './scripted-client.ts';

interface Event {
  readonly type: string;
  readonly sequence_number: number;
  readonly output_index?: number;
  readonly delta?: string;
  readonly item?: Readonly<Record<string, unknown>>;
  readonly response?: Readonly<Record<string, unknown>>;
}

type Input = string | readonly object[];

function ask(server: ScriptedModelServer, input: Input, body: object = {}): Promise<Answered> {
  const whole = { model: 'm', stream: true, store: false, input, ...body };
  return send(server, 'POST', '/v1/responses', JSON.stringify(whole));
}

function eventsIn(body: string): Event[] {
  return body
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => {
      const [, name, data] = /^event: (.+)\ndata: (.+)$/.exec(event)!;
      const parsed = JSON.parse(data!) as Event;
      expect(parsed.type).toBe(name);
      return parsed;
    });
}

async function events(server: ScriptedModelServer, input: Input, body: object = {}): Promise<Event[]> {
  const answered = await ask(server, input, body);
  expect([answered.status, answered.end]).toEqual([200, 'whole']);
  return eventsIn(answered.body);
}

/** The text that a rule with `answer` says, whichever way it is found. */
async function textOf(rules: readonly ScriptedRule[], input: Input, body: object = {}): Promise<string> {
  return withModel(rules, async (server) => {
    const { body: text } = await ask(server, input, { ...body, stream: false });
    const { output } = JSON.parse(text) as { output: { content?: { text: string }[] }[] };
    return output.map(({ content }) => content?.[0]?.text ?? '').join('');
  });
}

const RULES = [
  {
    answer: {
      reasoning: 'let me see',
      text: 'one two',
      calls: [
        { name: 'list', arguments: { path: '.' } },
        { name: 'read', arguments: {} },
      ],
      usage: { input: 100, output: 20, reasoning: 8, cached: 64, cacheWrite: 12, cost: 0.25 },
    },
  },
];
const ENCRYPTED = { include: ['reasoning.encrypted_content'] };

describe('a stream of the Responses API', () => {
  it('has reasoning, a message and calls, each opened, said in deltas and closed, numbered from 0', () =>
    withModel(RULES, async (server) => {
      const all = await events(server, 'hi');
      const item = (...names: string[]): string[] => ['output_item.added', ...names, 'output_item.done'];
      expect(all.map(({ type }) => type.replace('response.', ''))).toEqual([
        'created',
        'in_progress',
        ...item(
          'reasoning_summary_part.added',
          ...Array.from({ length: 3 }, () => 'reasoning_summary_text.delta'),
          'reasoning_summary_text.done',
          'reasoning_summary_part.done',
        ),
        ...item(
          'content_part.added',
          ...Array.from({ length: 2 }, () => 'output_text.delta'),
          'output_text.done',
          'content_part.done',
        ),
        ...['list', 'read'].flatMap(() =>
          item(
            ...Array.from({ length: 2 }, () => 'function_call_arguments.delta'),
            'function_call_arguments.done',
          ),
        ),
        'completed',
      ]);
      expect(all.map((event) => event.sequence_number)).toEqual(all.map((_, i) => i));
    }));

  it('ends with the whole response: the items as they were closed, and the usage', () =>
    withModel(RULES, async (server) => {
      const all = await events(server, 'hi', ENCRYPTED);
      const { response } = all.at(-1)!;
      const closed = all.filter(({ type }) => type === 'response.output_item.done');
      expect(response).toMatchObject({
        status: 'completed',
        model: 'm',
        output: closed.map(({ item }) => item),
      });
      expect(response!['output']).toMatchObject([
        { type: 'reasoning', summary: [{ text: 'let me see' }] },
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'one two' }] },
        { type: 'function_call', name: 'list', arguments: '{"path":"."}', status: 'completed' },
        { type: 'function_call', name: 'read', arguments: '{}' },
      ]);
      expect(response!['usage']).toEqual({
        input_tokens: 100,
        input_tokens_details: { cached_tokens: 64, cache_write_tokens: 12 },
        output_tokens: 20,
        output_tokens_details: { reasoning_tokens: 8 },
        total_tokens: 120,
        cost: 0.25,
      });
    }));

  it('says the same in its deltas as in its items, and in one body without stream', () =>
    withModel(RULES, async (server) => {
      const all = await events(server, 'hi', ENCRYPTED);
      const said = (type: string, index: number): string =>
        all
          .filter((event) => event.type === type && event.output_index === index)
          .map(({ delta }) => delta)
          .join('');
      expect(said('response.reasoning_summary_text.delta', 0)).toBe('let me see');
      expect(said('response.output_text.delta', 1)).toBe('one two');
      expect(said('response.function_call_arguments.delta', 2)).toBe('{"path":"."}');
      const { body } = await ask(server, 'hi', { ...ENCRYPTED, stream: false });
      expect(JSON.parse(body)).toEqual(all.at(-1)!.response);
    }));

  it('has the same events whether it waits between them or not', async () => {
    const [rule] = RULES;
    const slow = [{ answer: { ...rule!.answer, delay: { firstMs: 3, betweenMs: 2, jitter: 0.5 } } }];
    const atOnce = await withModel(RULES, (server) => events(server, 'hi'));
    expect(await withModel(slow, (server) => events(server, 'hi'))).toEqual(atOnce);
  });

  it.each([
    ['length', 'max_output_tokens'],
    ['content_filter', 'content_filter'],
  ])('is incomplete with the finish reason %s', (finish, reason) =>
    withModel([{ answer: { text: 'half', finish } }], async (server) => {
      expect((await events(server, 'hi')).at(-1)).toMatchObject({
        type: 'response.incomplete',
        response: { status: 'incomplete', incomplete_details: { reason } },
      });
    }),
  );

  it('tells no usage where the script says none', () =>
    withModel([{ answer: { text: 'x', usage: 'none' } }], async (server) => {
      expect((await events(server, 'hi')).at(-1)!.response!['usage']).toBeNull();
    }));
});

describe('a request of the Responses API', () => {
  const said = (type: string): object => ({
    type: 'message',
    role: 'assistant',
    content: [{ type: 'output_text', text: type }],
  });
  const call = (id: string, name: string): object => ({
    type: 'function_call',
    id: `fc_${id}`,
    call_id: id,
    name,
    arguments: '{"path":"."}',
  });
  const output = (id: string, text: unknown): object => ({
    type: 'function_call_output',
    call_id: id,
    output: text,
  });
  const prompt = { role: 'user', content: [{ type: 'input_text', text: 'please' }] };

  it('is answered by the same rule as the same conversation in Chat Completions', () =>
    withModel(
      [
        {
          match: { tool: 'read', turn: 2, user: 'please', system: 'be brief', last: '^(?<what>.*)$' },
          answer: { text: 'got {{what}}' },
        },
      ],
      async (server) => {
        const chat = await stream(server, [
          { role: 'system', content: 'be brief' },
          user('please'),
          calling(['a', 'list', {}], ['b', 'list', {}]),
          toolResult('a', 'x'),
          toolResult('b', 'y'),
          calling(['c', 'read', {}]),
          toolResult('c', 'the end'),
        ]);
        const { body } = await ask(
          server,
          [
            prompt,
            said('first'),
            call('a', 'list'),
            call('b', 'list'),
            output('a', 'x'),
            output('b', 'y'),
            call('c', 'read'),
            output('c', [{ type: 'input_text', text: 'the end' }]),
          ],
          { instructions: 'be brief', stream: false },
        );
        expect(chat.text).toBe('got the end');
        expect(JSON.parse(body)).toMatchObject({ output: [{ content: [{ text: 'got the end' }] }] });
      },
    ));

  it('has one assistant message for all that one response said', async () => {
    const text = await textOf(
      [{ answer: ({ messages }) => ({ text: JSON.stringify(messages[1]) }) }],
      [prompt, said('first'), call('a', 'list'), call('b', 'read'), output('a', 'x'), output('b', 'y')],
    );
    expect(JSON.parse(text)).toEqual({
      role: 'assistant',
      content: [{ type: 'output_text', text: 'first' }],
      tool_calls: [
        { id: 'a', function: { name: 'list', arguments: '{"path":"."}' } },
        { id: 'b', function: { name: 'read', arguments: '{"path":"."}' } },
      ],
    });
  });

  it('may be one text', async () => {
    expect(await textOf([{ answer: { text: '{{user}}!' } }], 'hello')).toBe('hello!');
  });

  it('hands reasoning back as it came, beside the calls that followed it', () =>
    withModel(RULES, async (server) => {
      const answered = (await events(server, 'hi', ENCRYPTED)).at(-1)!.response!;
      const items = answered['output'] as { type: string; call_id: string; summary: object[] }[];
      const outputs = items
        .filter(({ type }) => type === 'function_call')
        .map((item) => output(item.call_id, 'ok'));
      const next = [prompt, ...items, ...outputs];
      expect((await ask(server, next)).status).toBe(200);
      const changed = next.with(1, { ...items[0]!, summary: [{ type: 'summary_text', text: 'let me be' }] });
      expect(await ask(server, changed)).toMatchObject({
        status: 400,
        body: expect.stringContaining('invalid_encrypted_content') as string,
      });
    }));

  it('cannot refer to reasoning that only a server with a memory has', () =>
    withModel(RULES, async (server) => {
      const answered = (await events(server, 'hi')).at(-1)!.response!;
      const [reasoning] = answered['output'] as object[];
      expect((await ask(server, [prompt, reasoning!])).status).toBe(404);
      expect(await ask(server, 'hi', { previous_response_id: 'resp_1' })).toMatchObject({
        status: 400,
        body: expect.stringContaining('previous_response_not_found') as string,
      });
    }));

  it.each([
    ['no input', {}],
    ['an empty list', { input: [] }],
    ['an item that is none', { input: ['x'] }],
    ['a call without its id', { input: [{ type: 'function_call', name: 'x', arguments: '{}' }] }],
    ['an output without its call', { input: [{ type: 'function_call_output', output: 'x' }] }],
    ['an item of a kind that nobody knows', { input: [{ type: 'telepathy' }] }],
    ['a schema without a name', { input: 'x', text: { format: { type: 'json_schema' } } }],
  ])('with %s is refused', (_, body) =>
    withModel(RULES, async (server) => {
      const answered = await send(server, 'POST', '/v1/responses', JSON.stringify({ model: 'm', ...body }));
      expect(answered.status).toBe(400);
      expect(JSON.parse(answered.body)).toMatchObject({ error: { code: 'invalid_request' } });
    }),
  );
});

describe('a fault in a stream of the Responses API', () => {
  const failing = (fault: ScriptedFault): Promise<Answered> =>
    withModel([{ answer: { text: 'some words' }, fault }], (server) => ask(server, 'hi'));

  it('is an error after the deltas, and then the response that failed with it', async () => {
    const all = eventsIn((await failing({ errorEvent: { code: 'server_error', message: 'busy' } })).body);
    expect(all.slice(-2)).toMatchObject([
      { type: 'error', code: 'server_error', message: 'busy', param: null },
      {
        type: 'response.failed',
        response: { status: 'failed', error: { code: 'server_error', message: 'busy' } },
      },
    ]);
    expect(all.filter(({ type }) => type === 'response.output_text.delta')).toHaveLength(2);
  });

  it('sends an error event that is complete as it is', async () => {
    const error = { type: 'insufficient_quota', code: 'insufficient_quota', message: 'no money' };
    const all = eventsIn((await failing({ errorEvent: { error } })).body);
    expect(all.at(-2)).toMatchObject({ type: 'error', error });
    expect(all.at(-1)).toMatchObject({ response: { error: { code: 'insufficient_quota' } } });
  });

  it('leaves out how the response ended', async () => {
    const whole = eventsIn((await failing({ cutAtByte: 1e6 })).body);
    expect(eventsIn((await failing({ noFinish: true })).body)).toEqual(whole.slice(0, -1));
    const { body } = await failing({ doneOnly: true });
    expect(body.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(body).not.toContain('response.completed');
  });

  it('is one event as large as asked for', async () => {
    const all = eventsIn((await failing({ hugeLine: 3_000_000 })).body);
    expect(all.find(({ delta }) => delta)!.delta).toHaveLength(3_000_000);
  });

  it('is a status, as in Chat Completions', async () => {
    expect((await failing({ status: 503 })).status).toBe(503);
  });
});
