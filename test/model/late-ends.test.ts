import { describe, expect, it } from 'vitest';
import { statusError, providerError } from '../../src/model/classify-error.ts';
import { ChatAccumulator } from '../../src/model/chat-accumulator.ts';
import { EventStreamReader } from '../../src/model/event-stream.ts';
import { asking, collect, outline } from '../contracts/model.ts';
import { failureOf } from './on-scripted.ts';
import { event, finishEvent, KEY, startStream, textEvent, withRawServer } from './raw-server.ts';

const WHOLE = textEvent('paid for') + finishEvent();

describe('an end that is told', () => {
  it('does not cost the connection, though the body ends later', async () => {
    await withRawServer(
      (response) => {
        startStream(response);
        response.write(WHOLE + event('[DONE]'));
        setTimeout(() => response.end(), 5);
      },
      async ({ model, connectionCount }) => {
        for (let turn = 0; turn < 10; turn += 1) {
          await collect(model);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        expect(connectionCount()).toBeLessThanOrEqual(2);
      },
    );
  });
});

describe('a response whose finish reason has come', () => {
  it('is whole, even if the connection then breaks', async () => {
    const events = await withRawServer(
      (response) => {
        startStream(response);
        response.write(WHOLE);
        setTimeout(() => response.socket?.destroy(), 20);
      },
      ({ model }) => collect(model),
    );
    expect(events.at(-1)).toMatchObject({ type: 'end', response: { text: 'paid for' } });
  });

  it('is whole, even if nothing follows', async () => {
    const events = await withRawServer(
      (response) => {
        startStream(response);
        response.write(WHOLE);
      },
      ({ model }) => collect(model),
      { deadlines: { idleMs: 80 } },
    );
    expect(outline(events)).toEqual(['text', 'end']);
  });

  it('is cancelled all the same when it is cancelled before its end is told', async () => {
    await withRawServer(
      (response) => {
        startStream(response);
        response.end(WHOLE + event('[DONE]'));
      },
      async ({ model }) => {
        const controller = new AbortController();
        const events = await collect(model, asking('go'), {
          signal: controller.signal,
          onEvent: ({ type }) => type === 'text' && controller.abort(),
        });
        expect(outline(events)).toEqual(['text', 'failed cancelled']);
      },
    );
  });

  it('does not keep its connection for ever when its body never ends', async () => {
    await withRawServer(
      (response) => {
        startStream(response);
        response.write(WHOLE + event('[DONE]'));
      },
      async ({ model, openConnections }) => {
        expect(outline(await collect(model))).toEqual(['text', 'end']);
        await expect.poll(openConnections, { timeout: 8_000 }).toBe(0);
      },
    );
  });
});

describe('a secret', () => {
  it('is not shown in part where a long message is cut', async () => {
    for (const before of [980, 985, 990, 995]) {
      const error = await withRawServer(
        (response) => {
          response.writeHead(401, { 'content-type': 'application/json' });
          response.end(JSON.stringify({ error: { message: `${'x'.repeat(before)} ${KEY}` } }));
        },
        async ({ model }) => failureOf(await collect(model)),
      );
      expect(error.message).not.toContain(KEY.slice(0, 4));
    }
  });

  it('in a header of the configuration is hidden like the key', async () => {
    const error = await withRawServer(
      (response, request) => {
        response.writeHead(401, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ error: { message: `bad ${String(request.headers['api-key'])}` } }));
      },
      async ({ model }) => failureOf(await collect(model)),
      { provider: { headers: { 'api-key': 'header-secret-999' } } },
    );
    expect(error.message).not.toContain('header-secret');
  });
});

describe('an error', () => {
  it('429 that speaks of tokens is a rate, not a length', () => {
    const text = 'Too many tokens, please wait before trying again.';
    expect(statusError({ status: 429, code: '', text, retryAfterMs: undefined })).toMatchObject({
      kind: 'rate-limited',
      retryable: true,
    });
  });

  it.each([
    [{ code: 'insufficient_quota', message: 'none left' }, 'quota', false],
    [{ message: 'none left', metadata: { error_type: 'payment_required' } }, 'quota', false],
    [{ code: '429', message: 'slower' }, 'rate-limited', true],
  ])('%j in a stream is told apart', (error, kind, retryable) => {
    expect(providerError(error)).toMatchObject({ kind, retryable });
  });
});

describe('odd streams', () => {
  const chunk = (choice: object) => JSON.stringify({ choices: [choice] });

  it('of two answers give the first', () => {
    const accumulator = new ChatAccumulator();
    for (const [index, content] of [
      [0, 'A'],
      [1, 'B'],
      [0, 'a'],
      [1, 'b'],
    ] as const)
      accumulator.push(chunk({ index, delta: { content }, finish_reason: null }));
    accumulator.push(chunk({ index: 0, delta: {}, finish_reason: 'stop' }));
    expect(accumulator.end(false).text).toBe('Aa');
  });

  it('with a refusal give its words', () => {
    const accumulator = new ChatAccumulator();
    accumulator.push(chunk({ index: 0, delta: { refusal: 'I cannot.' }, finish_reason: null }));
    accumulator.push(chunk({ index: 0, delta: {}, finish_reason: 'stop' }));
    expect(accumulator.end(false).text).toBe('I cannot.');
  });

  it('that stop inside arguments are incomplete', () => {
    const accumulator = new ChatAccumulator();
    const tool_calls = [{ index: 0, id: 'x', function: { name: 'w', arguments: '{"a' } }];
    accumulator.push(chunk({ index: 0, delta: { tool_calls }, finish_reason: 'stop' }));
    expect(() => accumulator.end(false)).toThrow(expect.objectContaining({ kind: 'incomplete-stream' }));
  });

  it('that begin with a byte order mark lose nothing', () => {
    expect(new EventStreamReader().push(Buffer.from('\ufeffdata: a\n\ndata: b\n\n'))).toEqual(['a', 'b']);
  });
});
