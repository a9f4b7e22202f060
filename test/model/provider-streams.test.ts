import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ChatAccumulator } from '../../src/model/chat-accumulator.ts';
import { EventStreamReader } from '../../src/model/event-stream.ts';
import type { ModelResponse } from '../../src/model/model.ts';

const FIXTURES = new URL('../../../shared/fixtures/provider-streams/', import.meta.url);

interface Digest {
  readonly length: number;
  readonly sha256: string;
}
interface Expected {
  readonly api: string;
  readonly stream: boolean;
  readonly responses: readonly {
    readonly model: string;
    readonly text: Digest;
    readonly reasoning: Digest | null;
    readonly toolCalls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
    readonly finishReason: string;
    readonly usage: Readonly<Record<'input' | 'output' | 'total' | 'reasoning' | 'cached', number | null>>;
  }[];
}

const available = existsSync(FIXTURES);
if (!available) console.warn('skipped: the recorded provider streams are not beside this checkout');
const recordings: [string, Expected][] = available
  ? Object.entries(
      JSON.parse(readFileSync(new URL('expected.json', FIXTURES), 'utf8')) as Record<string, Expected>,
    ).filter(([, expected]) => expected.api === 'chat-completions' && expected.stream)
  : [];

/** The recording as a provider would send it, `[DONE]` included. */
function bytesOf(name: string): Buffer {
  const lines = readFileSync(new URL(name, FIXTURES), 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  return Buffer.from([...lines, '[DONE]'].map((line) => `data: ${line}\n\n`).join(''));
}

/** Reads a stream in pieces of `size` bytes. */
function read(bytes: Buffer, size: number, lenient = false): ModelResponse {
  const reader = new EventStreamReader();
  const accumulator = new ChatAccumulator();
  let done = false;
  const take = (data: string): void => {
    if (data === '[DONE]') done = true;
    else if (!done) accumulator.push(data);
  };
  for (let start = 0; start < bytes.length; start += size) {
    reader.push(bytes.subarray(start, start + size)).forEach(take);
  }
  reader.end().forEach(take);
  return accumulator.end(done && lenient);
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe.skipIf(!available)('a recorded stream', () => {
  it('stands there for every provider', () => {
    expect(recordings.length).toBeGreaterThanOrEqual(14);
  });

  it.each(recordings)('%s gives exactly its expected result', (name, expected) => {
    const [response] = expected.responses;
    if (!response) throw new Error('no response expected');
    for (const size of [1 << 20, 997, 7]) {
      const result = read(bytesOf(name), size);
      expect({ length: result.text.length, sha256: sha256(result.text) }).toEqual({
        length: response.text.length,
        sha256: response.text.sha256,
      });
      expect(sha256(result.reasoning)).toBe(response.reasoning?.sha256 ?? sha256(''));
      expect(result.toolCalls).toEqual(
        response.toolCalls.map(({ id, name: tool, arguments: args }) => ({
          id,
          name: tool,
          arguments: args,
        })),
      );
      expect(result.finishReason).toBe(response.finishReason.replace('_', '-'));
      expect(result.model).toBe(response.model);
      const { input, output, total, reasoning, cached } = response.usage;
      expect(result.usage).toEqual({
        inputTokens: input,
        outputTokens: output,
        totalTokens: total,
        reasoningTokens: reasoning ?? 0,
        cachedTokens: cached ?? 0,
        cacheWriteTokens: 0,
        estimated: false,
        cost: expect.anything(),
      });
    }
  });

  it.each(recordings)('%s, cut at any byte before its finish reason, is never complete', (name) => {
    const bytes = bytesOf(name);
    const text = bytes.toString('latin1');
    const finish = text.search(/"finish_reason":\s*"/);
    const line = text.indexOf('\n\n', finish);
    const step = bytes.length > 20_000 ? 101 : 1;
    for (let end = 0; end < line; end += step) {
      expect(() => read(bytes.subarray(0, end), 1 << 20, true), `cut at ${end}`).toThrow(
        'ended without a finish reason',
      );
    }
  });
});
