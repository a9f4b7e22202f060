import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { EventStreamReader } from '../../src/model/event-stream.ts';
import type { ModelResponse, Usage } from '../../src/model/model.ts';
import type { ResponseAccumulator } from '../../src/model/response-accumulator.ts';

const FIXTURES = new URL('../../../shared/fixtures/provider-streams/', import.meta.url);

export interface Digest {
  readonly length: number;
  readonly sha256: string;
}

interface ExpectedUsage {
  readonly input: number | null;
  readonly output: number | null;
  readonly total: number | null;
  readonly reasoning: number | null;
  readonly cached: number | null;
}

/** One tool call; which of the last three it has depends on its type. */
export interface ExpectedCall {
  readonly id: string;
  readonly name: string;
  readonly arguments?: string;
  readonly input?: string;
  readonly operation?: object;
}

export interface ExpectedResponse {
  readonly model: string | null;
  /** First and last line, from 1, where a file has several. */
  readonly lines?: readonly [number, number];
  readonly text: Digest;
  /** Chat Completions: a digest, null where there was none. Responses: one entry an item, absent where there was none. */
  readonly reasoning?:
    Digest | null | readonly { readonly summary: readonly string[]; readonly encryptedContent: Digest }[];
  readonly messages?: readonly { readonly phase: string | null; readonly text: Digest }[];
  readonly toolCalls: readonly ExpectedCall[];
  readonly toolCallsIfWrapperExpanded?: readonly {
    readonly name: string;
    readonly parsedArguments: object;
  }[];
  readonly finishReason: string | null;
  readonly usage: ExpectedUsage | null;
  readonly error?: { readonly code: string; readonly message: string };
}

export interface ExpectedFile {
  readonly api: 'chat-completions' | 'responses';
  readonly stream: boolean;
  readonly responses: readonly ExpectedResponse[];
}

/** The recordings are no part of the repository: beside the checkout, for those who have them. */
export const hasRecordings = existsSync(FIXTURES);
if (!hasRecordings) console.warn('skipped: the recorded provider streams are not beside this checkout');

export function recordings(api: ExpectedFile['api'], stream: boolean): [string, ExpectedFile][] {
  if (!hasRecordings) return [];
  const index = readFileSync(new URL('expected.json', FIXTURES), 'utf8');
  const all = Object.entries(JSON.parse(index) as Record<string, ExpectedFile>);
  return all.filter(([, expected]) => expected.api === api && expected.stream === stream);
}

export function textOf(name: string): string {
  return readFileSync(new URL(name, FIXTURES), 'utf8');
}

/** The lines of a recorded stream, blank ones left out. */
export function linesOf(name: string): string[] {
  return textOf(name)
    .split('\n')
    .filter((line) => line !== '');
}

/** Lines as a provider would send them, `[DONE]` included. */
export function asStream(lines: readonly string[]): Buffer {
  return Buffer.from([...lines, '[DONE]'].map((line) => `data: ${line}\n\n`).join(''));
}

/** Reads a stream in pieces of `size` bytes. */
export function read(
  accumulator: ResponseAccumulator,
  bytes: Buffer,
  size: number,
  lenient = false,
): ModelResponse {
  const reader = new EventStreamReader();
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

export function digest(text: string): Digest {
  return { length: text.length, sha256: createHash('sha256').update(text).digest('hex') };
}

/** The tokens of a usage, as an expectation lists them. */
export function tokensOf(usage: Usage): ExpectedUsage & { estimated: boolean; cacheWrite: number } {
  return {
    input: usage.inputTokens,
    output: usage.outputTokens,
    total: usage.totalTokens,
    reasoning: usage.reasoningTokens,
    cached: usage.cachedTokens,
    estimated: usage.estimated,
    cacheWrite: usage.cacheWriteTokens,
  };
}

/** What was not reported is 0 here. */
export function expectedTokens(usage: ExpectedUsage | null): ReturnType<typeof tokensOf> {
  const { input, output, total, reasoning, cached } = usage ?? {};
  const tokens = { input, output, total, reasoning, cached };
  const known = Object.fromEntries(Object.entries(tokens).map(([key, count]) => [key, count ?? 0]));
  return { ...(known as Record<keyof ExpectedUsage, number>), estimated: false, cacheWrite: 0 };
}
