import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ChatCompletions } from '../../src/model/chat-completions.ts';
import type { ModelEvent } from '../../src/model/model.ts';
import type { ScriptedFault } from '../../src/model/scripted/script.ts';
import { asking, collect, modelContract, outline } from '../contracts/model.ts';
import { failureOf, onScripted, withFault } from './on-scripted.ts';
import { event, finishEvent, KEY, PATIENT, startStream, textEvent, withRawServer } from './raw-server.ts';

modelContract((rules) => onScripted(rules));

describe('a fault', () => {
  it.each<[string, ScriptedFault, string, boolean]>([
    ['status 400', { status: 400 }, 'invalid-request', false],
    ['status 401', { status: 401 }, 'auth', false],
    ['status 402', { status: 402 }, 'quota', false],
    ['status 403', { status: 403 }, 'auth', false],
    ['status 404', { status: 404 }, 'not-found', false],
    ['status 408', { status: 408 }, 'server', true],
    ['status 409', { status: 409 }, 'server', true],
    ['status 413', { status: 413 }, 'context-length', false],
    ['status 422', { status: 422 }, 'invalid-request', false],
    ['status 425', { status: 425 }, 'server', true],
    ['status 429', { status: 429 }, 'rate-limited', true],
    ['status 500', { status: 500 }, 'server', true],
    ['status 502', { status: 502 }, 'server', true],
    ['status 503', { status: 503 }, 'overloaded', true],
    ['status 504', { status: 504 }, 'server', true],
    ['status 529', { status: 529 }, 'overloaded', true],
    [
      'spent credit',
      { status: 429, body: { error: { message: 'no more', code: 'insufficient_quota' } } },
      'quota',
      false,
    ],
    [
      'too long a conversation',
      { status: 400, body: { error: { message: "This model's maximum context length is 8192 tokens" } } },
      'context-length',
      false,
    ],
    ['an error body that is no JSON', { status: 500, body: '<h1>oops</h1>' }, 'server', true],
    ['an empty error body', { status: 502, body: '' }, 'server', true],
    ['a web page', { html: true }, 'bad-response', false],
    ['a JSON body', { json: true }, 'bad-response', false],
    ['a line without end', { hugeLine: 5 * 1024 * 1024 }, 'bad-response', false],
    ['a broken connection', { refuse: true }, 'connect', true],
    ['a connection cut in the stream', { cutAtByte: 400 }, 'connect', true],
    ['a body that ends in the stream', { endAtByte: 400 }, 'incomplete-stream', true],
    ['no finish reason', { noFinish: true }, 'incomplete-stream', true],
    ['[DONE] without a finish reason', { doneOnly: true }, 'incomplete-stream', true],
    [
      'an error event',
      { errorEvent: { code: 502, message: 'upstream', metadata: { error_type: 'provider_unavailable' } } },
      'server',
      true,
    ],
    ['an error event that says 429', { errorEvent: { code: 429, message: 'slower' } }, 'rate-limited', true],
  ])('%s is one failure of its kind, and last', async (_what, fault, kind, retryable) => {
    const events = await withFault(fault, ({ model }) => collect(model));
    expect(events.filter(({ type }) => type === 'end' || type === 'failed')).toHaveLength(1);
    expect(failureOf(events)).toMatchObject({ kind, retryable, code: 'model_error' });
  });

  it.each([
    [{ retryAfter: 2 }, 2_000],
    [{ retryAfter: 0.5 }, 500],
    [{ retryAfter: 86_400 }, 86_400_000],
    [{ headers: { 'retry-after-ms': '750' } }, 750],
    [{ retryAfter: 'soon' }, undefined],
    [{ retryAfter: 'Thu, 01 Jan 1970 00:00:00 GMT' }, 0],
    [{ retryAfter: '' }, undefined],
    // What is no date any more is a year.
    [{ retryAfter: '9e15' }, 31_622_400_000],
    [{ headers: { 'retry-after-ms': 'Infinity' } }, 31_622_400_000],
    [{ retryAfter: 'Fri, 31 Dec 9999 23:59:59 GMT' }, 31_622_400_000],
  ])('of status 429 with %j asks for %s ms', async (more, expected) => {
    const events = await withFault({ status: 429, ...more }, ({ model }) => collect(model));
    expect(failureOf(events).retryAfterMs).toBe(expected);
  });

  it('is no failure where the provider is lenient and only [DONE] came', async () => {
    const events = await withFault({ doneOnly: true }, ({ model }) => collect(model), PATIENT, {
      lenientEnd: true,
    });
    expect(outline(events)).toEqual(['text', 'end']);
  });

  it('says where nothing listens', async () => {
    const stage = await onScripted([{ answer: { text: 'x' } }]);
    await stage.close();
    const gone = { name: 'gone', baseURL: 'http://127.0.0.1:9/v1', apiKey: '', headers: {}, quirks: {} };
    const model = new ChatCompletions(gone, { deadlines: PATIENT });
    const error = failureOf(await collect(model));
    await model.close();
    expect(error).toMatchObject({ kind: 'connect', retryable: true });
    expect(error.message).toMatch(/^gone: http:\/\/127\.0\.0\.1:9\/v1: ECONNREFUSED/);
  });
});

describe('a request', () => {
  it('is signed once, and its body is the parts as they were given', async () => {
    await withRawServer(
      (response) => response.end(),
      async ({ model, requests }) => {
        const tools = '[{"type":"function","function":{"name":"read","parameters":{}}}]';
        const options = {
          temperature: 0.5,
          model: 'other',
          stream: false,
          messages: [],
          tools: [],
          top_p: undefined,
        };
        await collect(model, asking('héllo "you"', { tools, options }));
        const [request] = requests;
        expect(request?.path).toBe('/v1/chat/completions');
        expect(request?.headers).toMatchObject({
          authorization: `Bearer ${KEY}`,
          'content-type': 'application/json',
          accept: 'text/event-stream',
          'x-title': 'mine',
        });
        expect(JSON.parse(request?.body ?? '')).toEqual({
          model: 'scripted',
          stream: true,
          stream_options: { include_usage: true },
          temperature: 0.5,
          messages: [{ role: 'user', content: 'héllo "you"' }],
          tools: JSON.parse(tools) as unknown,
        });
      },
      { provider: { headers: { 'X-Title': 'mine' } } },
    );
  });
});

describe('the key', () => {
  it.each<[string, ScriptedFault]>([
    ['an error that repeats it', { echoKey: true }],
    ['an error body that is no JSON', { status: 500, body: `proxy saw Authorization: Bearer ${KEY}` }],
    ['an error event', { errorEvent: { message: `who is ${KEY}?` } }],
  ])('is in no part of the failure after %s', async (_what, fault) => {
    const error = failureOf(await withFault(fault, ({ model }) => collect(model)));
    expect(error.message).toContain('[redacted]');
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain(KEY);
  });
});

describe('tokens that were not counted', () => {
  it('are estimated from what was sent and received, and said to be', async () => {
    const events = await withRawServer(
      (response) => {
        startStream(response);
        response.end(textEvent('12345678') + finishEvent() + event('[DONE]'));
      },
      ({ model }) => collect(model, asking('x', { messages: 'x'.repeat(40) })),
    );
    const last = events.at(-1);
    expect(last?.type === 'end' && last.response.usage).toEqual({
      inputTokens: 10,
      outputTokens: 2,
      totalTokens: 12,
      reasoningTokens: 0,
      cachedTokens: 0,
      cacheWriteTokens: 0,
      estimated: true,
      cost: { usd: null, basis: 'unknown', unpriced: 1 },
    });
  });
});

describe('an attempt that breaks', () => {
  it.each<[string, string, object | undefined]>([
    ['after text', textEvent('12345678'), { outputTokens: 2, inputTokens: 10, estimated: true }],
    [
      'inside a call',
      event({
        choices: [{ delta: { tool_calls: [{ index: 0, function: { name: 'read', arguments: '{"p"' } }] } }],
      }),
      { outputTokens: 2, estimated: true },
    ],
    ['before anything came', ': ping\n\n', undefined],
  ])('%s says about how many tokens it took', async (_when, stream, usage) => {
    const events = await withRawServer(
      (response) => {
        startStream(response);
        response.end(stream);
      },
      ({ model }) => collect(model, asking('x', { messages: 'x'.repeat(40) })),
    );
    const error = failureOf(events);
    expect(error.kind).toBe('incomplete-stream');
    if (usage) expect(error.usage).toMatchObject(usage);
    else expect(error.usage).toBeUndefined();
  });
});

describe('a server that ignores `stream`', () => {
  const answer = (body: object): Promise<ModelEvent[]> =>
    withRawServer(
      (response) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
      ({ model }) => collect(model),
    );

  it('has answered all the same', async () => {
    const message = { role: 'assistant', content: 'whole' };
    const events = await answer({
      choices: [{ message, finish_reason: 'stop' }],
      usage: { prompt_tokens: 5 },
    });
    expect(outline(events)).toEqual(['text', 'end']);
    expect(events.at(-1)).toMatchObject({ response: { text: 'whole', usage: { inputTokens: 5 } } });
  });

  it('has not where its answer is none, or not whole', async () => {
    expect(failureOf(await answer({ hello: KEY }))).toMatchObject({
      kind: 'bad-response',
      message: expect.stringContaining('[redacted]') as string,
    });
    const cut = { choices: [{ message: { content: 'half' }, finish_reason: null }] };
    expect(failureOf(await answer(cut)).kind).toBe('bad-response');
    expect(failureOf(await answer({ error: { code: 429, message: 'slower' } })).kind).toBe('rate-limited');
  });
});

describe('calls inside a wrapper', () => {
  const uses = (name: string): string =>
    JSON.stringify({
      tool_uses: [
        { recipient_name: name, parameters: { path: 'a' } },
        { recipient_name: 'functions.list', parameters: {} },
      ],
    });
  const wrapping = (name: string, text: string, tools: string | null = null): Promise<unknown> =>
    withRawServer(
      (response) => {
        startStream(response);
        const call = { index: 0, id: 'c', function: { name, arguments: text } };
        response.end(event({ choices: [{ delta: { tool_calls: [call] } }] }) + finishEvent('tool_calls'));
      },
      async ({ model }) => {
        const last = (await collect(model, asking('go', { tools }))).at(-1);
        return last?.type === 'end' && last.response.toolCalls;
      },
    );

  it('are taken out of it, each with an id of its own', async () => {
    const calls = [
      { id: 'c-1', name: 'read', arguments: '{"path":"a"}' },
      { id: 'c-2', name: 'list', arguments: '{}' },
    ];
    for (const name of ['parallel', 'multi_tool_use.parallel']) {
      expect(await wrapping(name, uses('functions.read'))).toEqual(calls);
    }
  });

  it.each([
    ['of a tool that is offered', 'parallel', uses('functions.read'), '[{"function":{"name":"parallel"}}]'],
    ['with anything else in it', 'parallel', uses('web.search'), null],
    ['that is malformed', 'parallel', '{"tool_uses":[', null],
    ['by another name', 'both', uses('functions.read'), null],
  ])('%s stay there', async (_what, name, text, tools) => {
    expect(await wrapping(name, text, tools)).toEqual([{ id: 'c', name, arguments: text }]);
  });
});
