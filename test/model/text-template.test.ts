import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { ModelError } from '../../src/errors.ts';
import { ChatAccumulator } from '../../src/model/chat-accumulator.ts';
import type { ResponseAccumulator } from '../../src/model/response-accumulator.ts';
import { ResponsesAccumulator } from '../../src/model/responses-accumulator.ts';
import { TextTemplate } from '../../src/model/text-template.ts';

const chunk = (content: string, extra: object = {}): string =>
  JSON.stringify({ id: 'c', model: 'm', choices: [{ index: 0, delta: { content }, ...extra }] });

const event = (delta: string, number: number, padding: string): string =>
  JSON.stringify({ sequence_number: number, item_id: 'i', delta, logprobs: [], obfuscation: padding });

/** Has learnt one of the chunks above, one of the events. */
function learnt(): { readonly chunks: TextTemplate; readonly events: TextTemplate } {
  const [chunks, events] = [new TextTemplate('content'), new TextTemplate('delta')];
  chunks.learn(chunk('a'), 'a');
  events.learn(event('a', 9, 'x'), 'a');
  return { chunks, events };
}

describe('a chunk like the learnt one', () => {
  it.each(['b', 'two words', 'ünïcödé 語 🎉', ' ', '', '<|im_end|>', 'a"b', 'a\nb\\', '\u2028\u0001'])(
    'gives its text: %j',
    (text) => {
      expect(learnt().chunks.match(chunk(text))).toBe(text);
    },
  );

  it('may have another number and another padding', () => {
    const { events } = learnt();
    expect(events.match(event('b', 10, 'yyyy'))).toBe('b');
    expect(events.match(event('c', 0, ''))).toBe('c');
  });

  it('is learnt from one whose text is written with escapes', () => {
    const template = new TextTemplate('delta');
    expect(template.learn('{"delta":"\\u0061\\/","n":1}', 'a/')).toBe(true);
    expect(template.match('{"delta":"b","n":1}')).toBe('b');
  });
});

describe('a chunk that could mean something else', () => {
  it.each([
    ['an escape that is none', chunk('#').replace('#', '\\x')],
    ['an escape that is cut off', chunk('#').replace('#', '\\u00')],
    ['a finish reason', chunk('b', { finish_reason: 'stop' })],
    [
      'a tool call',
      JSON.stringify({ id: 'c', model: 'm', choices: [{ index: 0, delta: { tool_calls: [{}] } }] }),
    ],
    ['another id', chunk('b').replace('"c"', '"d"')],
    ['less than the frame', chunk('').slice(0, -3)],
    ['more than the frame', `${chunk('b')}}`],
    ['a number for a text', chunk('#').replace('"#"', '1')],
    ['a raw control character', chunk('#').replace('#', '\u0001')],
    ['a quote that ends the text early', chunk('#').replace('#', 'x","y":"')],
  ])('is left to the parser: %s', (_what, data) => {
    expect(learnt().chunks.match(data)).toBeUndefined();
  });

  it.each([
    ['a number with a leading zero', event('b', 10, 'x').replace('10', '010')],
    ['a number below zero', event('b', -10, 'x')],
    ['no number', event('b', 10, 'x').replace('10', '')],
    ['an escape in the padding', event('b', 10, '\n')],
    ['no padding', event('b', 10, 'x').replace(',"obfuscation":"x"', '')],
  ])('is left to the parser: %s', (_what, data) => {
    expect(learnt().events.match(data)).toBeUndefined();
  });

  it.each([
    '{"note":{"content":"a"},"choices":[{"delta":{"content": "a"}}]}',
    '{"choices":[{"delta":{"content":"a"}}],"note":"content"}',
    '{"c\\u006fntent":"a","note":"content"}',
    '{"c\\u006fntent":"a","content":"b"}',
  ])('is never learnt from one where the text may stand elsewhere: %s', (data) => {
    const template = new TextTemplate('content');
    expect(template.learn(data, 'a')).toBe(false);
    expect(template.match(data)).toBeUndefined();
  });
});

describe('a provider whose chunks never repeat', () => {
  const learns = (template: TextTemplate, id: number): boolean =>
    template.learn(`{"id":${id},"delta":"a"}`, 'a');

  it('is not learnt from for ever', () => {
    const template = new TextTemplate('delta');
    const learned = Array.from({ length: 20 }, (_, id) => learns(template, id));
    expect(learned).toEqual([...Array<boolean>(8).fill(true), ...Array<boolean>(12).fill(false)]);
  });

  it('is another than one whose chunks repeat once in a while', () => {
    const template = new TextTemplate('delta');
    for (let id = 0; id < 20; id += 1) {
      expect(learns(template, id)).toBe(true);
      expect(template.match(`{"id":${id},"delta":"b"}`)).toBe('b');
    }
  });
});

it.each([
  ['Chat Completions', new ChatAccumulator(), (text: string) => chunk(text)],
  [
    'Chat Completions with padding',
    new ChatAccumulator(),
    (text: string) => chunk(text).replace(/}$/, `,"obfuscation":"${text}"}`),
  ],
  [
    'Responses',
    new ResponsesAccumulator(),
    (text: string) => event(text, text.length, text).replace('{', '{"type":"response.output_text.delta",'),
  ],
])('parses one delta of a hundred: %s', (_name, accumulator, encode) => {
  const parse = vi.spyOn(JSON, 'parse');
  for (let length = 1; length <= 100; length += 1) accumulator.push(encode('x'.repeat(length)));
  const { calls } = parse.mock;
  parse.mockRestore();
  expect(calls).toHaveLength(1);
  expect(accumulator).toMatchObject({ chars: 5050, contentCount: 100 });
});

it('reads any sequence of texts exactly as parsing would', () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('"', '\\', '\n', '{}', 'content'),
  );
  fc.assert(
    fc.property(fc.array(text), fc.boolean(), (texts, spaced) => {
      const accumulator = new ChatAccumulator();
      for (const content of texts) {
        const data = chunk(content);
        accumulator.push(spaced ? data.replaceAll('":', '": ') : data);
      }
      accumulator.push('{"choices":[{"delta":{},"finish_reason":"stop"}]}');
      const expected = texts.map((content) =>
        spaced
          ? (
              JSON.parse(chunk(content).replaceAll('":', '": ')) as {
                choices: { delta: { content: string } }[];
              }
            ).choices[0]!.delta.content
          : content,
      );
      expect(accumulator.end(false).text).toBe(expected.join(''));
    }),
    { numRuns: 2_000 },
  );
});

describe('the events of a Responses stream', () => {
  const said = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.constantFrom('"', '\\', '\n', 'delta'),
  );
  const types = fc.constantFrom(
    'response.output_text.delta',
    'response.output_text.delta',
    'response.function_call_arguments.delta',
    'response.reasoning_summary_text.delta',
    'response.output_text.done',
    'response.output_item.added',
    'response.output_item.done',
    'response.in_progress',
  );
  const piece = fc.record(
    {
      type: types,
      sequence_number: fc.constant<number>(0),
      item_id: fc.constantFrom('a', 'b'),
      output_index: fc.nat(1),
      content_index: fc.nat(1),
      summary_index: fc.nat(1),
      delta: said,
      text: said,
      logprobs: fc.constant([]),
      item: fc.record({ type: fc.constantFrom('message', 'reasoning'), id: fc.constantFrom('a', 'b') }),
      obfuscation: fc.constant<unknown>(''),
    },
    { requiredKeys: ['type', 'delta'] },
  );
  /** Which of a few events comes, with other values in the places that differ, and what spoils it. */
  const turn = fc.record({
    which: fc.nat(3),
    delta: said,
    number: fc.nat(300),
    padding: fc.oneof(fc.string({ maxLength: 8 }), fc.constant(1)),
    spoilt: fc.oneof(
      { weight: 30, arbitrary: fc.constant('') },
      { weight: 5, arbitrary: fc.constant('"delta":"b",') },
      { weight: 1, arbitrary: fc.constantFrom('\u0001', '"x":01,') },
    ),
  });

  /** All that can be seen of an accumulator that is given these. */
  function seen(accumulator: ResponseAccumulator, events: readonly string[]): readonly unknown[] {
    const all: unknown[] = [];
    try {
      for (const data of events) {
        accumulator.push(data);
        const { contentCount, chars } = accumulator;
        all.push({ arrived: accumulator.takeArrived(), contentCount, chars });
      }
      all.push(accumulator.end(false));
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      all.push(error.kind);
    }
    return all;
  }

  const begun = (index: number): string =>
    JSON.stringify({
      type: 'response.output_item.added',
      output_index: index,
      item: { type: 'message', id: `m${index}` },
    });
  const ended = (index: number): string => begun(index).replace('added', 'done');
  const completed = '{"type":"response.completed","response":{"status":"completed"}}';

  it('go to the item that is open, where they name none, wherever the one before went', () => {
    const accumulator = new ResponsesAccumulator();
    const delta = '{"type":"response.output_text.delta","delta":"-"}';
    const said = (text: string): string => delta.replace('-', text);
    for (const data of [
      begun(0),
      begun(1),
      said('3'),
      said('4'),
      ended(1),
      said('1'),
      said('2'),
      completed,
    ]) {
      accumulator.push(data);
    }
    expect(accumulator.end(false).text).toBe('1234');
  });

  it('go where the learnt one went only as long as no other has come that could not be learnt', () => {
    const accumulator = new ResponsesAccumulator();
    const said = (index: number, text: string): string =>
      JSON.stringify({ type: 'response.output_text.delta', output_index: index, delta: text });
    const twice = said(1, '4').replace('{', '{"delta":"",');
    for (const data of [begun(0), begun(1), said(0, '1'), said(0, '2'), twice, said(0, '3'), completed]) {
      accumulator.push(data);
    }
    expect(accumulator.end(false).text).toBe('1234');
  });

  it('are read exactly as parsing each would', () => {
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 3 }), fc.array(turn), (pieces, turns) => {
        const events = turns.map(({ which, delta, number, padding, spoilt }) => {
          const event = { ...pieces[which % pieces.length], delta };
          if (event.sequence_number !== undefined) event.sequence_number = number;
          if (event.obfuscation !== undefined) event.obfuscation = padding;
          return JSON.stringify(event).replace('{', `{${spoilt}`);
        });
        events.unshift(begun(0), begun(1));
        events.push(completed);
        // No event of these is like the one before it: each is parsed.
        const numbered = events.map((data, index) => data.replace('{', `{"n":${index},`));
        expect(seen(new ResponsesAccumulator(), events)).toEqual(seen(new ResponsesAccumulator(), numbered));
      }),
      { numRuns: 2_000 },
    );
  });
});
