import { describe, expect, it } from 'vitest';
import { effectiveScript } from '../../../src/model/simulation/effective-script.ts';
import { madeUpRule } from '../../../src/model/simulation/made-up-answers.ts';
import { sampleValue } from '../../../src/model/simulation/sample-value.ts';
import type { MadeUpAnswers } from '../../../src/model/simulation/profile.ts';
import { SchemaCheck } from '../../../src/tools/schema-check.ts';
import { Harness } from '../../tools/harness.ts';
import {
  ask,
  calling,
  parseStream,
  stream,
  toolResult,
  user,
  withModel,
  type TestMessage,
} from '../scripted-client.ts';
import type { ScriptedModelServer } from '../../../src/model/scripted/server.ts';

const SHORT = ['read', 'edit', 'list'];
const LONG = ['read_file', 'edit_file', 'list_files'];

function offering(names: readonly string[]): object {
  return { tools: names.map((name) => ({ type: 'function', function: { name, parameters: {} } })) };
}

/** Calls as `read a.ts`, in order, and what was said last. */
async function work(
  server: ScriptedModelServer,
  harness: Harness,
  prompt: string,
  names: readonly string[] = SHORT,
): Promise<{ calls: string[]; said: string }> {
  const messages: TestMessage[] = [user(prompt)];
  const calls: string[] = [];
  for (let turn = 0; turn < 20; turn++) {
    const answer = await stream(server, messages, offering(names));
    if (answer.calls.length === 0) return { calls, said: answer.text };
    messages.push(
      calling(
        ...answer.calls.map((call) => [call.id, call.name, JSON.parse(call.arguments) as object] as const),
      ),
    );
    for (const call of answer.calls) {
      const input = JSON.parse(call.arguments) as { path?: string };
      calls.push(input.path === undefined ? call.name : `${call.name} ${input.path}`);
      const { content } = harness.result(call.name, input);
      messages.push(toolResult(call.id, content));
    }
  }
  throw new Error('it goes on and on');
}

function madeUp(answers: MadeUpAnswers, seed = 1): { rules: ReturnType<typeof madeUpRule>[] } {
  return { rules: [madeUpRule(answers, seed)] };
}

const FILES = { 'src/a.ts': 'let a;\nlet a;\n', 'src/b.ts': 'let b;\n', 'c.md': '# c\n', 'd.txt': 'd\n' };

describe('a made-up conversation', () => {
  it('reads the file that the prompt names, changes it so that everybody sees what that is, and ends', () =>
    withModel(madeUp({ tokens: 20 }), async (server) => {
      const harness = new Harness(FILES);
      const { calls, said } = await work(server, harness, 'Refactor src/a.ts, please.');
      expect(calls).toEqual(['read src/a.ts', 'edit src/a.ts']);
      expect(said).toBe(
        'This answer is simulated, and no language model has written it. It goes on with words tha'.slice(
          0,
          80,
        ),
      );
      expect(harness.workspace.readText('src/a.ts')).toBe(
        'let a;\nThis line stands for a change: skein --simulate made it up.\nlet a;\n',
      );
    }));

  it('knows the other names of the tools', () =>
    withModel(madeUp({}), async (server) => {
      const { calls } = await work(server, new Harness(FILES, [], ['code']), 'Refactor src/b.ts.', LONG);
      expect(calls).toEqual(['read_file src/b.ts', 'edit_file src/b.ts']);
    }));

  it('reads others that it lists before the one that is named, which it changes', () =>
    withModel(madeUp({ reads: 3 }), async (server) => {
      const { calls } = await work(server, new Harness(FILES), 'Refactor src/b.ts.');
      expect(calls.map((call) => call.split(' ')[0])).toEqual(['list', 'read', 'read', 'read', 'edit']);
      expect(new Set(calls.slice(1, 4)).size).toBe(3);
      expect(calls.slice(3)).toEqual(['read src/b.ts', 'edit src/b.ts']);
    }));

  it('changes the first of several that are named, which it reads last', () =>
    withModel(madeUp({ reads: 2 }), async (server) => {
      const { calls } = await work(server, new Harness(FILES), 'Move what src/a.ts has into src/b.ts.');
      expect(calls).toEqual(['read src/b.ts', 'read src/a.ts', 'edit src/a.ts']);
    }));

  it('lists files where the prompt names none, and where what looks like one is none', () =>
    withModel(madeUp({}), async (server) => {
      const none = await work(server, new Harness(FILES), 'Make it better');
      expect(none.calls[0]).toBe('list');
      expect(none.calls.slice(1)).toEqual([expect.stringMatching(/^read /), expect.stringMatching(/^edit /)]);
      const wrong = await work(server, new Harness(FILES), 'Use Node.js 20.19, e.g.');
      expect(wrong.calls.slice(0, 4)).toEqual(['read Node.js', 'read 20.19', 'read e.g', 'list']);
      expect(wrong.calls.at(-1)).toMatch(/^edit /);
    }));

  it('only says something without the tools, without files, and when it is to', async () => {
    await withModel(madeUp({}), async (server) => {
      expect((await work(server, new Harness(FILES), 'Refactor src/a.ts', [])).calls).toEqual([]);
      expect((await work(server, new Harness({}), 'Say something')).calls).toEqual(['list']);
    });
    await withModel(madeUp({ behaviour: 'text' }), async (server) => {
      expect((await work(server, new Harness(FILES), 'Refactor src/a.ts')).calls).toEqual([]);
    });
  });

  it('is as long as is drawn for it: by the seed and the prompt', async () => {
    const lengths = (seed: number): Promise<number[]> =>
      withModel(madeUp({ behaviour: 'text', tokens: { p50: 50, p99: 500 } }, seed), async (server) => {
        const answers = [];
        for (const prompt of ['one', 'two', 'three', 'four']) answers.push(await stream(server, prompt));
        return answers.map(({ text }) => text.length / 4);
      });
    const first = await lengths(1);
    expect(new Set(first).size).toBeGreaterThan(1);
    expect(await lengths(1)).toEqual(first);
    expect(await lengths(2)).not.toEqual(first);
  });

  it('ends with a value that fits the schema that is asked for', () =>
    withModel(madeUp({}), async (server) => {
      const schema = { type: 'object', properties: { risk: { enum: ['low', 'high'] } }, required: ['risk'] };
      const format = { type: 'json_schema', json_schema: { name: 'answer', schema } };
      const { body } = await ask(server, 'Rate it', { response_format: format });
      expect(parseStream(body).text).toBe('{"risk":"low"}');
    }));
});

describe('the sample of a schema', () => {
  it.each([
    [{ type: 'string', minLength: 20 }],
    [{ type: 'string', maxLength: 3 }],
    [{ type: 'integer', minimum: 3 }],
    [{ type: 'number', exclusiveMinimum: 0 }],
    [{ type: 'integer', maximum: -4 }],
    [{ type: ['null', 'string'] }],
    [{ const: 'x' }],
    [{ type: 'array', items: { type: 'boolean' }, minItems: 2 }],
    [{ anyOf: [{ type: 'string' }, { type: 'null' }] }],
    [{ allOf: [{ type: 'object', required: ['a'] }, { properties: { a: { type: 'integer' } } }] }],
    [
      {
        type: 'object',
        properties: { list: { type: 'array', items: { $ref: '#/$defs/item' }, minItems: 1 } },
        required: ['list'],
        additionalProperties: false,
        $defs: { item: { type: 'object', properties: { line: { type: 'integer' } }, required: ['line'] } },
      },
    ],
  ])('fits %j', (schema) => {
    expect(new SchemaCheck(schema).problems(sampleValue(schema), 9)).toEqual([]);
  });

  it('comes to an end with a schema that refers to itself', () => {
    const schema = { type: 'object', properties: { next: { $ref: '#' } }, required: ['next'] };
    expect(JSON.stringify(sampleValue(schema))).toContain('null');
  });
});

describe('the script that a profile comes to', () => {
  it('has the answers of the script and nothing else of it', () => {
    const script = {
      models: ['m'],
      delay: { firstMs: 5 },
      limits: { requestsPerMinute: 1 },
      prices: { input: 1, output: 1 },
      storm: [{ fromMs: 0, toMs: 9, fault: { status: 500 } }],
      rules: [{ answer: { text: 'hi', delay: { firstMs: 9000 } } }, { fault: { status: 400 } }],
    };
    expect(effectiveScript({}, script)).toEqual({
      models: ['m'],
      seed: 1,
      delay: {},
      storm: [],
      rules: [{ answer: { text: 'hi' } }, { fault: { status: 400 } }],
    });
  });

  it('passes at the speed, and tells waits as they are without it', () => {
    const profile = {
      speed: 10,
      seed: 3,
      limits: { requestsPerMinute: 60, told: 'retry-after' as const },
      latency: { firstTokenMs: { p50: 700, p99: 4000 }, tokenMs: 20 },
      cache: {},
      faults: [{ kind: 'overloaded' as const, share: 0.5, fromMinute: 1, toMinute: 2 }],
      prices: { input: 1, output: 2 },
    };
    expect(effectiveScript(profile, { rules: [] })).toEqual({
      seed: 3,
      delay: { firstMs: { p50: 70, p99: 400 }, tokenMs: 2 },
      limits: {
        requestsPerMinute: 60,
        minuteMs: 6000,
        tellFullMinutes: true,
        headers: 'none',
        retryAfter: true,
      },
      cache: { ttlMs: 30_000 },
      storm: [
        {
          fromMs: 6000,
          toMs: 12_000,
          share: 0.5,
          fault: { status: 503, body: { error: { message: 'Overloaded', type: 'overloaded_error' } } },
        },
      ],
      rules: [],
    });
  });
});
