import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../../src/errors.ts';
import { ChatAccumulator } from '../../src/model/chat-accumulator.ts';
import type { ModelResponse } from '../../src/model/model.ts';

const FINISH = { delta: {}, finish_reason: 'tool_calls' };

function accumulate(choices: readonly object[], extra: object = {}): ChatAccumulator {
  const accumulator = new ChatAccumulator();
  for (const choice of choices) accumulator.push(JSON.stringify({ choices: [choice], ...extra }));
  return accumulator;
}

function calls(...deltas: readonly object[]): ModelResponse['toolCalls'] {
  return accumulate([...deltas.map((delta) => ({ delta })), FINISH]).end(false).toolCalls;
}

const piece = (data: object, name?: string, args?: unknown): object => ({
  ...data,
  function: { ...(name === undefined ? {} : { name }), ...(args === undefined ? {} : { arguments: args }) },
});

describe('tool calls', () => {
  it.each<[string, object[], [string, string, string][]]>([
    [
      'in pieces, by index',
      [
        { tool_calls: [piece({ index: 0, id: 'a' }, 'read', '')] },
        { tool_calls: [piece({ index: 0 }, undefined, '{"p":')] },
        { tool_calls: [piece({ index: 0 }, undefined, '1}'), piece({ index: 1, id: 'b' }, 'ls', '{}')] },
      ],
      [
        ['a', 'read', '{"p":1}'],
        ['b', 'ls', '{}'],
      ],
    ],
    [
      'that share an index but not an id',
      [
        { tool_calls: [piece({ index: 0, id: 'x1' }, 'w', '{"p":1}')] },
        { tool_calls: [piece({ index: 0, id: 'x2' }, 'w', '{"p":2}')] },
      ],
      [
        ['x1', 'w', '{"p":1}'],
        ['x2', 'w', '{"p":2}'],
      ],
    ],
    [
      'without index, by place',
      [{ tool_calls: [piece({ id: 'x1' }, 'a', '{}'), piece({ id: 'x2' }, 'b', '{}')] }],
      [
        ['x1', 'a', '{}'],
        ['x2', 'b', '{}'],
      ],
    ],
    [
      'with their name in pieces, whole once more, or growing',
      [
        { tool_calls: [piece({ index: 0, id: 'a' }, 're'), piece({ index: 1, id: 'b' }, 'write', '{"p"')] },
        { tool_calls: [piece({ index: 0 }, 'ad', '{'), piece({ index: 1 }, 'write', ':1}')] },
        { tool_calls: [piece({ index: 0 }, undefined, '}'), piece({ index: 2, id: 'c' }, 'li')] },
        { tool_calls: [piece({ index: 2 }, 'list', '{}')] },
      ],
      [
        ['a', 'read', '{}'],
        ['b', 'write', '{"p":1}'],
        ['c', 'list', '{}'],
      ],
    ],
    [
      'with empty ids and names that say nothing',
      [
        { tool_calls: [piece({ index: 0, id: 'x' }, 'a', '')] },
        { tool_calls: [piece({ index: 0, id: '' }, '', '{}')] },
      ],
      [['x', 'a', '{}']],
    ],
    [
      'with a name that is sent again',
      [
        { tool_calls: [piece({ index: 0, id: 'x' }, 'a', '{')] },
        { tool_calls: [piece({ index: 0, id: 'x' }, 'a', '}')] },
      ],
      [['x', 'a', '{}']],
    ],
    [
      'with arguments as an object',
      [{ tool_calls: [piece({ index: 0, id: 'x' }, 'a', { p: 1 })] }],
      [['x', 'a', '{"p":1}']],
    ],
    [
      'with sparse indices, in order of appearance',
      [{ tool_calls: [piece({ index: 7, id: 'x' }, 'a', '{}'), piece({ index: 2, id: 'y' }, 'b', '{}')] }],
      [
        ['x', 'a', '{}'],
        ['y', 'b', '{}'],
      ],
    ],
  ])('%s are put together', (_what, deltas, expected) => {
    expect(calls(...deltas).map(({ id, name, arguments: args }) => [id, name, args])).toEqual(expected);
  });

  it('without an id get one of their own', () => {
    const made = calls(
      { tool_calls: [piece({ index: 0 }, 'w', '{')] },
      { tool_calls: [piece({ index: 0 }, undefined, '}'), piece({ index: 1 }, 'w', '{}')] },
    );
    expect(made.map((call) => call.arguments)).toEqual(['{}', '{}']);
    expect(made[0]?.id).toMatch(/^call_[0-9a-f]{24}$/);
    expect(made[0]?.id).not.toBe(made[1]?.id);
  });

  it('that were given one id between them are told apart', () => {
    const made = calls({
      tool_calls: [piece({ index: 0, id: 'x' }, 'a', '{}'), piece({ index: 1, id: 'x' }, 'b', '{}')],
    });
    expect(made.map((call) => call.name)).toEqual(['a', 'b']);
    expect(new Set(made.map((call) => call.id)).size).toBe(2);
  });

  it('without end are refused', () => {
    const many = Array.from({ length: 200 }, (_, index) => ({
      index,
      id: `c${index}`,
      function: { name: 'a' },
    }));
    expect(() => calls({ tool_calls: many })).toThrow('more than 128 tool calls');
  });
});

describe('the end of a stream', () => {
  const call = { delta: { tool_calls: [piece({ index: 0, id: 'x' }, 'a', '{"p":1}')] } };
  const half = { delta: { tool_calls: [piece({ index: 0, id: 'x' }, 'a', '{"p":')] } };
  const text = { delta: { content: 'hi' } };

  it.each<[string, object[], boolean, string | Error, number]>([
    ['stop with whole calls is a call for tools', [call, { finish_reason: 'stop' }], false, 'tool-calls', 1],
    ['length drops the calls', [text, half, { finish_reason: 'length' }], false, 'length', 0],
    [
      'content_filter drops the calls',
      [call, { finish_reason: 'content_filter' }],
      false,
      'content-filter',
      0,
    ],
    ['function_call is the old name', [call, { finish_reason: 'function_call' }], false, 'tool-calls', 1],
    ['[DONE] alone is enough for a lenient provider', [text], true, 'stop', 0],
    ['[DONE] alone with whole calls too', [call], true, 'tool-calls', 1],
  ])('%s', (_what, choices, done, finishReason, callCount) => {
    const response = accumulate(choices).end(done);
    expect([response.finishReason, response.toolCalls.length]).toEqual([finishReason, callCount]);
  });

  it.each<[string, object[], boolean]>([
    ['text without a finish reason', [text], false],
    ['whole calls without a finish reason', [call], false],
    ['half a call and [DONE]', [half], true],
    ['nothing and [DONE]', [], true],
  ])('with %s is incomplete', (_what, choices, done) => {
    expect(() => accumulate(choices).end(done)).toThrow(
      expect.objectContaining({ kind: 'incomplete-stream', retryable: true }) as Error,
    );
  });

  it.each(['{"p":', '{"p":1', '{"p":"a', '[1,', '{"p"'])(
    'in the middle of arguments is incomplete: %s',
    (args) => {
      const cut = { delta: { tool_calls: [piece({ index: 0, id: 'x' }, 'a', args)] } };
      expect(() => accumulate([cut, { finish_reason: 'stop' }]).end(false)).toThrow(
        expect.objectContaining({ kind: 'incomplete-stream' }) as Error,
      );
    },
  );

  it.each([`{'p':1}`, '{"p":1}{"p":2}', 'nonsense'])(
    'after malformed arguments leaves them to the tool: %s',
    (args) => {
      const call = { delta: { tool_calls: [piece({ index: 0, id: 'x' }, 'a', args)] } };
      expect(accumulate([call, { finish_reason: 'stop' }]).end(false).toolCalls).toHaveLength(1);
    },
  );

  it.each(['abort', 'error', 'banana'])('with the unknown reason "%s" has failed', (finish_reason) => {
    expect(() => accumulate([text, { finish_reason }])).toThrow(
      expect.objectContaining({ kind: 'provider' }) as Error,
    );
  });
});

describe('usage', () => {
  const usage = { prompt_tokens: 5, completion_tokens: 2 };
  it.each<[string, object[]]>([
    ['in a chunk of its own', [{ choices: [], usage }]],
    [
      'in every chunk: the last counts',
      [
        { choices: [], usage: { ...usage, completion_tokens: 1 } },
        { choices: [], usage },
      ],
    ],
    ['inside the choice', [{ choices: [{ delta: {}, usage }] }]],
  ])('is found %s', (_where, chunks) => {
    const accumulator = accumulate([{ delta: { content: 'x' }, finish_reason: 'stop' }]);
    for (const chunk of chunks) accumulator.push(JSON.stringify(chunk));
    expect(accumulator.end(false).usage).toMatchObject({ inputTokens: 5, outputTokens: 2, totalTokens: 7 });
  });

  it('that never came is said to be missing', () => {
    expect(accumulate([{ finish_reason: 'stop' }]).hasUsage).toBe(false);
  });
});

describe('reasoning', () => {
  it('sent under two names is counted once', () => {
    const delta = { reasoning_content: 'hm', reasoning: 'hm' };
    expect(accumulate([{ delta }, { finish_reason: 'stop' }]).end(false).reasoning).toBe('hm');
  });
});

describe('an error inside the stream', () => {
  it.each<[object, string, boolean]>([
    [
      { code: 429, message: 'slow down', metadata: { error_type: 'rate_limit_exceeded' } },
      'rate-limited',
      true,
    ],
    [{ code: 'rate_limit_exceeded', message: 'x' }, 'rate-limited', true],
    [{ code: 502, message: 'bad gateway' }, 'server', true],
    [{ type: 'overloaded_error', message: 'x' }, 'overloaded', true],
    [{ code: 'insufficient_quota', message: 'pay' }, 'quota', false],
    [{ code: 401, message: 'no' }, 'auth', false],
    [{ code: 400, message: 'maximum context length is 10' }, 'context-length', false],
    [{ message: 'who knows' }, 'provider', true],
  ])('%j is %s', (error, kind, retryable) => {
    expect(() => new ChatAccumulator().push(JSON.stringify({ error }))).toThrow(
      expect.objectContaining({ kind, retryable }) as Error,
    );
  });
});

it('takes any chunk without throwing anything but a ModelError, and leaves prototypes alone', () => {
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(null, '', 'x', 0, -1, true, '__proto__'),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(
        fc.constantFrom(
          'choices',
          'delta',
          'tool_calls',
          'index',
          'id',
          'function',
          'name',
          'arguments',
          'content',
          'usage',
          'finish_reason',
          'error',
          '__proto__',
        ),
        tie('any'),
        { maxKeys: 5 },
      ),
    ),
  })).any;
  fc.assert(
    fc.property(fc.array(value, { maxLength: 6 }), (chunks) => {
      const accumulator = new ChatAccumulator();
      try {
        for (const chunk of chunks) accumulator.push(JSON.stringify(chunk));
        accumulator.end(true);
      } catch (error) {
        expect(error).toBeInstanceOf(ModelError);
      }
      expect(Object.keys(Object.prototype)).toEqual([]);
    }),
    { numRuns: 5_000 },
  );
});

describe('reasoning details', () => {
  function details(...deltas: readonly (readonly object[])[]): ModelResponse['reasoningDetails'] {
    const choices = deltas.map((reasoning_details) => ({ delta: { reasoning_details } }));
    return accumulate([...choices, FINISH]).end(false).reasoningDetails;
  }

  it('are put together by index, type and id, in the order in which they began', () => {
    const text = { type: 'reasoning.text', index: 0, format: 'anthropic-claude-v1' };
    const encrypted = { type: 'reasoning.encrypted', index: 0 };
    expect(
      details(
        [{ ...text, text: 'I ' }],
        [
          { ...text, text: 'see' },
          { ...encrypted, id: 'rs_1', data: 'AA' },
        ],
        [
          { ...encrypted, data: 'BB' },
          { ...encrypted, id: 'rs_2', data: 'CC' },
        ],
        [{ ...text, signature: 'sig', format: null }],
      ),
    ).toEqual([
      { ...text, text: 'I see', signature: 'sig' },
      { ...encrypted, id: 'rs_1', data: 'AABB' },
      { ...encrypted, id: 'rs_2', data: 'CC' },
    ]);
  });

  it('are kept whatever is in them, and are absent where there were none', () => {
    const odd = JSON.parse(
      '{"type":"reasoning.new","index":3,"__proto__":{"a":1},"nested":{"text":"x"}}',
    ) as object;
    expect(JSON.stringify(details([odd]))).toBe(JSON.stringify([odd]));
    expect(details([])).toBeUndefined();
  });
});
