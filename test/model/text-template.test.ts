import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChatAccumulator } from '../../src/model/chat-accumulator.ts';
import { TextTemplate } from '../../src/model/text-template.ts';

const chunk = (content: string, extra: object = {}): string =>
  JSON.stringify({ id: 'c', model: 'm', choices: [{ index: 0, delta: { content }, ...extra }] });

describe('a chunk like the learnt one', () => {
  it.each(['b', 'two words', 'ünïcödé 語 🎉', ' ', '<|im_end|>'])('gives its text: %j', (text) => {
    const template = new TextTemplate();
    template.learn(chunk('a'), 'a');
    expect(template.match(chunk(text))).toBe(text);
  });
});

describe('a chunk that could mean something else', () => {
  it.each([
    ['an escape', chunk('a"b')],
    ['a line break', chunk('a\nb')],
    ['a finish reason', chunk('b', { finish_reason: 'stop' })],
    [
      'a tool call',
      JSON.stringify({ id: 'c', model: 'm', choices: [{ index: 0, delta: { tool_calls: [{}] } }] }),
    ],
    ['another id', chunk('b').replace('"c"', '"d"')],
    ['less than the frame', chunk('').slice(0, -3)],
    ['a raw control character', chunk('x').replace('x', '\u0001')],
    ['a quote that ends the text early', chunk('x').replace('x', 'x","y":"')],
  ])('is left to the parser: %s', (_what, data) => {
    const template = new TextTemplate();
    template.learn(chunk('a'), 'a');
    expect(template.match(data)).toBeUndefined();
  });

  it('is never learnt from one that holds the key twice', () => {
    const template = new TextTemplate();
    const twice = '{"note":{"content":"a"},"choices":[{"delta":{"content": "a"}}]}';
    template.learn(twice, 'a');
    expect(template.match(twice.replace('"a"', '"b"'))).toBeUndefined();
  });
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
