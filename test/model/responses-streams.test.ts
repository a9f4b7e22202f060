import { describe, expect, it } from 'vitest';
import { ModelError } from '../../src/errors.ts';
import { expandParallel } from '../../src/model/expand-parallel.ts';
import type { ModelResponse } from '../../src/model/model.ts';
import { ResponsesAccumulator } from '../../src/model/responses-accumulator.ts';
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
  type ExpectedCall,
  type ExpectedResponse,
} from './recorded-answers.ts';

const WRAPPER = 'parallel-tool-call-wrapper.1.chunks.txt';

/** Each response of each stream, with its lines. The wrapper's stream is invalid and has tests of its own. */
const streams: [string, string[], ExpectedResponse][] = recordings('responses', true)
  .filter(([name]) => name !== WRAPPER)
  .flatMap(([name, { responses }]) =>
    responses.map((expected, index): [string, string[], ExpectedResponse] => {
      const [first, last] = expected.lines ?? [1, Infinity];
      return [`${name} (${index + 1})`, linesOf(name).slice(first - 1, last), expected];
    }),
  );
const bodies: [string, string, ExpectedResponse][] = recordings('responses', false).flatMap(
  ([name, { responses }]) =>
    responses.map((expected): [string, string, ExpectedResponse] => [name, textOf(name), expected]),
);

/** A custom tool's text as it is, a patch's operation as JSON. */
function argumentsOf({ arguments: text, input, operation }: ExpectedCall): string {
  return text ?? input ?? JSON.stringify(operation);
}

interface Item {
  readonly type: string;
  readonly phase?: string | null;
  readonly encrypted_content: string;
  readonly content: readonly { readonly text: string }[];
}

function expectExactly(result: ModelResponse, expected: ExpectedResponse): void {
  const { text, messages = [], toolCalls, finishReason, model, usage } = expected;
  const reasoning = Array.isArray(expected.reasoning) ? expected.reasoning : [];
  expect(digest(result.text)).toEqual({ length: text.length, sha256: text.sha256 });
  expect(result.reasoning).toBe(reasoning.flatMap(({ summary }) => summary).join('\n\n'));
  expect(result.toolCalls).toEqual(
    toolCalls.map((call) => ({ id: call.id, name: call.name, arguments: argumentsOf(call) })),
  );
  expect(result.finishReason).toBe(finishReason?.replace('_', '-'));
  expect(result.model).toBe(model);
  expect(tokensOf(result.usage)).toEqual(expectedTokens(usage));
  const details = (result.reasoningDetails ?? []) as readonly Item[];
  const thoughts = details.filter(({ type }) => type === 'reasoning');
  expect(thoughts.map((item) => digest(item.encrypted_content).sha256)).toEqual(
    reasoning.map(({ encryptedContent }) => encryptedContent.sha256),
  );
  if (messages.some(({ phase }) => phase !== null)) {
    const said = details.filter(({ type }) => type === 'message');
    expect(said.map(({ phase, content }) => [phase, digest(content[0]!.text).sha256])).toEqual(
      messages.map((message) => [message.phase, message.text.sha256]),
    );
  }
}

/** The error that something throws. */
function failureOf(run: () => unknown): ModelError {
  try {
    run();
  } catch (error) {
    if (error instanceof ModelError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

function expectFailure(error: ModelError, expected: ExpectedResponse): void {
  expect(error.kind).toBe('quota');
  expect(error.retryable).toBe(false);
  expect(error.message).toContain(expected.error?.message);
}

describe.skipIf(!hasRecordings)('a recorded Responses stream', () => {
  it.each(streams.filter(([, , expected]) => !expected.error))(
    '%s gives exactly its expected result',
    (_name, lines, expected) => {
      for (const size of [1 << 20, 997, 7]) {
        expectExactly(read(new ResponsesAccumulator(), asStream(lines), size), expected);
      }
    },
  );

  it.each(streams.filter(([, , expected]) => expected.error))(
    '%s gives exactly its expected error, once',
    (_name, lines, expected) => {
      expectFailure(
        failureOf(() => read(new ResponsesAccumulator(), asStream(lines), 997)),
        expected,
      );
    },
  );

  it.each(streams.filter(([, , expected]) => !expected.error))(
    '%s shows as it comes what it comes to',
    (_name, lines) => {
      const accumulator = new ResponsesAccumulator();
      const shown = { text: '', reasoning: '' };
      for (const line of lines) {
        accumulator.push(line);
        for (const event of accumulator.takeArrived()) {
          if (event.type === 'text' || event.type === 'reasoning') shown[event.type] += event.text;
        }
      }
      const { text, reasoning } = accumulator.end(false);
      expect(shown).toEqual({ text, reasoning });
    },
  );

  it.each(streams.filter(([, , expected]) => !expected.error))(
    '%s, cut at any byte before its last event, is never complete',
    (_name, lines) => {
      const bytes = asStream(lines);
      const last = bytes.lastIndexOf('"response.completed"');
      const end = bytes.indexOf('\n\n', last);
      for (let cut = 0; cut < end; cut += bytes.length > 20_000 ? 101 : 7) {
        const error = failureOf(() => read(new ResponsesAccumulator(), bytes.subarray(0, cut), 1 << 20));
        expect(error.kind, `cut at ${cut}`).toBe('incomplete-stream');
      }
    },
  );
});

describe.skipIf(!hasRecordings)('the recorded wrapper around parallel calls', () => {
  const [expected] = hasRecordings
    ? (recordings('responses', true).find(([name]) => name === WRAPPER)?.[1].responses ?? [])
    : [];

  it('is no response while its first and last line are no JSON', () => {
    const bytes = asStream(linesOf(WRAPPER));
    expect(failureOf(() => read(new ResponsesAccumulator(), bytes, 997)).kind).toBe('bad-response');
  });

  it('is no response without those lines: none of them is its end', () => {
    const lines = linesOf(WRAPPER).slice(1, -1);
    const error = failureOf(() => read(new ResponsesAccumulator(), asStream(lines), 997));
    expect(error.kind).toBe('incomplete-stream');
  });

  it('has the wrapper where [DONE] is enough of an end, and its calls once it is opened', () => {
    const lines = linesOf(WRAPPER).slice(1, -1);
    const response = read(new ResponsesAccumulator(), asStream(lines), 997, true);
    expect(response.toolCalls).toEqual(
      expected?.toolCalls.map((call) => ({ id: call.id, name: call.name, arguments: argumentsOf(call) })),
    );
    expect(calledIn(expandParallel(response, null))).toEqual(expected?.toolCallsIfWrapperExpanded);
  });

  it('is whole once its lines are repaired', () => {
    const lines = linesOf(WRAPPER).map((line, index) => (index === 0 || index === 5 ? `${line}}` : line));
    const response = read(new ResponsesAccumulator(), asStream(lines), 997);
    expect(tokensOf(response.usage)).toMatchObject({ input: 34, output: 28, total: 62 });
    expect(response).toMatchObject({ model: 'gpt-5.4', finishReason: 'tool-calls' });
    expect(calledIn(expandParallel(response, null))).toEqual(expected?.toolCallsIfWrapperExpanded);
  });
});

function calledIn({ toolCalls }: ModelResponse): object[] {
  return toolCalls.map(({ name, arguments: text }) => ({
    name,
    parsedArguments: JSON.parse(text) as object,
  }));
}

describe.skipIf(!hasRecordings)('a recorded Responses answer that is no stream', () => {
  it.each(bodies)('%s gives exactly its expected result', (_name, text, expected) => {
    const accumulator = new ResponsesAccumulator();
    if (expected.error) {
      expectFailure(
        failureOf(() => accumulator.push(text)),
        expected,
      );
    } else {
      accumulator.push(text);
      expectExactly(accumulator.end(false), expected);
    }
  });
});
