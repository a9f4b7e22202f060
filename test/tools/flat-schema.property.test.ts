import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FlatSchema } from '../../src/tools/flat-schema.ts';
import { SchemaCheck } from '../../src/tools/schema-check.ts';
import type { JsonSchema } from '../../src/tools/tool.ts';

const name = fc.constantFrom('a', 'b', 'c', 'toString', 'constructor');
const scalar = fc.oneof(
  fc.record({ type: fc.constant('string'), minLength: fc.nat(4) }, { requiredKeys: ['type'] }),
  fc.record(
    { type: fc.constantFrom('integer', 'number'), minimum: fc.integer({ min: -3, max: 3 }) },
    { requiredKeys: ['type'] },
  ),
  fc.record({ type: fc.constant('boolean'), description: fc.string() }, { requiredKeys: ['type'] }),
);
const schema: fc.Arbitrary<JsonSchema> = fc.record(
  {
    type: fc.constant('object'),
    properties: fc.dictionary(name, scalar),
    required: fc.uniqueArray(name, { maxLength: 2 }),
    additionalProperties: fc.boolean(),
  },
  { requiredKeys: ['type', 'properties'] },
);
const value = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 5 }),
  fc.integer({ min: -5, max: 5 }),
  fc.constantFrom(null, true, false, 0.5, -0, 1e308, '😀', [], {}),
);

it('accepts nothing that the validator refuses', () => {
  fc.assert(
    fc.property(schema, fc.dictionary(name, value), (wanted, values) => {
      const flat = FlatSchema.of(wanted);
      expect(flat).toBeDefined();
      if (flat!.accepts(values)) expect(new SchemaCheck(wanted).firstProblem(values)).toBeUndefined();
    }),
  );
});

it('accepts what has each property as it is described', () => {
  const flat = FlatSchema.of({
    type: 'object',
    properties: {
      path: { type: 'string', minLength: 1, description: 'Where' },
      offset: { type: 'integer', minimum: 0 },
      all: { type: 'boolean' },
    },
    required: ['path'],
    additionalProperties: false,
  });
  expect(flat!.accepts({ path: 'a', offset: 0, all: true })).toBe(true);
  expect(flat!.accepts({ path: 'a' })).toBe(true);
  expect(flat!.accepts({ offset: 0 })).toBe(false);
  expect(flat!.accepts({ path: 'a', offset: 0.5 })).toBe(false);
});

it.each([
  { properties: {} },
  { type: 'object', properties: { a: { type: 'string', pattern: '^a' } } },
  { type: 'object', properties: { a: { type: 'array', items: { type: 'string' } } } },
  { type: 'object', properties: { a: { type: ['string', 'null'] } } },
  { type: 'object', properties: { a: { $ref: '#/$defs/a' } }, $defs: { a: { type: 'string' } } },
  { type: 'object', properties: { a: { type: 'number', minLength: 1 } } },
  { type: 'object', properties: { a: true } },
  { type: 'object', additionalProperties: { type: 'string' } },
  { type: 'object', required: 'a' },
  { type: 'object', anyOf: [{ required: ['a'] }] },
])('leaves to the validator: %j', (wanted) => {
  expect(FlatSchema.of(wanted)).toBeUndefined();
});
