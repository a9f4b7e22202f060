import fc from 'fast-check';
import { expect, it } from 'vitest';
import { runCall } from '../../src/tools/run-call.ts';
import { contextOf, Harness } from './harness.ts';

/** Names from a small pool, so that calls meet; some of them mean trouble. */
const name = fc.constantFrom(
  'path',
  'offset',
  'limit',
  'content',
  'old_string',
  'new_string',
  'replace_all',
  'pattern',
  'glob',
  'max_results',
  'name',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
);
const path = fc.constantFrom(
  'a.txt',
  '/a.txt',
  'lib/b.ts',
  'lib',
  '',
  '.',
  '..',
  '../x',
  'a\\b',
  'a\0',
  '%2e%2e/x',
  '．．/x',
  '\ud800',
  'x'.repeat(10_000),
);
const value = fc.oneof(
  path,
  fc.string({ maxLength: 20 }),
  fc.integer({ min: -3, max: 5_000 }),
  fc.boolean(),
  fc.constantFrom(null, 1e308, -0, 0.5, 'foo', '**/*', '*.ts', '[', '{a', '(', '\\'),
  fc.jsonValue({ maxDepth: 3 }),
);
const object = fc
  .array(fc.tuple(name, value), { maxLength: 5 })
  .map(
    (entries) =>
      `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${JSON.stringify(item)}`).join(',')}}`,
  );
const anyArguments = fc.oneof(
  { weight: 4, arbitrary: object },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  // Cut anywhere, as a stream may be.
  { weight: 1, arbitrary: fc.tuple(object, fc.nat(80)).map(([text, at]) => text.slice(0, at)) },
);
const anyTool = fc.constantFrom(
  'read',
  'write',
  'edit',
  'list',
  'search',
  'bash',
  '__proto__',
  'constructor',
  '',
);
const wildCall = fc.tuple(anyTool, anyArguments);

// Calls of the right shape, so that the tools themselves are reached, and reach each other's files.
const file = fc.oneof({ weight: 3, arbitrary: fc.constantFrom('a.txt', 'lib/b.ts', 'c/d.txt') }, path);
const text = fc.string({
  unit: fc.constantFrom('f', 'o', ' ', '\n', '\r', '$&', '😀', '\ud800', '\0'),
  maxLength: 8,
});
const whole = fc.option(fc.integer({ min: 0, max: 4 }), { nil: null });
const shapes: Readonly<Record<string, fc.Arbitrary<object>>> = {
  read: fc.record({ path: file, offset: whole, limit: whole }, { requiredKeys: ['path'] }),
  write: fc.record({ path: file, content: text }),
  edit: fc.record(
    { path: file, old_string: text, new_string: text, replace_all: fc.boolean() },
    { requiredKeys: ['path', 'old_string', 'new_string'] },
  ),
  list: fc.record(
    { pattern: fc.constantFrom('**/*', '*.txt', '[', '!a*', '{a,b}', '/'), path },
    { requiredKeys: [] },
  ),
  search: fc.record(
    {
      pattern: fc.constantFrom('f', 'o+', '(?i)F', '(', '\\', '^$', '\\p{L}'),
      path,
      glob: fc.constantFrom('*.ts', '**'),
    },
    { requiredKeys: ['pattern'] },
  ),
};
const shapedCall = fc.oneof(
  ...Object.entries(shapes).map(([called, shape]) =>
    shape.map((value): [string, string] => [called, JSON.stringify(value)]),
  ),
);

it('whatever is asked, a call is answered with a text, and Object.prototype stays as it is', () => {
  const before = Reflect.ownKeys(Object.prototype);
  fc.assert(
    fc.property(fc.array(fc.oneof(wildCall, shapedCall), { maxLength: 12 }), (calls) => {
      const harness = new Harness({ 'a.txt': 'foo\nbar\r\n', 'lib/b.ts': 'let foo = 1;\n' });
      for (const [index, [called, text]] of calls.entries()) {
        const call = { id: `c${index}`, name: called, arguments: text };
        const result = runCall(harness.tools, call, contextOf(harness.workspace));
        if (result instanceof Promise) throw new Error('the built-in tools answer at once');
        expect(result.callId).toBe(call.id);
        expect(result.name).toBe(called);
        expect(typeof result.content).toBe('string');
        expect(result.content.startsWith('Error: ')).toBe(result.isError);
      }
      expect(Reflect.ownKeys(Object.prototype)).toEqual(before);
    }),
    { numRuns: 5_000 },
  );
});
