import { describe, expect, it } from 'vitest';
import { ChatAccumulator } from '../../src/model/chat-accumulator.ts';
import type { ModelResponse } from '../../src/model/model.ts';
import {
  asStream,
  digest,
  expectedTokens,
  hasRecordings,
  linesOf,
  read,
  recordings,
  textOf,
  tokensOf,
  type Digest,
  type ExpectedFile,
} from './recorded-answers.ts';

const streams = recordings('chat-completions', true);
const bodies = recordings('chat-completions', false);

function expectExactly(result: ModelResponse, { responses: [expected] }: ExpectedFile): void {
  if (!expected) throw new Error('no response expected');
  expect(digest(result.text)).toMatchObject({ length: expected.text.length, sha256: expected.text.sha256 });
  expect(digest(result.reasoning).sha256).toBe(
    (expected.reasoning as Digest | null)?.sha256 ?? digest('').sha256,
  );
  expect(result.toolCalls).toEqual(
    expected.toolCalls.map(({ id, name, arguments: text }) => ({ id, name, arguments: text })),
  );
  expect(result.finishReason).toBe(expected.finishReason?.replace('_', '-'));
  expect(result.model).toBe(expected.model);
  expect(tokensOf(result.usage)).toEqual(expectedTokens(expected.usage));
}

describe.skipIf(!hasRecordings)('a recorded stream', () => {
  it('stands there for every provider', () => {
    expect(streams.length).toBeGreaterThanOrEqual(14);
  });

  it.each(streams)('%s gives exactly its expected result', (name, expected) => {
    for (const size of [1 << 20, 997, 7]) {
      expectExactly(read(new ChatAccumulator(), asStream(linesOf(name)), size), expected);
    }
  });

  it.each(streams)('%s, cut at any byte before its finish reason, is never complete', (name) => {
    const bytes = asStream(linesOf(name));
    const text = bytes.toString('latin1');
    const finish = text.search(/"finish_reason":\s*"/);
    const line = text.indexOf('\n\n', finish);
    const step = bytes.length > 20_000 ? 101 : 1;
    for (let end = 0; end < line; end += step) {
      expect(
        () => read(new ChatAccumulator(), bytes.subarray(0, end), 1 << 20, true),
        `cut at ${end}`,
      ).toThrow('ended without a finish reason');
    }
  });
});

describe.skipIf(!hasRecordings)('a recorded answer that is no stream', () => {
  it.each(bodies)('%s gives exactly its expected result', (name, expected) => {
    const accumulator = new ChatAccumulator();
    accumulator.push(textOf(name));
    expectExactly(accumulator.end(false), expected);
  });
});
