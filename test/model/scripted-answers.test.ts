import { describe, expect, it } from 'vitest';
import { startScriptedModel } from '../../src/model/scripted/server.ts';
import { ask, calling, parseStream, send, stream, toolResult, user, withModel } from './scripted-client.ts';

describe('a stream', () => {
  const rules = [{ answer: { text: 'one two  three', calls: [{ name: 'list', arguments: { path: '.' } }] } }];

  it('has a role, a delta a word, calls in two pieces, a finish reason, the usage and [DONE], in this order', () =>
    withModel(rules, async (server) => {
      const { chunks, calls, done } = await stream(server, 'hi', { stream_options: { include_usage: true } });
      const { id } = calls[0]!;
      expect(chunks.map(({ choices }) => choices[0]?.delta ?? 'usage')).toEqual([
        { role: 'assistant', content: '' },
        { content: 'one' },
        { content: ' two' },
        { content: '  three' },
        { tool_calls: [{ index: 0, id, type: 'function', function: { name: 'list', arguments: '{"path' } }] },
        { tool_calls: [{ index: 0, function: { arguments: '":"."}' } }] },
        {},
        'usage',
      ]);
      expect(chunks.map(({ choices }) => choices[0]?.finish_reason)).toEqual([
        ...Array.from({ length: 6 }, () => null),
        'tool_calls',
        undefined,
      ]);
      expect(done).toBe(true);
    }));

  it('has the same chunks whether it waits between them or not', async () => {
    const messages = [user('hi')];
    const atOnce = await withModel(rules, (server) => stream(server, messages));
    const slowly = await withModel({ rules, delay: { firstMs: 3, betweenMs: 2, jitter: 0.5 } }, (server) =>
      stream(server, messages),
    );
    expect(slowly).toEqual(atOnce);
  });

  it('tells no usage that was not asked for', () =>
    withModel(rules, async (server) => {
      expect((await stream(server, 'hi')).usage).toBeUndefined();
    }));

  it('says in its header and its fingerprint that no language model speaks', () =>
    withModel(rules, async (server) => {
      const { headers, body } = await ask(server, 'hi', { model: 'anything' });
      expect(headers['x-skein-scripted-model']).toBe('not a language model');
      expect(headers['content-type']).toBe('text/event-stream');
      const { chunks } = parseStream(body);
      expect(new Set(chunks.map((chunk) => chunk.system_fingerprint))).toEqual(new Set(['scripted']));
      expect(new Set(chunks.map((chunk) => chunk.model))).toEqual(new Set(['anything']));
    }));

  it('stops when the client hangs up, and the server goes on', () =>
    withModel(
      [
        { match: { user: 'slow' }, answer: { text: 'a '.repeat(500), delay: { betweenMs: 20 } } },
        { answer: { text: 'quick' } },
      ],
      async (server) => {
        expect((await ask(server, 'slow', {}, { giveUpAfter: 300 })).end).toBe('given-up');
        expect((await stream(server, 'other')).text).toBe('quick');
      },
    ));
});

describe('an answer', () => {
  it('is cut into as many deltas as asked for, never inside a character', () =>
    withModel([{ answer: { text: 'ab😀😀😀cd', chunks: 5 } }], async (server) => {
      const { contents } = await stream(server, 'hi');
      expect(contents).toEqual(['ab', '😀', '😀', '😀', 'cd']);
    }));

  it('is cut into fewer deltas when it has fewer characters', () =>
    withModel([{ answer: { text: 'abc', chunks: 100 } }], async (server) => {
      expect((await stream(server, 'hi')).contents).toEqual(['a', 'b', 'c']);
    }));

  it('reasons before it speaks', () =>
    withModel([{ answer: { reasoning: 'let me see', text: 'done' } }], async (server) => {
      const { reasoning, text, chunks } = await stream(server, 'hi');
      expect([reasoning, text]).toEqual(['let me see', 'done']);
      expect(Object.keys(chunks[1]!.choices[0]!.delta)).toEqual(['reasoning_content']);
    }));

  it('finishes with stop, with tool_calls when there are calls, or as the script says', () =>
    withModel(
      [
        { match: { user: 'text' }, answer: { text: 'x' } },
        { match: { user: 'call' }, answer: { calls: [{ name: 'list' }] } },
        { match: { user: 'cut' }, answer: { text: 'x', finish: 'length' } },
      ],
      async (server) => {
        const finishes = [];
        for (const prompt of ['text', 'call', 'cut']) finishes.push((await stream(server, prompt)).finish);
        expect(finishes).toEqual(['stop', 'tool_calls', 'length']);
      },
    ));

  it('counts a quarter of the characters as tokens, or what the script says', () =>
    withModel(
      [
        { match: { user: 'given' }, answer: { text: 'x', usage: { input: 1200, output: 34 } } },
        { answer: { text: 'x'.repeat(40) } },
      ],
      async (server) => {
        const asked = { stream_options: { include_usage: true } };
        expect((await stream(server, 'given', asked)).usage).toEqual({
          prompt_tokens: 1200,
          completion_tokens: 34,
          total_tokens: 1234,
        });
        expect((await stream(server, 'guess', asked)).usage).toMatchObject({ completion_tokens: 10 });
      },
    ));

  it('comes as one body when no stream is asked for', () =>
    withModel(
      [{ answer: { reasoning: 'hm', text: 'well', calls: [{ name: 'list', arguments: { path: '.' } }] } }],
      async (server) => {
        const { body, headers } = await ask(server, 'hi', { stream: false });
        expect(headers['content-type']).toBe('application/json');
        const { object, choices } = JSON.parse(body) as { object: string; choices: unknown[] };
        expect(object).toBe('chat.completion');
        expect(choices).toEqual([
          {
            index: 0,
            message: {
              role: 'assistant',
              content: 'well',
              reasoning_content: 'hm',
              tool_calls: [
                {
                  id: expect.stringMatching(/^call_/) as string,
                  type: 'function',
                  function: { name: 'list', arguments: '{"path":"."}' },
                },
              ],
            },
            finish_reason: 'tool_calls',
          },
        ]);
      },
    ));

  it('can be a function of the conversation, whose braces are only braces', () =>
    withModel(
      [{ answer: ({ user: asked, turn }) => ({ text: `${asked} {{turn}} is ${turn}`, chunks: 1 }) }],
      async (server) => {
        expect((await stream(server, 'what')).text).toBe('what {{turn}} is 0');
      },
    ));

  it('is an error with status 500 when its function throws', () =>
    withModel(
      [
        {
          answer: () => {
            throw new Error('no idea');
          },
        },
      ],
      async (server) => {
        const { status, body } = await ask(server, 'hi');
        expect([status, body]).toEqual([500, expect.stringContaining('no idea')]);
      },
    ));
});

describe('templates', () => {
  it('take named groups of every pattern, and turn, last, user, model and changes', () =>
    withModel(
      [
        {
          match: { user: 'move (?<what>\\w+)', system: 'root is (?<root>\\S+)' },
          answer: {
            text: '{{what}} {{root}} {{turn}} {{last}} {{ user }} {{model}} {{changes}}',
            calls: [{ name: 'read', arguments: { path: '{{root}}/{{what}}.ts', lines: ['{{turn}}', 2] } }],
          },
        },
      ],
      async (server) => {
        const { text, calls } = await stream(server, [
          { role: 'system', content: 'root is /src' },
          user('move it'),
        ]);
        expect(text).toBe('it /src 0 move it move it m 0');
        expect(JSON.parse(calls[0]!.arguments)).toEqual({ path: '/src/it.ts', lines: ['0', 2] });
      },
    ));

  it('give a number with |number, and braces with a backslash', () =>
    withModel(
      [
        {
          match: { last: 'offset=(?<next>\\d+)' },
          answer: { text: '\\{{next}}', calls: [{ name: 'read', arguments: { offset: '{{next|number}}' } }] },
        },
      ],
      async (server) => {
        const { text, calls } = await stream(server, 'read on with offset=2000');
        expect(text).toBe('{{next}}');
        expect(calls[0]!.arguments).toBe('{"offset":2000}');
      },
    ));

  it('take nothing for a group that took no part', () =>
    withModel([{ match: { user: 'a(?<b>b)?' }, answer: { text: '[{{b}}]' } }], async (server) => {
      expect((await stream(server, 'a')).text).toBe('[]');
    }));

  it('leave arguments that are text as they are, JSON or not', () =>
    withModel([{ answer: { calls: [{ name: 'edit', arguments: '{"path": "a' }] } }], async (server) => {
      expect((await stream(server, 'hi')).calls[0]!.arguments).toBe('{"path": "a');
    }));
});

describe('a match', () => {
  const conversation = [
    { role: 'system', content: 'be brief' },
    user('first wish'),
    { role: 'assistant', content: 'done' },
    user([
      { type: 'text', text: 'second ' },
      { type: 'text', text: 'wish' },
    ]),
    calling(['c1', 'read', { path: 'a.ts' }], ['c2', 'list', {}]),
    toolResult('c1', 'content of a'),
    toolResult('c2', 'listing'),
  ];

  it.each([
    ['user, over all its text parts', { user: '^second wish$' }, { user: 'first' }],
    ['first', { first: '^first wish$' }, { first: 'second' }],
    ['system', { system: 'brief' }, { system: 'long' }],
    ['last', { last: '^listing$' }, { last: 'content' }],
    ['lastRole', { lastRole: 'tool' }, { lastRole: 'user' }],
    ['tool', { tool: 'list' }, { tool: 'read' }],
    ['turn', { turn: 1 }, { turn: 2 }],
    ['turn, of a list', { turn: [0, 1] }, { turn: [0, 2] }],
    ['model', { model: 'm' }, { model: 'other' }],
    [
      'flags of a pattern',
      { user: { pattern: 'SECOND', flags: 'i' } },
      { user: { pattern: 'SECOND', flags: 's' } },
    ],
    ['several conditions, which must all hold', { tool: 'list', turn: 1 }, { tool: 'list', turn: 3 }],
  ] as const)('looks at %s', (_, holds, fails) =>
    withModel(
      [
        { match: fails, answer: { text: 'wrong' } },
        { match: holds, answer: { text: 'right' } },
      ],
      async (server) => {
        expect((await stream(server, conversation)).text).toBe('right');
      },
    ),
  );

  it('is answered by the first rule that holds', () =>
    withModel([{ answer: { text: 'first' } }, { answer: { text: 'second' } }], async (server) => {
      expect((await stream(server, 'hi')).text).toBe('first');
    }));

  it('passes a rule over that was used as often as it may be', () =>
    withModel(
      [
        { times: 2, answer: { text: 'early' } },
        { match: { user: 'b' }, times: 1, answer: { text: 'b' } },
        { answer: { text: 'late' } },
      ],
      async (server) => {
        const texts = [];
        for (const prompt of ['a', 'b', 'a', 'b', 'b']) texts.push((await stream(server, prompt)).text);
        expect(texts).toEqual(['early', 'early', 'late', 'b', 'late']);
      },
    ));
});

describe('a request that cannot be answered', () => {
  const rules = [{ match: { user: 'known' }, answer: { text: 'x' } }];

  it('that no rule matches gets status 400, and is shown', () =>
    withModel(rules, async (server) => {
      const { status, body } = await ask(server, `something else ${'x'.repeat(1000)}`);
      const { error } = JSON.parse(body) as { error: { message: string; code: string } };
      expect([status, error.code]).toEqual([400, 'no_rule_matched']);
      expect(error.message).toMatch(
        /^No rule of the script matches\. The last message, by "user": "something else x+… \(1015 characters\)$/,
      );
    }));

  it.each([
    ['no JSON', 'hello', /no JSON/],
    ['no object', '[1]', /no JSON object/],
    ['without a model', '{"messages":[{"role":"user","content":"known"}]}', /"model" must be text/],
    ['without messages', '{"model":"m"}', /"messages" must be a list/],
    ['with an empty list', '{"model":"m","messages":[]}', /"messages" must be a list that is not empty/],
    ['with null for a message', '{"model":"m","messages":[null]}', /messages\[0\] is no message/],
    [
      'with a call that is none',
      '{"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":1}]}]}',
      /messages\[0\] is no message/,
    ],
  ])('%s gets status 400', (_, body, message) =>
    withModel(rules, async (server) => {
      const answered = await send(server, 'POST', '/v1/chat/completions', body);
      expect(answered.status).toBe(400);
      expect(JSON.parse(answered.body)).toMatchObject({
        error: { code: 'invalid_request', message: expect.stringMatching(message) as string },
      });
    }),
  );

  it('to another path or with another method gets status 404', () =>
    withModel(rules, async (server) => {
      for (const [method, path] of [
        ['POST', '/v1/embeddings'],
        ['GET', '/v1/chat/completions'],
        ['GET', '/'],
      ] as const) {
        expect((await send(server, method, path)).status).toBe(404);
      }
    }));

  it('over 64 MiB gets status 413', () =>
    withModel(rules, async (server) => {
      const body = Buffer.alloc(64 * 1024 * 1024 + 1, ' ').toString();
      expect((await send(server, 'POST', '/v1/chat/completions', body)).status).toBe(413);
    }));
});

describe('the server', () => {
  it('lists its models, as what they are', () =>
    withModel({ models: ['small', 'large'], rules: [] }, async (server) => {
      const { data } = JSON.parse((await send(server, 'GET', '/v1/models')).body) as {
        data: Record<string, string>[];
      };
      expect(data.map(({ id, owned_by }) => [id, owned_by])).toEqual([
        ['small', 'skein-scripted'],
        ['large', 'skein-scripted'],
      ]);
      expect(data[0]!['description']).toMatch(/no language model/);
    }));

  it('counts chat requests, answered or not', () =>
    withModel([{ match: { user: 'yes' }, answer: { text: 'x' } }], async (server) => {
      await ask(server, 'yes');
      await ask(server, 'no');
      await send(server, 'GET', '/v1/models');
      expect(server.requestCount).toBe(2);
    }));

  it('refuses a port that is taken, and one that is none', () =>
    withModel([], async (server) => {
      for (const port of [server.port, 70_000]) {
        await expect(startScriptedModel({ rules: [] }, { port })).rejects.toMatchObject({
          code: 'invalid_option',
          option: 'port',
        });
      }
    }));

  it('ends open streams and idle connections when it closes, and may be closed twice', () =>
    withModel([{ fault: { stall: 10 } }], async (server) => {
      await (await fetch(`${server.baseURL}/models`)).text();
      const open = await fetch(`${server.baseURL}/chat/completions`, {
        method: 'POST',
        body: JSON.stringify({ model: 'm', stream: true, messages: [user('hi')] }),
      });
      await server.close();
      await expect(open.text()).rejects.toThrow();
      await expect(fetch(`${server.baseURL}/models`)).rejects.toThrow();
    }));
});

describe('the same seed', () => {
  const script = { rules: [{ answer: { text: 'a b c', calls: [{ name: 'list' }] } }] };
  const bytes = (seed: number, prompt: string): Promise<string> =>
    withModel(script, async (server) => (await ask(server, prompt)).body, { seed });

  it('gives the same bytes for a conversation, whatever else was asked', async () => {
    const alone = await bytes(7, 'hi');
    const among = await withModel(
      script,
      async (server) => {
        const all = await Promise.all(['x', 'hi', 'y'].map((prompt) => ask(server, prompt)));
        return all[1]!.body;
      },
      { seed: 7 },
    );
    expect(among).toBe(alone);
  });

  it('gives other ids to another conversation, and another seed does so too', async () => {
    const ids = (body: string): string[] => body.match(/(?:call_|chatcmpl-)\w+/g) ?? [];
    const [one, other, reseeded] = [await bytes(7, 'hi'), await bytes(7, 'ho'), await bytes(8, 'hi')];
    expect(new Set([one, other, reseeded].map((body) => ids(body)[0])).size).toBe(3);
    expect(new Set([one, other, reseeded].map((body) => ids(body).at(-2))).size).toBe(3);
  });
});
