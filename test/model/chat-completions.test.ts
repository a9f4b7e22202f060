import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ChatCompletions } from '../../src/model/chat-completions.ts';
import type { ModelEvent } from '../../src/model/model.ts';
import type { ScriptedFault, ScriptedRule } from '../../src/model/scripted/script.ts';
import { startScriptedModel } from '../../src/model/scripted/server.ts';
import { asking, collect, modelContract, outline, type ModelOnStage } from '../contracts/model.ts';
import { event, finishEvent, KEY, PATIENT, startStream, textEvent, withRawServer } from './raw-server.ts';

async function onScripted(
  rules: readonly ScriptedRule[],
  deadlines = PATIENT,
  lenient = false,
): Promise<ModelOnStage> {
  const server = await startScriptedModel({ rules });
  const provider = { name: 'scripted', baseURL: server.baseURL, apiKey: KEY, headers: {}, lenient };
  const model = new ChatCompletions(provider, { deadlines });
  return {
    model,
    requestCount: () => server.requestCount,
    close: async () => {
      await model.close();
      await server.close();
    },
  };
}

async function withFault<Result>(
  fault: ScriptedFault,
  use: (stage: ModelOnStage) => Promise<Result>,
  deadlines = PATIENT,
  lenient = false,
): Promise<Result> {
  const stage = await onScripted([{ answer: { text: 'one two three' }, fault }], deadlines, lenient);
  try {
    return await use(stage);
  } finally {
    await stage.close();
  }
}

function failureOf(events: readonly ModelEvent[]) {
  const last = events.at(-1);
  if (last?.type !== 'failed') throw new Error(`expected a failure, got ${last?.type}`);
  return last.error;
}

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
  ])('of status 429 with %j asks for %s ms', async (more, expected) => {
    const events = await withFault({ status: 429, ...more }, ({ model }) => collect(model));
    expect(failureOf(events).retryAfterMs).toBe(expected);
  });

  it('is no failure where the provider is lenient and only [DONE] came', async () => {
    const events = await withFault({ doneOnly: true }, ({ model }) => collect(model), PATIENT, true);
    expect(outline(events)).toEqual(['text', 'end']);
  });

  it('says where nothing listens', async () => {
    const stage = await onScripted([{ answer: { text: 'x' } }]);
    await stage.close();
    const gone = { name: 'gone', baseURL: 'http://127.0.0.1:9/v1', apiKey: '', headers: {}, lenient: false };
    const model = new ChatCompletions(gone, { deadlines: PATIENT });
    const error = failureOf(await collect(model));
    await model.close();
    expect(error).toMatchObject({ kind: 'connect', retryable: true });
    expect(error.message).toMatch(/^gone: http:\/\/127\.0\.0\.1:9\/v1: ECONNREFUSED/);
  });
});

describe('a stream that is cut over HTTP', () => {
  const before = textEvent('all ') + textEvent('of it');
  const whole = before + finishEvent() + event('[DONE]');
  const cuts = [
    0,
    1,
    6,
    40,
    textEvent('all ').length - 1,
    before.length - 1,
    before.length,
    before.length + 20,
  ];

  it.each(cuts)('after %i bytes is never complete', async (bytes) => {
    const events = await withRawServer(
      (response) => {
        startStream(response);
        response.end(whole.slice(0, bytes));
      },
      ({ model }) => collect(model),
    );
    expect(events.some(({ type }) => type === 'end')).toBe(false);
    expect(events.at(-1)?.type).toBe('failed');
  });

  it('nowhere is complete', async () => {
    const events = await withRawServer(
      (response) => {
        startStream(response);
        response.end(whole);
      },
      ({ model }) => collect(model),
    );
    expect(events.at(-1)).toMatchObject({ type: 'end', response: { text: 'all of it' } });
  });
});

describe('a deadline', () => {
  it('for the first byte ends the attempt, which may be made again', async () => {
    const events = await withRawServer(
      () => {},
      ({ model }) => collect(model),
      { deadlines: { firstByteMs: 60 } },
    );
    const error = failureOf(events);
    expect(error).toMatchObject({ kind: 'timeout', retryable: true });
    expect(error.message).toContain('no first byte within 60 ms');
  });

  it.each<[string, Partial<typeof PATIENT>, ScriptedFault, string]>([
    ['idle', { idleMs: 60 }, { stall: 300 }, 'no content within 60 ms'],
    ['idle, whatever comments come', { idleMs: 120 }, { pingOnly: true }, 'no content within 120 ms'],
    ['total', { totalMs: 80 }, { pingOnly: true }, 'no end within 80 ms'],
  ])('for %s ends the attempt, which may be made again', async (_which, deadlines, fault, message) => {
    const events = await withFault(fault, ({ model }) => collect(model), { ...PATIENT, ...deadlines });
    const error = failureOf(events);
    expect(error).toMatchObject({ kind: 'timeout', retryable: true });
    expect(error.message).toContain(message);
  });

  it('for idle is pushed on by every piece of content', async () => {
    const rules: ScriptedRule[] = [{ answer: { text: 'a b c d e f g h', delay: { betweenMs: 100 } } }];
    const stage = await onScripted(rules, { ...PATIENT, idleMs: 400 });
    const events = await collect(stage.model);
    await stage.close();
    expect(outline(events)).toEqual(['text', 'end']);
  });
});

describe('the network', () => {
  it('is left at once when the attempt is cancelled', async () => {
    await withRawServer(
      (response) => {
        startStream(response);
        response.write(textEvent('one'));
      },
      async ({ model, openConnections }) => {
        const controller = new AbortController();
        for await (const { type } of model.stream(asking('go'), controller.signal)) {
          if (type === 'text') controller.abort();
        }
        await expect.poll(openConnections, { timeout: 2_000 }).toBe(0);
      },
    );
  });

  it('is left when the reader goes away', async () => {
    await withRawServer(
      (response) => {
        startStream(response);
        response.write(textEvent('one'));
      },
      async ({ model, openConnections }) => {
        for await (const _event of model.stream(asking('go'), new AbortController().signal)) break;
        await expect.poll(openConnections, { timeout: 2_000 }).toBe(0);
      },
    );
  });

  it('is left at a deadline', async () => {
    await withRawServer(
      () => {},
      async ({ model, openConnections }) => {
        await collect(model);
        await expect.poll(openConnections, { timeout: 2_000 }).toBe(0);
      },
      { deadlines: { firstByteMs: 40 } },
    );
  });

  it.each([
    ['a response', 200],
    ['an error', 429],
  ])('keeps its connections after %s', async (_what, status) => {
    await withRawServer(
      (response) => {
        if (status === 200) startStream(response);
        else response.writeHead(status, { 'content-type': 'application/json' });
        response.end(status === 200 ? textEvent('x') + finishEvent() + event('[DONE]') : '{"error":{}}');
      },
      async ({ model, connectionCount, requests }) => {
        for (let turn = 0; turn < 10; turn += 1) await collect(model);
        expect(requests).toHaveLength(10);
        // A request in the very tick of an end finds that connection not yet free; the two then take turns.
        expect(connectionCount()).toBeLessThanOrEqual(2);
      },
    );
  });

  it('carries as many requests at once as there are, none behind another', async () => {
    const waiting: (() => void)[] = [];
    await withRawServer(
      (response) => {
        waiting.push(() => {
          startStream(response);
          response.end(textEvent('x') + finishEvent() + event('[DONE]'));
        });
        // Nobody is answered before all have asked.
        if (waiting.length === 64) for (const go of waiting) go();
      },
      async ({ model }) => {
        const all = await Promise.all(Array.from({ length: 64 }, () => collect(model)));
        expect(all.every((events) => events.at(-1)?.type === 'end')).toBe(true);
      },
    );
  });

  it('is not led elsewhere by a redirect', async () => {
    await withRawServer(
      (response) => response.end(),
      async (elsewhere) => {
        const target = `${elsewhere.baseURL}/chat/completions`;
        const error = failureOf(await withFault({ redirect: target }, ({ model }) => collect(model)));
        expect(error).toMatchObject({ kind: 'bad-response', status: 307, retryable: false });
        expect(elsewhere.requests).toEqual([]);
      },
    );
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
      estimated: true,
    });
  });
});
