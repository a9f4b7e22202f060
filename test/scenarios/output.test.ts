import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../src/journal/entries.ts';
import { startScriptedModel, type ScriptedModelServer } from '../../src/model/scripted/server.ts';
import type { ScriptedRule } from '../../src/model/scripted/script.ts';
import { assemble } from '../../src/pool/assemble.ts';
import type { PoolOptions, StreamOptions } from '../../src/pool/options.ts';
import { SessionPool } from '../../src/pool/pool.ts';
import { inDirectory } from '../journal/sqlite-stage.ts';
import { event, finishEvent, startStream, textEvent } from '../model/raw-server.ts';
import { KeptStore } from './kept-store.ts';
import { collect, onStage, outline, type Stage } from './support.ts';

const SCHEMA = {
  type: 'object',
  properties: { count: { type: 'integer' }, names: { type: 'array', items: { type: 'string' } } },
  required: ['count'],
  additionalProperties: false,
};
const ASKED: StreamOptions = { schema: SCHEMA, schemaName: 'tally' };
const REPAIR = '^Your answer is not the JSON that was asked for:\n';

/** Answers `how many` wrongly, and then so. */
function repairedBy(answer: ScriptedRule['answer']): ScriptedRule[] {
  return [
    { match: { user: REPAIR }, answer: answer! },
    { match: { user: '^how many' }, answer: { text: '{"count":"three"}' } },
    { answer: { text: 'as you like' } },
  ];
}

function userMessages(stageSession: {
  messages(): readonly { role: string; content: unknown }[];
}): unknown[] {
  return stageSession.messages().flatMap(({ role, content }) => (role === 'user' ? [content] : []));
}

const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

async function model(rules: readonly ScriptedRule[]): Promise<ScriptedModelServer> {
  const server = await startScriptedModel({ rules });
  opened.push({ [Symbol.asyncDispose]: () => server.close() });
  return server;
}

describe('a prompt with a schema', () => {
  it('gives a value that fits it, and tells the provider of it', () =>
    onStage(
      [
        {
          match: { schema: 'tally' },
          answer: ({ schema }) => ({ text: `{"count":${Object.keys(schema?.definition as object).length}}` }),
        },
      ],
      {},
      async (stage: Stage) => {
        const session = await stage.start();
        const result = await session.prompt('how many', ASKED);
        expect(result).toMatchObject({
          stopReason: 'end',
          reply: '{"count":4}',
          output: { count: 4 },
          error: null,
          turns: 1,
        });
        expect(JSON.parse(JSON.stringify(result))).toMatchObject({ output: { count: 4 } });
        expect((await session.result(result.promptId)).output).toEqual({ count: 4 });
      },
    ));

  it('gives its value after the tools it took, whatever was said on the way', () =>
    onStage(
      [
        {
          match: { turn: 0 },
          answer: { text: 'let me see', calls: [{ name: 'write', arguments: { path: 'a', content: 'x' } }] },
        },
        { answer: { text: '```json\n{"count": 1}\n```' } },
      ],
      {},
      async (stage) => {
        const result = await (await stage.start()).prompt('how many', ASKED);
        expect(result).toMatchObject({ output: { count: 1 }, reply: '```json\n{"count": 1}\n```', turns: 2 });
        expect(result.files.get('a')).toBe('x');
      },
    ));

  it('can have null for its value; another prompt of the session has text', () =>
    onStage(
      [{ match: { schema: true }, answer: { text: 'null' } }, { answer: { text: '"x"' } }],
      {},
      async (stage) => {
        const session = await stage.start();
        expect((await session.prompt('a', { schema: { type: 'null' } })).output).toBeNull();
        const second = await session.prompt('b');
        expect(second).toMatchObject({ stopReason: 'end', reply: '"x"' });
        expect(second.output).toBeUndefined();
        expect(JSON.stringify(second)).not.toContain('"output"');
      },
    ));

  it.each(['chat', 'responses'] as const)('counts, whatever the model options say (%s)', async (api) => {
    const answer = { text: '{"count":1}' };
    const server = await model([
      { match: { schema: 'tally', user: '^how many$' }, answer },
      { match: { schema: true }, answer: { text: 'of the options' } },
      { match: { user: 'When you are done, answer with JSON' }, answer },
    ]);
    const { baseURL } = server;
    const providers = {
      taking: { baseURL, api },
      told: { baseURL, api, quirks: { responseFormat: 'none' } },
    } as const;
    const pool = await SessionPool.open({ providers });
    opened.push({ [Symbol.asyncDispose]: () => pool.close({ deadlineMs: 0 }) });
    const own = { name: 'own', schema: { type: 'object' } };
    const modelOptions =
      api === 'chat'
        ? { response_format: { type: 'json_schema', json_schema: own } }
        : { text: { format: { type: 'json_schema', ...own }, verbosity: 'low' } };
    for (const name of ['taking:m', 'told:m']) {
      const session = await pool.start({ model: name, modelOptions });
      expect(await session.prompt('how many', ASKED)).toMatchObject({ output: { count: 1 }, turns: 1 });
      expect((await session.prompt('how many')).reply).toBe('of the options');
    }
  });

  it.each<[string, StreamOptions, string]>([
    ['no schema', { schema: 'count' as never }, 'Option schema: expected a JSON Schema object'],
    ['null', { schema: null as never }, 'Option schema: expected a JSON Schema object'],
    ['an unusable schema', { schema: { type: 'text' } }, 'Option schema.type: expected one of'],
    ['an unusable name', { schema: {}, schemaName: 'a b' }, 'Option schemaName: expected 1 to 64'],
    ['a name alone', { schemaName: 'a' }, 'Option schemaName: names a schema, and there is none'],
    ['a misspelt one', { shema: {} } as never, 'Did you mean schema?'],
  ])('is not accepted with %s', (_, options, message) =>
    onStage([{ answer: { text: 'x' } }], {}, async (stage) => {
      const session = await stage.start();
      const refused = expect.objectContaining({
        code: 'invalid_option',
        message: expect.stringContaining(message) as string,
      }) as Error;
      await expect(session.prompt('a', options)).rejects.toThrow(refused);
      await expect(collect(session.stream('a', options))).rejects.toThrow(refused);
      expect(session.messages()).toEqual([]);
      expect(stage.requestCount()).toBe(0);
    }),
  );
});

describe('an answer that does not fit', () => {
  it('is sent back once, with what is wrong', () =>
    onStage(repairedBy({ text: '{"count":3}' }), {}, async (stage) => {
      const session = await stage.start();
      const events = await collect(session.stream('how many', ASKED));
      expect(outline(events)).toEqual([
        'prompt-started',
        'text {"count":"three"}',
        'turn-ended',
        'output-refused',
        'text {"count":3}',
        'turn-ended',
        'prompt-ended end',
      ]);
      const told =
        'Your answer is not the JSON that was asked for:\n- count: must be integer, got string\n' +
        'Answer again, with the JSON only: no other text before or after it, no Markdown.';
      expect(events.find(({ type }) => type === 'output-refused')).toMatchObject({ turn: 1, message: told });
      expect(events.at(-1)).toMatchObject({ result: { output: { count: 3 }, turns: 2 } });
      expect(userMessages(session)).toEqual(['how many', told]);
    }));

  it('ends the prompt the second time, with files and reply kept; the session goes on', () =>
    onStage(
      [
        {
          match: { user: '^how many', turn: 0 },
          answer: { calls: [{ name: 'write', arguments: { path: 'a', content: 'x' } }] },
        },
        ...repairedBy({ text: 'It is three.' }),
      ],
      {},
      async (stage) => {
        const session = await stage.start();
        const result = await session.prompt('how many', ASKED);
        expect(result).toMatchObject({
          stopReason: 'invalid-output',
          reply: 'It is three.',
          turns: 3,
          error: {
            code: 'output_invalid',
            message: expect.stringMatching(
              /^the answer is not the value that was asked for: it is not valid JSON/,
            ) as string,
          },
        });
        expect(result.output).toBeUndefined();
        expect(result.files.get('a')).toBe('x');
        expect(await session.prompt('thank you')).toMatchObject({ stopReason: 'end', reply: 'as you like' });
      },
    ));

  it('does not count as a tool round, and may be mended with tools', () =>
    onStage(
      [
        {
          match: { user: REPAIR, turn: 0 },
          answer: { calls: [{ name: 'write', arguments: { path: 'b', content: 'x' } }] },
        },
        {
          match: { user: '^how many', turn: 0 },
          answer: { calls: [{ name: 'write', arguments: { path: 'a', content: 'x' } }] },
        },
        ...repairedBy({ text: '{"count":2}' }),
      ],
      {},
      async (stage) => {
        const two = await (await stage.start({ maxTurns: 2 })).prompt('how many', ASKED);
        expect(two).toMatchObject({ stopReason: 'end', output: { count: 2 } });
        const one = await (await stage.start({ maxTurns: 1 })).prompt('how many', ASKED);
        expect(one).toMatchObject({ stopReason: 'max-turns', error: null });
        expect(one.output).toBeUndefined();
      },
    ));

  it('that was cut off is told so', () =>
    onStage(
      [
        { match: { user: REPAIR }, answer: { text: '{"count":1}' } },
        { answer: { text: '{"count":', finish: 'length' } },
      ],
      {},
      async (stage) => {
        const session = await stage.start();
        expect((await session.prompt('how many', ASKED)).output).toEqual({ count: 1 });
        expect(userMessages(session)[1]).toContain('\n- it was cut off: the answer is longer');
      },
    ));

  it('has one repair in each prompt', () =>
    onStage(repairedBy({ text: '{"count":3}' }), {}, async (stage) => {
      const session = await stage.start();
      for (const _ of [1, 2]) {
        expect(await session.prompt('how many', ASKED)).toMatchObject({ output: { count: 3 }, turns: 2 });
      }
    }));

  it('whose schema has an expression that never ends costs the step, not the pool', () =>
    onStage(
      [{ answer: { text: JSON.stringify('a'.repeat(40)) } }],
      { limits: { stepTimeoutMs: 300 } },
      async (stage) => {
        const session = await stage.start();
        const result = await session.prompt('x', { schema: { type: 'string', pattern: '^(a+)+$ ' } });
        expect(result).toMatchObject({ stopReason: 'crashed', error: { code: 'thread_lost' } });
        expect((await session.prompt('y')).stopReason).toBe('end');
      },
    ));

  it('is the same in shard processes', async () => {
    const told = [];
    for (const isolation of ['thread', 'process'] as const) {
      const tell = async (stage: Stage): Promise<unknown> => {
        const session = await stage.start();
        const events = outline(await collect(session.stream('how many', ASKED)));
        const { output } = await session.result(`${session.id}/1`);
        return { events, output, messages: session.messages() };
      };
      told.push(await onStage(repairedBy({ text: '{"count":3}' }), { isolation }, tell));
    }
    expect(told[0]).toMatchObject({ output: { count: 3 } });
    expect(told[1]).toEqual(told[0]);
  });
});

describe('a provider that takes no schema', () => {
  const NOTE =
    /^how many\n\nWhen you are done, answer with JSON that fits this JSON Schema, and with nothing else: /;
  const refusing: ScriptedRule[] = [
    { match: { schema: true }, answer: { text: '' }, fault: { refuseSchema: true } },
    { match: { user: NOTE.source }, answer: { text: '{"count":3}' } },
    { match: { lastRole: 'tool' }, answer: { text: 'without a note' } },
    { answer: { text: 'without a note' } },
  ];

  it.each(['chat', 'responses'] as const)('is asked again in words, once in a pool (%s)', async (api) => {
    const server = await model(refusing);
    const providers = { scripted: { baseURL: server.baseURL, api } };
    const pool = await SessionPool.open({ providers });
    opened.push({ [Symbol.asyncDispose]: () => pool.close({ deadlineMs: 0 }) });
    const session = await pool.start({ model: 'scripted:scripted' });
    const events = await collect(session.stream('how many', ASKED));
    expect(outline(events)).toEqual([
      'prompt-started',
      'schema-refused',
      'text {"count":3}',
      'turn-ended',
      'prompt-ended end',
    ]);
    const refused = expect.stringContaining("'tally'") as string;
    expect(events[1]).toMatchObject({ turn: 1, model: 'scripted:scripted', message: refused });
    expect(events.at(-1)).toMatchObject({
      result: {
        output: { count: 3 },
        turns: 1,
        failedAttempts: [
          { model: 'scripted:scripted', kind: 'invalid-request', status: 400, message: refused },
        ],
      },
    });
    // What was asked is what stays.
    expect(userMessages(session)).toEqual(['how many']);
    const other = await pool.start({ model: 'scripted:scripted' });
    expect(await other.prompt('how many', ASKED)).toMatchObject({ output: { count: 3 }, failedAttempts: [] });
    expect((await other.prompt('how many')).reply).toBe('without a note');
    expect(server.requestCount).toBe(4);
  });

  it.each([
    ['none', undefined],
    ['json_object', { type: 'json_object' }],
  ] as const)('is told in words at once where that is known: %s', async (responseFormat, sent) => {
    const seen: { format: unknown; users: unknown[] }[] = [];
    const answers = ['{"count":"x"}', '{"count":1}'];
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = JSON.parse(Buffer.concat(chunks).toString()) as {
          response_format?: unknown;
          messages: { role: string; content: unknown }[];
        };
        const users = body.messages.flatMap(({ role, content }) => (role === 'user' ? [content] : []));
        seen.push({ format: body.response_format, users });
        startStream(response);
        response.end(textEvent(answers.shift()!) + finishEvent() + event('[DONE]'));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    opened.push({ [Symbol.asyncDispose]: async () => void server.close() });
    const baseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    const pool = await SessionPool.open({ providers: { raw: { baseURL, quirks: { responseFormat } } } });
    opened.push({ [Symbol.asyncDispose]: () => pool.close({ deadlineMs: 0 }) });
    const session = await pool.start({ model: 'raw:m' });
    expect(await session.prompt('how many', ASKED)).toMatchObject({
      output: { count: 1 },
      failedAttempts: [],
    });
    expect(seen.map(({ format }) => format)).toEqual([sent, sent]);
    // In the last of the user's messages, and only there.
    expect(seen[0]?.users).toEqual([expect.stringMatching(NOTE)]);
    expect(seen[1]?.users).toEqual([
      'how many',
      expect.stringMatching(
        /^Your answer is not the JSON[^]*\n\nWhen you are done, answer with JSON[^]*"count"/,
      ),
    ]);
    expect(session.messages().at(-2)?.content).not.toContain('When you are done');
  });

  it('is one of several: the next one is sent the schema', () =>
    onStage(
      [
        { match: { model: 'first', schema: true }, fault: { refuseSchema: true } },
        { match: { model: 'first' }, fault: { status: 401 } },
        { match: { model: 'second', schema: 'tally' }, answer: { text: '{"count":7}' } },
      ],
      {},
      async (stage) => {
        const session = await stage.start({ model: 'scripted:first', fallback: ['scripted:second'] });
        const result = await session.prompt('how many', ASKED);
        expect(result).toMatchObject({
          output: { count: 7 },
          failedAttempts: [{ status: 400 }, { status: 401 }],
        });
      },
    ));

  it('that refuses the words as well ends the prompt', () =>
    onStage(
      [{ fault: { status: 400, body: { error: { message: 'no json_schema, no anything' } } } }],
      {},
      async (stage) => {
        const result = await (await stage.start()).prompt('how many', ASKED);
        expect(result).toMatchObject({
          stopReason: 'model-error',
          error: { kind: 'invalid-request', status: 400 },
        });
        expect(stage.requestCount()).toBe(2);
      },
    ));
});

describe('a schema and an idempotency key', () => {
  it('are the same prompt only together', () =>
    onStage(repairedBy({ text: '{"count":3}' }), {}, async (stage) => {
      const session = await stage.start();
      const first = await session.prompt('how many', { ...ASKED, idempotencyKey: 'k' });
      const { type, ...rest } = SCHEMA;
      const again = await session.prompt('how many', {
        schema: { ...rest, type },
        schemaName: 'tally',
        idempotencyKey: 'k',
      });
      expect(again.promptId).toBe(first.promptId);
      for (const other of [{}, { schema: SCHEMA }, { schema: {}, schemaName: 'tally' }]) {
        await expect(session.prompt('how many', { ...other, idempotencyKey: 'k' })).rejects.toMatchObject({
          code: 'idempotency_mismatch',
        });
      }
    }));
});

async function poolOn(server: ScriptedModelServer, store: KeptStore | string): Promise<SessionPool> {
  const providers = { scripted: { baseURL: server.baseURL } };
  if (typeof store === 'string') return SessionPool.open({ providers, store });
  const parts = assemble({ providers } satisfies PoolOptions, store);
  const pool = await SessionPool.over(parts);
  opened.push({
    async [Symbol.asyncDispose]() {
      store.die();
      await Promise.all([parts.runner.close(), parts.models.close()]);
    },
  });
  return pool;
}

describe('a secret in an answer', () => {
  it('is in no value and no repair, however the JSON spells it', async () => {
    const apiKey = 'a-key-that-nobody-may-see';
    const spelt = apiKey.replace('k', '\\u006b');
    const server = await model([
      { match: { user: REPAIR }, answer: { text: `{"names":["${spelt}"],"count":1}` } },
      { answer: { text: `{"${spelt}":1}` } },
    ]);
    const providers = { scripted: { baseURL: server.baseURL, apiKey } };
    const pool = await SessionPool.open({ providers });
    opened.push({ [Symbol.asyncDispose]: () => pool.close({ deadlineMs: 0 }) });
    const session = await pool.start({ model: 'scripted:scripted' });
    const events = await collect(session.stream('how many', ASKED));
    expect(events.at(-1)).toMatchObject({ result: { output: { count: 1, names: ['[redacted]'] } } });
    const repair = events.find(({ type }) => type === 'output-refused');
    expect(JSON.stringify(repair)).toContain('[redacted]: is not allowed');
    expect(JSON.stringify([events, session.messages()])).not.toContain(apiKey);
  });
});

describe('a process that dies between the wrong answer and the right one', () => {
  const places = [
    // The step of the prompt itself runs nothing: it needs no thread and has no beginning.
    ['model-responded', 1],
    ['step-began', 1],
    ['step-ended', 2],
    ['model-responded', 2],
    ['step-began', 2],
    ['step-ended', 3],
  ] as const;

  it.each(places.flatMap(([type, n]) => [[type, n, 'before'] as const, [type, n, 'after'] as const]))(
    'changes nothing: %s %i, %s it was written',
    async (type, n, when) => {
      const server = await model(repairedBy({ text: '{"count":3}' }));
      const store = new KeptStore();
      const session = await (await poolOn(server, store)).start({ id: 's', model: 'scripted:scripted' });
      let seen = 0;
      store.dieAt = (entry: JournalEntry) => (entry.type === type && (seen += 1) === n ? when : undefined);
      session.prompt('how many', ASKED).catch(() => undefined);
      await store.death;
      const after = await poolOn(server, new KeptStore(store));
      const result = await after.session('s')?.result('s/1');
      expect(result).toMatchObject({ stopReason: 'end', output: { count: 3 }, turns: 2 });
      const roles = after
        .session('s')
        ?.messages()
        .map(({ role }) => role);
      expect(roles?.filter((role) => role !== 'system')).toEqual(['user', 'assistant', 'user', 'assistant']);
    },
  );

  it('finds both in its file', async () => {
    const store = `sqlite:${inDirectory('output.db')}`;
    const patient = await model([
      { match: { user: REPAIR }, answer: { text: '{}' }, fault: { pingOnly: true } },
      { answer: { text: '{"count":"three"}' } },
    ]);
    const first = await poolOn(patient, store);
    const session = await first.start({ id: 's', model: 'scripted:scripted' });
    const events: string[] = [];
    const told = (async () => {
      for await (const { type } of session.stream('how many', ASKED)) {
        events.push(type);
        if (type === 'output-refused') void first.close({ deadlineMs: 0 });
      }
    })();
    await expect(told).rejects.toMatchObject({ code: 'prompt_parked' });
    expect(events).toContain('output-refused');
    await first.close({ deadlineMs: 0 });

    const server = await model(repairedBy({ text: '{"count":3}' }));
    const second = await poolOn(server, store);
    expect(await second.session('s')?.result('s/1')).toMatchObject({ output: { count: 3 }, turns: 2 });
    expect(server.requestCount).toBe(1);
    await second.close();

    // And of a prompt that ended in an earlier process, the value.
    const third = await poolOn(server, store);
    const past = third.session('s');
    expect(await past?.result('s/1')).toMatchObject({ stopReason: 'end', output: { count: 3 } });
    const again = await past?.prompt('how many', { ...ASKED, idempotencyKey: 'new' });
    expect(again).toMatchObject({ promptId: 's/2', output: { count: 3 } });
    await third.close();
  });
});
