import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { charsPerTokenOf, ContextBook } from '../../src/context/context-book.ts';
import {
  DEFAULT_CHARS_PER_TOKEN,
  estimateTokens,
  weightOf,
  weightOfMessage,
} from '../../src/context/estimate.ts';
import { readOverflow } from '../../src/context/overflow.ts';
import { NO_USAGE, type Usage } from '../../src/model/model.ts';
import { IMAGE_TOKENS } from '../../src/model/content.ts';
import type { Message } from '../../src/model/message.ts';
import { DEFAULT_CONTEXT, roomIn } from '../../src/context/room.ts';

const usageOf = (inputTokens: number): Usage => ({ ...NO_USAGE, inputTokens });

describe('an estimate', () => {
  it('of plain text and of code is its characters by the model’s figure', () => {
    const code = readFileSync(new URL('../../src/context/estimate.ts', import.meta.url), 'utf8');
    const ascii = code.replace(/[^\0-\x7f]/g, '');
    expect(weightOf(ascii)).toBe(ascii.length);
    expect(estimateTokens('x '.repeat(180))).toBe(100);
    expect(estimateTokens('x '.repeat(180), 2)).toBe(180);
  });

  it('counts what tokenizers split finely for more: CJK, emoji, other scripts, Base64', () => {
    const of = (text: string): number => weightOf(text) / text.length;
    expect(of('漢字仮名交じり文')).toBe(3);
    expect(of('👍👍')).toBe(3);
    expect(of('привет')).toBeCloseTo(1.7);
    expect(of(Buffer.alloc(300, 'some bytes').toString('base64'))).toBeCloseTo(1.6);
    expect(of('aReallyLongIdentifierNameOfTheSort')).toBe(1);
  });

  it('finds dense runs wherever they are, and those that are just long enough', () => {
    const length = fc.oneof(fc.nat({ max: 200 }), fc.constantFrom(63, 64, 65));
    const piece = fc.tuple(length, fc.constantFrom(' ', '. ', '\n\n', ' é ', ''));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.map(([length, gap]) => 'a'.repeat(length) + gap).join('');
        const dense = (text.match(/[\w+/-]{64,}/g) ?? []).reduce((sum, run) => sum + run.length, 0);
        const foreign = text.split('é').length - 1;
        expect(weightOf(text)).toBeCloseTo(text.length + 0.6 * dense + 0.7 * foreign);
      }),
    );
  });

  it('of a message holds its calls', () => {
    const call = (args: string) =>
      ({
        role: 'assistant',
        content: null,
        tool_calls: [{ id: '1', type: 'function', function: { name: 'write', arguments: args } }],
      }) as const;
    expect(weightOfMessage(call('x '.repeat(500))) - weightOfMessage(call(''))).toBe(1_000);
  });

  it('of a message holds its images, each for what providers count, however many bytes it has', () => {
    const withImage = (bytes: number): Message => {
      const url = `data:image/png;base64,${Buffer.alloc(bytes).toString('base64')}`;
      const image = { type: 'image_url', image_url: { url } } as const;
      return { role: 'user', content: [{ type: 'text', text: 'look' }, image] };
    };
    const text = weightOfMessage({ role: 'user', content: 'look' });
    for (const bytes of [10, 1_000_000]) {
      expect((weightOfMessage(withImage(bytes)) - text) / DEFAULT_CHARS_PER_TOKEN).toBeCloseTo(IMAGE_TOKENS);
    }
  });
});

describe('what a pool knows of a model', () => {
  it('is its own window, else its provider’s, and the least of what is known', () => {
    const book = new ContextBook({ 'a:one': 1_000, 'a:*': 5_000 });
    expect(['a:one', 'a:two', 'b:one'].map((model) => book.windowOf(model))).toEqual([1_000, 5_000, null]);
    book.learnOverflow('a:one', { windowTokens: 800, requestTokens: null }, 3_240, 900);
    book.learnOverflow('a:two', { windowTokens: 9_000, requestTokens: null }, 3_240, 900);
    book.learnOverflow('b:one', { windowTokens: null, requestTokens: null }, 3_240, 900);
    book.learnOverflow('b:one', { windowTokens: null, requestTokens: null }, 3_420, 950);
    expect(['a:one', 'a:two', 'b:one'].map((model) => book.windowOf(model))).toEqual([800, 5_000, 900]);
  });

  it('moves towards what responses tell, and a conversation’s own figure goes before it', () => {
    const book = new ContextBook();
    expect(book.tokensOf('a:b', { sentWeight: 3_600, charsPerToken: null })).toBe(1_000);
    book.learnUsage('a:b', 200, usageOf(100));
    book.learnUsage('a:b', 300, usageOf(100));
    expect(book.charsPerToken('a:b')).toBeCloseTo(2.3);
    expect(book.tokensOf('a:b', { sentWeight: 3_600, charsPerToken: 4 })).toBe(900);
  });

  it('is not learned from figures that cannot be', () => {
    expect(charsPerTokenOf(4_000, 1_000)).toBe(4);
    expect(charsPerTokenOf(4_000, 1)).toBeNull();
    expect(charsPerTokenOf(40, 1_000_000)).toBeNull();
    const book = new ContextBook();
    book.learnUsage('a:b', 4_000, { ...usageOf(2_000), estimated: true });
    // A refusal that counts the answer that was wanted, or simply lies.
    book.learnOverflow('a:b', { windowTokens: 128_000, requestTokens: 50_000_000 }, 4_000, 1_100);
    expect(book.charsPerToken('a:b')).toBe(DEFAULT_CHARS_PER_TOKEN);
  });
});

describe('a refusal', () => {
  it.each([
    [
      'This model’s maximum context length is 128000 tokens. However, your messages resulted in 130005 tokens.',
      128_000,
      130_005,
    ],
    [
      "This endpoint's maximum context length is 262,144 tokens. However, you requested about 300000 tokens",
      262_144,
      300_000,
    ],
    ['prompt is too long: 200251 tokens > 200000 maximum', 200_000, 200_251],
    [
      'The input token count (1048580) exceeds the maximum number of tokens allowed (1048575).',
      1_048_575,
      1_048_580,
    ],
    ['the request exceeds the available context size (4096 tokens), try increasing it', 4_096, null],
    [
      'This model’s maximum prompt length is 131072 but the request contains 537812 tokens.',
      131_072,
      537_812,
    ],
    ['Prompt contains 40000 tokens, too large for model with 32768 maximum context length', 32_768, 40_000],
    [
      'Invalid request: Your request exceeded model token limit: 262144 (requested: 300000)',
      262_144,
      300_000,
    ],
    ['prompt token count of 128500 exceeds the limit of 128000', 128_000, 128_500],
    ['Please reduce the length of the messages.', null, null],
    ['maximum context length is 12 tokens', null, null],
  ])('%s', (message, windowTokens, requestTokens) => {
    expect(readOverflow(message)).toEqual({ windowTokens, requestTokens });
  });
});

describe('the room in a window', () => {
  it('is what the answer leaves, and is due before it is used up', () => {
    const room = roomIn(10_000, DEFAULT_CONTEXT, { max_tokens: 1_000 });
    expect([room.softTokens, room.hardTokens, room.reserveTokens]).toEqual([8_000, 9_000, 1_000]);
    expect(roomIn(10_000, { ...DEFAULT_CONTEXT, reserveTokens: 4_000 }, { max_tokens: 1 })).toMatchObject({
      softTokens: 6_000,
      hardTokens: 6_000,
    });
    expect(roomIn(1_000, DEFAULT_CONTEXT, { max_tokens: 4_000 }).hardTokens).toBe(0);
  });

  it('is due later after a compaction that freed little', () => {
    const room = roomIn(10_000, DEFAULT_CONTEXT, {});
    expect([0, 5_000, 7_000, 9_000].map((after) => room.dueTokens(after))).toEqual([
      8_000, 8_000, 8_500, 9_500,
    ]);
    // What was left then is more than fits into this one: another model's window, or one that was learned since.
    expect(room.dueTokens(30_000)).toBe(10_000);
  });
});
