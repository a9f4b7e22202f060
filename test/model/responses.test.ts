import { describe, expect, it } from 'vitest';
import type { ScriptedFault } from '../../src/model/scripted/script.ts';
import { ResponsesAccumulator } from '../../src/model/responses-accumulator.ts';
import { collect, modelContract, outline } from '../contracts/model.ts';
import { failureOf, onScripted, withFault } from './on-scripted.ts';
import { event, KEY, PATIENT, startStream, withRawServer, type RawServer } from './raw-server.ts';

const QUIRKS = { api: 'responses' } as const;

modelContract((rules) => onScripted(rules, PATIENT, QUIRKS));

function completed(output: readonly object[], more: object = {}): string {
  return event({
    type: 'response.completed',
    response: { status: 'completed', model: 'm', output, usage: null, ...more },
  });
}

function message(text: string): object {
  return { type: 'message', id: 'msg_1', role: 'assistant', content: [{ type: 'output_text', text }] };
}

/** Runs `use` on a server that answers with this stream and a model in front of it. */
function withStream<Result>(stream: string, use: (server: RawServer) => Promise<Result>): Promise<Result> {
  return withRawServer(
    (response) => {
      startStream(response);
      response.end(stream);
    },
    use,
    { provider: { quirks: QUIRKS } },
  );
}

describe('a fault', () => {
  it.each<[string, ScriptedFault, string, boolean]>([
    ['status 401', { status: 401 }, 'auth', false],
    ['status 429', { status: 429 }, 'rate-limited', true],
    ['status 503', { status: 503 }, 'overloaded', true],
    ['a web page', { html: true }, 'bad-response', false],
    ['a JSON body', { json: true }, 'bad-response', false],
    ['a line without end', { hugeLine: 5 * 1024 * 1024 }, 'bad-response', false],
    ['a broken connection', { refuse: true }, 'connect', true],
    ['a connection cut in the stream', { cutAtByte: 400 }, 'connect', true],
    ['a body that ends in the stream', { endAtByte: 400 }, 'incomplete-stream', true],
    ['no last event', { noFinish: true }, 'incomplete-stream', true],
    ['[DONE] without a last event', { doneOnly: true }, 'incomplete-stream', true],
    ['an error, told twice', { errorEvent: { code: 'server_error', message: 'upstream' } }, 'server', true],
    [
      'an error with its own object',
      { errorEvent: { error: { code: 'rate_limit_exceeded', message: 'slower' } } },
      'rate-limited',
      true,
    ],
  ])('%s is one failure of its kind, and last', async (_what, fault, kind, retryable) => {
    const events = await withFault(fault, ({ model }) => collect(model), PATIENT, QUIRKS);
    expect(events.filter(({ type }) => type === 'end' || type === 'failed')).toHaveLength(1);
    expect(failureOf(events)).toMatchObject({ kind, retryable, code: 'model_error' });
  });
});

describe('output items', () => {
  it.each(['response.output_text.delta', 'response.output_item.done', 'response.completed'])(
    'without end are refused: %s',
    (type) => {
      const accumulator = new ResponsesAccumulator();
      const item = { type: 'message', content: [{ type: 'output_text', text: 'x' }] };
      const push = (event: object): void => accumulator.push(JSON.stringify({ type, ...event }));
      const many = Array.from({ length: 513 }, (_, index) => index);
      expect(() => {
        if (type === 'response.completed')
          push({ response: { status: 'completed', output: many.map(() => item) } });
        else for (const output_index of many) push({ output_index, delta: 'x', item });
      }).toThrow('more than 512 output items');
    },
  );
});

describe('the end of a response', () => {
  it.each([
    ['max_output_tokens', 'length'],
    ['content_filter', 'content-filter'],
  ])('that was cut by %s says so, and its calls are not run', async (reason, finishReason) => {
    const stream = event({
      type: 'response.incomplete',
      response: {
        status: 'incomplete',
        incomplete_details: { reason },
        output: [message('so f'), { type: 'function_call', call_id: 'c', name: 'rm', arguments: '{"pa' }],
      },
    });
    const events = await withStream(stream, ({ model }) => collect(model));
    expect(outline(events)).toEqual(['text', 'end']);
    expect(events.at(-1)).toMatchObject({ response: { text: 'so f', toolCalls: [], finishReason } });
  });

  it.each([
    [
      'a reason that nobody knows',
      event({
        type: 'response.incomplete',
        response: { status: 'incomplete', incomplete_details: { reason: 'moon' } },
      }),
      'provider',
    ],
    [
      'a failure',
      event({
        type: 'response.failed',
        response: { status: 'failed', error: { code: 'server_error', message: 'x' } },
      }),
      'server',
    ],
    ['a cancellation', event({ type: 'response.cancelled', response: { status: 'cancelled' } }), 'provider'],
  ])('by %s is a failure', async (_what, stream, kind) => {
    expect(failureOf(await withStream(stream, ({ model }) => collect(model))).kind).toBe(kind);
  });

  it('shows what only it has brought', async () => {
    const events = await withStream(completed([message('all at once')]), ({ model }) => collect(model));
    expect(outline(events)).toEqual(['text', 'end']);
    expect(events.at(-1)).toMatchObject({ response: { text: 'all at once' } });
  });

  it('may be the body of an answer that is no stream', async () => {
    const body = JSON.stringify({
      object: 'response',
      status: 'completed',
      output: [message('whole')],
      error: null,
    });
    const events = await withRawServer(
      (response) => response.writeHead(200, { 'content-type': 'application/json' }).end(body),
      ({ model }) => collect(model),
      { provider: { quirks: QUIRKS } },
    );
    expect(events.at(-1)).toMatchObject({ type: 'end', response: { text: 'whole', finishReason: 'stop' } });
  });
});

describe('what goes back with the history', () => {
  const thought = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAA' };
  const call = { type: 'function_call', id: 'fc_1', call_id: 'c1', name: 'ls', arguments: '{}' };

  async function detailsOf(output: readonly object[]): Promise<readonly unknown[] | undefined> {
    const events = await withStream(completed(output), ({ model }) => collect(model));
    const last = events.at(-1);
    if (last?.type !== 'end') throw new Error(`expected an end, got ${last?.type}`);
    expect(last.response.from).toEqual({ provider: 'raw', model: 'scripted', api: 'responses' });
    return last.response.reasoningDetails;
  }

  it('are all items of a response with encrypted reasoning, unchanged and in order', async () => {
    const output = [thought, message('looking'), { ...thought, id: 'rs_2' }, call];
    expect(await detailsOf(output)).toEqual(output);
  });

  it('are all items where a message has a phase, or a call is no function’s', async () => {
    const spoken = [{ ...message('so'), phase: 'commentary' }, call];
    expect(await detailsOf(spoken)).toEqual(spoken);
    const custom = [{ type: 'custom_tool_call', id: 'ct', call_id: 'c1', name: 'sql', input: 'SELECT 1' }];
    expect(await detailsOf(custom)).toEqual(custom);
  });

  it('is nothing where text and calls say it all', async () => {
    expect(await detailsOf([message('looking'), call])).toBeUndefined();
  });

  it('is nothing where the reasoning did not come: calls would be refused without it', async () => {
    expect(await detailsOf([{ ...thought, encrypted_content: null }, call])).toBeUndefined();
  });

  it('is without the key, wherever that was echoed', async () => {
    const details = await detailsOf([thought, message(`your key is ${KEY}`)]);
    expect(JSON.stringify(details)).not.toContain(KEY);
    expect(details?.[0]).toEqual(thought);
  });
});
