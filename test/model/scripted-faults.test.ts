import { describe, expect, it } from 'vitest';
import type { ScriptedFault, ScriptedRule } from '../../src/model/scripted/script.ts';
import { ask, parseStream, withModel, type Answered } from './scripted-client.ts';

const ANSWER = { text: 'naïve words, quite a few of them', calls: [{ name: 'list', arguments: {} }] };

function failing(fault: ScriptedFault, rule: Partial<ScriptedRule> = {}): Promise<Answered> {
  return withModel([{ answer: ANSWER, ...rule, fault }], (server) => ask(server, 'hi'));
}

/** The bytes of the same answer without a fault. */
function unbroken(answer: ScriptedRule['answer'] = ANSWER): Promise<string> {
  return withModel([{ answer }], async (server) => (await ask(server, 'hi')).body);
}

describe('a fault in place of the answer', () => {
  it('is a status with an error body like OpenAI’s', async () => {
    const { status, body, headers } = await failing({ status: 429 });
    expect([status, headers['retry-after']]).toEqual([429, undefined]);
    expect(headers['x-skein-scripted-model']).toBe('not a language model');
    expect(JSON.parse(body)).toMatchObject({ error: { code: 'rate_limit_exceeded' } });
    expect(JSON.parse((await failing({ status: 503 })).body)).toMatchObject({
      error: { type: 'server_error' },
    });
  });

  it('is a status with the headers, the Retry-After and the body that the script gives', async () => {
    const { headers } = await failing({ status: 429, retryAfter: 7, headers: { 'X-Request-Id': 'r1' } });
    expect([headers['retry-after'], headers['x-request-id']]).toEqual(['7', 'r1']);
    expect((await failing({ status: 500, body: 'plain' })).body).toBe('plain');
    expect((await failing({ status: 400, body: { error: { code: 400 } } })).body).toBe(
      '{"error":{"code":400}}',
    );
  });

  it('is a web page or a JSON body that is no completion, both with status 200', async () => {
    const page = await failing({ html: true });
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.body).toMatch(/^<!doctype html>/);
    const json = await failing({ json: true });
    expect([json.status, json.headers['content-type']]).toEqual([200, 'application/json']);
    expect(JSON.parse(json.body)).not.toHaveProperty('choices');
  });

  it('is a connection that breaks without an answer', async () => {
    await expect(failing({ refuse: true })).rejects.toThrow();
  });

  it('is a 401 that repeats the key', () =>
    withModel([{ fault: { echoKey: true } }], async (server) => {
      const { status, body } = await ask(
        server,
        'hi',
        {},
        { headers: { authorization: 'Bearer not-a-key' } },
      );
      expect([status, body]).toEqual([401, expect.stringContaining('Bearer not-a-key')]);
    }));

  it('is a redirect', async () => {
    const { status, headers } = await failing({ redirect: 'http://127.0.0.1:9/v1' });
    expect([status, headers.location]).toEqual([307, 'http://127.0.0.1:9/v1']);
  });

  it('is a stream of nothing but comments', () =>
    withModel([{ fault: { pingOnly: true } }], async (server) => {
      const { body, end, headers } = await ask(server, 'hi', {}, { giveUpAfter: 24 });
      expect([headers['content-type'], end]).toEqual(['text/event-stream', 'given-up']);
      expect(body).toMatch(/^(: ping\n\n)+$/);
    }));

  it('is one event as large as asked for, however large', async () => {
    const { body, end } = await failing({ hugeLine: 5_000_000 });
    const { text, finish, done } = parseStream(body);
    expect([text.length, finish, done, end]).toEqual([5_000_000, 'tool_calls', true, 'whole']);
  });
});

describe('a fault in the stream', () => {
  it('cuts the connection after exactly so many bytes', async () => {
    const whole = Buffer.from(await unbroken());
    for (const bytes of [0, 1, 100, whole.indexOf('ï') + 1, whole.length - 1]) {
      const { body, end, status } = await failing({ cutAtByte: bytes });
      expect([status, end, body]).toEqual([200, 'broken', whole.subarray(0, bytes).toString()]);
    }
  });

  it('cuts at a byte that is reached only after waits', async () => {
    const answer = { text: 'one two three', delay: { firstMs: 2, betweenMs: 2 } };
    const whole = await unbroken(answer);
    const cut = whole.indexOf('two') + 1;
    const { body, end } = await failing({ cutAtByte: cut }, { answer });
    expect([end, body]).toEqual(['broken', whole.slice(0, cut)]);
  });

  it('ends the body after exactly so many bytes, as if it were whole', async () => {
    const whole = await unbroken();
    for (const bytes of [0, 150, whole.indexOf('[DONE]')]) {
      const { body, end } = await failing({ endAtByte: bytes });
      expect([end, Buffer.byteLength(body)]).toEqual(['whole', bytes]);
    }
  });

  it('garbles the event after so many bytes, and ends there', async () => {
    const whole = await unbroken();
    const { body, end } = await failing({ garbleAtByte: 200 });
    expect([end, body.slice(0, 200)]).toEqual(['whole', whole.slice(0, 200)]);
    const last = /^\n\ndata: (.+)\n\n$/.exec(body.slice(200))?.[1];
    expect(last).toBeDefined();
    expect(() => JSON.parse(last!) as unknown).toThrow(SyntaxError);
  });

  it('leaves an answer that is shorter as it is', async () => {
    const whole = await unbroken();
    for (const fault of [{ cutAtByte: 1e6 }, { endAtByte: 1e6 }, { garbleAtByte: 1e6 }, { stall: 1e6 }]) {
      const { body, end } = await failing(fault);
      expect([end, body]).toEqual(['whole', whole]);
    }
  });

  it('stalls after so many bytes with the connection open', () =>
    withModel([{ answer: ANSWER, fault: { stall: 200 } }], async (server) => {
      const whole = await unbroken();
      const { body, end } = await ask(server, 'hi', {}, { giveUpAfter: 200 });
      expect([end, body]).toEqual(['given-up', Buffer.from(whole).subarray(0, 200).toString()]);
    }));

  it('is an error after the deltas, and then the stream ends', async () => {
    const { body, end } = await failing({ errorEvent: { code: 429, message: 'busy' } });
    const { text, finish, done, chunks } = parseStream(body);
    expect([text, finish, done, end]).toEqual([ANSWER.text, null, false, 'whole']);
    expect(chunks.at(-1)).toEqual({ error: { code: 429, message: 'busy' } });
  });

  it('sends an error event that is complete as it is', async () => {
    const event = { error: { code: 502 }, choices: [{ delta: { content: '' }, finish_reason: 'error' }] };
    const { body } = await failing({ errorEvent: event });
    expect(parseStream(body).chunks.at(-1)).toEqual(event);
  });

  it('leaves out the finish reason, with or without [DONE]', async () => {
    const without = parseStream((await failing({ noFinish: true })).body);
    expect([without.text, without.finish, without.done]).toEqual([ANSWER.text, null, false]);
    const withDone = parseStream((await failing({ doneOnly: true })).body);
    expect([withDone.calls.length, withDone.finish, withDone.done]).toEqual([1, null, true]);
  });

  it('breaks a text of its own when the rule has no answer', () =>
    withModel([{ fault: { noFinish: true } }], async (server) => {
      expect(parseStream((await ask(server, 'hi')).body).text).not.toBe('');
    }));
});

describe('a fault in one body', () => {
  it.each([
    ['an error', { errorEvent: { message: 'busy' } }, { error: { message: 'busy' } }],
    ['no finish reason', { noFinish: true }, { choices: [{ finish_reason: null }] }],
  ])('is %s', (_, fault, expected) =>
    withModel([{ answer: ANSWER, fault }], async (server) => {
      const { body } = await ask(server, 'hi', { stream: false });
      expect(JSON.parse(body)).toMatchObject(expected);
    }),
  );

  it('is a cut as in a stream', () =>
    withModel([{ answer: ANSWER, fault: { cutAtByte: 20 } }], async (server) => {
      const { body, end } = await ask(server, 'hi', { stream: false });
      expect([body.length, end]).toEqual([20, 'broken']);
    }));
});

describe('a fault that is used up', () => {
  it('makes way for the answer, so that a second try succeeds', () =>
    withModel(
      [{ times: 1, fault: { status: 429, retryAfter: 0 } }, { answer: { text: 'now' } }],
      async (server) => {
        expect((await ask(server, 'hi')).status).toBe(429);
        expect(parseStream((await ask(server, 'hi')).body).text).toBe('now');
      },
    ));
});
