/* oxlint-disable unicorn/no-thenable -- a tool may return anything */
import { describe, expect, it } from 'vitest';
import { runCall } from '../../src/tools/run-call.ts';
import { ToolSet } from '../../src/tools/tool-set.ts';
import { OverlayWorkspace } from '../../src/workspace/overlay-workspace.ts';
import { callTool, contextOf, Harness } from './harness.ts';

describe('a result', () => {
  it('carries the id and the name of its call', async () => {
    expect(await callTool({ execute: () => 'text' })).toEqual({
      callId: 'c1',
      name: 'probe',
      content: 'text',
      isError: false,
    });
  });

  it.each([
    ['a string as it is', 'say "hi"', 'say "hi"'],
    ['an empty string as it is', '', ''],
    ['nothing as (no output)', undefined, '(no output)'],
    ['an object as JSON', { a: [1, null] }, '{"a":[1,null]}'],
    ['null as JSON', null, 'null'],
    ['a number as JSON', 42, '42'],
    ['false as JSON', false, 'false'],
    ['a date as JSON', new Date(0), '"1970-01-01T00:00:00.000Z"'],
  ])('tells %s', async (_, output, content) => {
    expect(await callTool({ execute: () => output })).toMatchObject({ content, isError: false });
    expect(await callTool({ execute: () => Promise.resolve(output) })).toMatchObject({
      content,
      isError: false,
    });
  });

  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;

  it.each([
    ['a cycle', cyclic],
    ['a BigInt', 1n],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    [
      'an object that refuses to be encoded',
      {
        toJSON: () => {
          throw new Error('no');
        },
      },
    ],
  ])('is an error for %s', async (_, output) => {
    const result = await callTool({ execute: () => output });
    expect(result.isError).toBe(true);
    expect(result.content).toMatch(/^Error: the tool's result /);
  });

  it('comes at once from a tool that answers at once, and as a promise from one that does not', () => {
    const context = contextOf(new OverlayWorkspace());
    const parameters = { type: 'object' };
    const tools = new ToolSet([
      { name: 'now', description: '', parameters, execute: () => 'x' },
      { name: 'later', description: '', parameters, execute: () => Promise.resolve('x') },
      {
        name: 'thenable',
        description: '',
        parameters,
        execute: () => ({ then: (done: (x: string) => void) => done('x') }),
      },
    ]);
    const run = (name: string): unknown => runCall(tools, { id: '1', name, arguments: '' }, context);
    expect(run('now')).not.toBeInstanceOf(Promise);
    expect(run('later')).toBeInstanceOf(Promise);
    expect(run('thenable')).toBeInstanceOf(Promise);
  });
});

describe('a tool that throws', () => {
  const hostile = new Proxy(() => undefined, {
    get: () => {
      throw new Error('trap');
    },
    getPrototypeOf: () => {
      throw new Error('trap');
    },
    has: () => {
      throw new Error('trap');
    },
    ownKeys: () => {
      throw new Error('trap');
    },
  });
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();

  const cases: readonly (readonly [string, unknown, RegExp])[] = [
    ['an error', new Error('disk on fire'), /^Error: disk on fire$/],
    ['an error that names itself', new Error('Error: twice'), /^Error: twice$/],
    ['an error without a message', new RangeError(), /^Error: RangeError was thrown$/],
    ['a string', 'plain', /^Error: plain$/],
    ['an empty string', '', /^Error: an empty string was thrown$/],
    ['null', null, /^Error: null was thrown$/],
    ['undefined', undefined, /^Error: undefined was thrown$/],
    ['a number', 7, /^Error: 7 was thrown$/],
    ['a BigInt', 7n, /^Error: 7 was thrown$/],
    ['a symbol', Symbol('s'), /^Error: Symbol\(s\) was thrown$/],
    ['a function', () => 1, /^Error: a function was thrown$/],
    ['a plain object', { code: 1 }, /^Error: an object without a message was thrown$/],
    ['an object without prototype', Object.create(null), /^Error: an object without a message was thrown$/],
    [
      'an object with a message that is no text',
      { message: { a: 1 } },
      /^Error: an object without a message/,
    ],
    [
      'an object whose message throws',
      {
        get message() {
          throw new Error('trap');
        },
      },
      /^Error: something that cannot be described/,
    ],
    [
      'an error whose message throws null',
      Object.defineProperty(new Error('x'), 'message', {
        get() {
          throw null;
        },
      }),
      /^Error: something that cannot be described/,
    ],
    ['a hostile proxy', hostile, /^Error: a function was thrown$/],
    ['a revoked proxy', revoked.proxy, /^Error: something that cannot be described/],
    ['a very long message', new Error('x'.repeat(1_000_000)), /^Error: x{2000}$/],
  ];

  it.each(cases)('%s gives an error result', async (_, thrown, content) => {
    const expected = {
      callId: 'c1',
      name: 'probe',
      isError: true,
      content: expect.stringMatching(content) as string,
    };
    expect(
      await callTool({
        execute: () => {
          throw thrown;
        },
      }),
    ).toEqual(expected);
    expect(await callTool({ execute: () => Promise.reject(thrown) })).toEqual(expected);
  });

  it('overflows the stack and gives an error result', async () => {
    const recurse = (): number => recurse() + 1;
    expect(await callTool({ execute: recurse })).toMatchObject({
      isError: true,
      content: 'Error: Maximum call stack size exceeded',
    });
  });

  it('returns something whose `then` throws and gives an error result', async () => {
    const output = {
      get then() {
        throw new Error('trap');
      },
    };
    expect(await callTool({ execute: () => output })).toMatchObject({
      isError: true,
      content: 'Error: trap',
    });
    expect(
      await callTool({
        execute: () => ({
          then() {
            throw null;
          },
        }),
      }),
    ).toMatchObject({
      isError: true,
      content: 'Error: null was thrown',
    });
    expect(await callTool({ execute: () => revoked.proxy })).toMatchObject({ isError: true });
  });
});

describe('long output', () => {
  const told = async (output: string): Promise<string> => (await callTool({ execute: () => output })).content;

  it('of 2,000 lines is whole, with or without a final newline', async () => {
    const text = Array.from({ length: 2000 }, (_, i) => `${i}`).join('\n');
    expect(await told(text)).toBe(text);
    expect(await told(`${text}\n`)).toBe(`${text}\n`);
  });

  it('of 2,001 lines keeps its head and says how much is gone', async () => {
    const lines = Array.from({ length: 2001 }, (_, i) => `${i}`);
    const [head, note] = (await told(lines.join('\n'))).split('\n\n');
    expect(head).toBe(lines.slice(0, 2000).join('\n'));
    expect(note).toMatch(/^\[Output cut: 2000 of 2001 lines, \d+ of \d+ bytes shown\./);
    expect(await told('\n'.repeat(2001))).toMatch(
      /^\n{2001}\[Output cut: 2000 of 2001 lines, 2000 of 2001 bytes/,
    );
  });

  it('of 51,200 bytes is whole and of 51,201 is cut', async () => {
    const text = 'x'.repeat(51_200);
    expect(await told(text)).toBe(text);
    expect(await told(`${text}y`)).toBe(
      `${text}\n\n[Output cut: 1 of 1 lines, 51200 of 51201 bytes shown. Ask for less at a time.]`,
    );
  });

  it('is cut between code points', async () => {
    // 51,200 is no multiple of 3: two bytes stay free.
    const [head = ''] = (await told('€'.repeat(20_000))).split('\n\n');
    expect(head).toBe('€'.repeat(17_066));
    const [faces = ''] = (await told(`x${'😀'.repeat(20_000)}`)).split('\n\n');
    expect(faces).toBe(`x${'😀'.repeat(12_799)}`);
  });

  it('is cut in an error too', async () => {
    const result = await callTool({ execute: () => Promise.reject(new Error('\n'.repeat(1_000_000))) });
    expect(result.content.length).toBeLessThan(3_000);
  });
});

describe('an unknown tool', () => {
  it('is an error that lists the known ones', () => {
    expect(new Harness().error('bash')).toBe(
      'Error: tool "bash" does not exist; there are: read, write, edit, list, search',
    );
  });

  it('is told the near one', () => {
    expect(new Harness().error('raed')).toContain('did you mean "read"?');
  });

  it.each(['constructor', '__proto__', 'toString', ''])('is one called %j, too', (name) => {
    expect(new Harness().error(name)).toMatch(/^Error: tool ".*" does not exist/);
  });
});

describe('arguments', () => {
  const harness = new Harness({ 'a.txt': 'x' });
  const call = (args: string): { content: string; isError: boolean } => {
    const result = runCall(
      harness.tools,
      { id: '1', name: 'read', arguments: args },
      contextOf(harness.workspace),
    );
    if (result instanceof Promise) throw new Error('read answers at once');
    return result;
  };
  const takes =
    'read takes path (string), offset (integer, optional), limit (integer, optional), column (integer, optional).';

  it.each([
    ['{}', 'path is missing'],
    ['', 'path is missing'],
    ['  ', 'path is missing'],
    ['{"path":1}', 'path: must be string, got number'],
    ['{"path":null}', 'path: must be string, got null'],
    ['{"path":""}', 'path: '],
    ['{"path":"a.txt","offset":"1"}', 'offset: must be integer, got string'],
    ['{"path":"a.txt","offset":1.5}', 'offset: must be integer, got number'],
    ['{"path":"a.txt","offset":-1}', 'offset: -1 is less than 0'],
    ['{"path":"a.txt","limit":0}', 'limit: 0 is less than 1'],
    ['{"path":"a.txt","file":"b"}', 'file is not an argument of this tool'],
    ['[]', 'must be a JSON object, got an array'],
    ['null', 'must be a JSON object, got null'],
    ['"a.txt"', 'must be a JSON object, got a string'],
    ['{"path":"a.t', 'not valid JSON ('],
    ['path=a.txt', 'not valid JSON ('],
    ['{"path":"a.txt"}}', 'not valid JSON ('],
    ['[['.repeat(50_000), 'not valid JSON ('],
    [`${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'must be a JSON object, got an array'],
    ['x'.repeat(8 * 1024 * 1024 + 1), '8388609 characters are too many'],
  ])('that are wrong are refused with the reason: %.40j', (args, reason) => {
    const { content, isError } = call(args);
    expect(isError).toBe(true);
    expect(content.startsWith(`Error: invalid_arguments: ${reason}`)).toBe(true);
    expect(content.endsWith(takes)).toBe(true);
    expect(content.split('\n').length).toBeLessThanOrEqual(2);
  });

  it('may be null where they are optional', () => {
    expect(call('{"path":"a.txt","offset":null,"limit":null}').content).toBe('     1\tx');
  });

  it('may be left out altogether by a tool that needs none', async () => {
    expect(await callTool({ execute: (input: unknown) => input }, '')).toMatchObject({ content: '{}' });
  });

  it('reach a tool without keys that lead to a prototype, at any depth and however they are spelled', async () => {
    const args =
      '{"a":1,"__proto__":{"x":1},"\\u005f_proto__":2,"constructor":{"prototype":{"x":1}},' +
      '"list":[{"__proto__":{"x":1},"b":2}],"deep":{"constructor":"a name","__pr\\u006fto__":[]}}';
    const seen = await callTool({ execute: (input: unknown) => input }, args);
    expect(seen.content).toBe('{"a":1,"list":[{"b":2}],"deep":{"constructor":"a name"}}');
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  it('may be nested 100,000 deep', async () => {
    const args = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    expect(await callTool({ execute: () => 'reached' }, args)).toMatchObject({ content: 'reached' });
  });

  it('are checked against nested schemas, with the place of the fault', async () => {
    const parameters = {
      type: 'object',
      properties: { edits: { type: 'array', items: { $ref: '#/$defs/edit' } } },
      required: ['edits'],
      $defs: { edit: { type: 'object', properties: { line: { type: 'integer' } }, required: ['line'] } },
    };
    const shape = structuredClone(parameters);
    const execute = (): string => 'ran';
    expect(await callTool({ parameters, execute }, '{"edits":[{"line":1}]}')).toMatchObject({
      content: 'ran',
    });
    expect(
      (await callTool({ parameters, execute }, '{"edits":[{"line":1},{"line":"2"}]}')).content,
    ).toContain('invalid_arguments: edits.1.line: must be integer, got string');
    expect((await callTool({ parameters, execute }, '{"edits":[{}]}')).content).toContain(
      'edits.0: line is missing',
    );
    // What the model is offered is what the tool's author wrote.
    expect(parameters).toEqual(shape);
  });

  it('of a tool with a broken schema are an error, not a throw', async () => {
    const parameters = { type: 'object', properties: { a: { pattern: '(' }, b: { $ref: '#/nowhere' } } };
    for (const args of ['{"a":"x"}', '{"b":1}']) {
      expect((await callTool({ parameters }, args)).content).toContain(
        "cannot be checked against the tool's schema",
      );
    }
  });
});
