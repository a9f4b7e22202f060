import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { outputSchema } from '../../src/pool/output-schema.ts';
import type { JsonSchema } from '../../src/tools/tool.ts';

function made(schema: unknown, name?: string): ReturnType<typeof outputSchema> {
  return outputSchema(schema as JsonSchema, name);
}

function nested(depth: number): object {
  let schema: object = { type: 'string' };
  for (let level = 0; level < depth; level += 1) schema = { items: schema };
  return schema;
}

const circle: { items?: unknown } = {};
circle.items = circle;

const mutual = {
  $ref: '#/$defs/a',
  $defs: { a: { anyOf: [{ type: 'null' }, { $ref: '#/$defs/b' }] }, b: { not: { $ref: '#/$defs/a' } } },
};

/** References by which a value is held against 2^levels schemas. */
function doubling(levels: number): object {
  const $defs: Record<string, object> = { [`d${levels}`]: {} };
  for (let level = 0; level < levels; level += 1) {
    const $ref = `#/$defs/d${level + 1}`;
    $defs[`d${level}`] = { allOf: [{ $ref }, { anyOf: [{ $ref }] }] };
  }
  return { $defs, properties: { a: { $ref: '#/$defs/d0' } } };
}

describe('a schema that a caller gives', () => {
  it('is kept as JSON, under a name', () => {
    const schema = { type: 'object', properties: { a: { type: 'string', description: undefined } } };
    expect(made(schema)).toEqual({
      name: 'answer',
      json: '{"type":"object","properties":{"a":{"type":"string"}}}',
      strict: false,
    });
    expect(made({ type: 'string' }, 'my_answer-2').name).toBe('my_answer-2');
  });

  it('can be one that zod has made, with references and all', () => {
    const Node = z.object({
      label: z.string().regex(/^[a-z]+$/u),
      get children() {
        return z.array(Node);
      },
    });
    expect(JSON.parse(made(z.toJSONSchema(Node)).json)).toEqual(
      JSON.parse(JSON.stringify(z.toJSONSchema(Node))),
    );
  });

  it.each<[string, unknown, string, string]>([
    ['no object', 'string', 'schema', 'expected a JSON Schema object, but was given a string'],
    ['null', null, 'schema', 'expected a JSON Schema object, but was given null'],
    ['a list', [], 'schema', 'expected a JSON Schema object, but was given a list'],
    ['true, which says nothing', true, 'schema', 'expected a JSON Schema object, but was given a boolean'],
    ['a schema of zod', z.object({}), 'schema', 'z.toJSONSchema(schema)'],
    ['a function in it', { default: () => 1 }, 'schema.default', 'plain JSON data, but was given a function'],
    ['a date in it', { const: new Date(0) }, 'schema.const', 'plain JSON data, but was given a Date'],
    ['no number', { minimum: NaN }, 'schema.minimum', 'expected plain JSON data'],
    ['a big integer', { const: 1n }, 'schema.const', 'expected plain JSON data'],
    ['itself in it', circle, 'schema.items', 'is nested more than 100 deep'],
    ['too deep a nesting', nested(101), 'schema.items', 'is nested more than 100 deep'],
    ['an unknown type', { type: 'text' }, 'schema.type', 'one of string, number'],
    ['an unknown type among others', { type: ['string', 'any'] }, 'schema.type', 'but was given "any"'],
    ['a type that is none, deep in it', { items: { not: { type: 1 } } }, 'schema.items.not.type', 'given 1'],
    ['a property that is no schema', { properties: { a: 'string' } }, 'schema.properties.a', 'a string'],
    ['properties that are a list', { properties: [] }, 'schema.properties', 'expected schemas by name'],
    ['one schema for several', { anyOf: {} }, 'schema.anyOf', 'expected a list of schemas'],
    ['a required that is true', { required: true }, 'schema.required', 'expected a list of names'],
    ['an empty choice', { enum: [] }, 'schema.enum', 'that is not empty'],
    ['a broken expression', { pattern: '(' }, 'schema.pattern', 'is no regular expression'],
    ['one that Unicode mode refuses', { pattern: '\\-' }, 'schema.pattern', 'is no regular expression'],
    [
      'a broken name',
      { patternProperties: { '[': {} } },
      'schema.patternProperties',
      'no regular expression',
    ],
    ['a reference to nowhere', { $ref: '#/$defs/x' }, 'schema', 'Unresolved $ref "#/$defs/x"'],
    ['one further in', { properties: { a: { $ref: '#/$defs/x' } } }, 'schema', 'refers to "#/$defs/x"'],
    ['one to the network', { items: { $ref: 'https://example.org/s' } }, 'schema', 'example.org'],
    ['a reference to itself', { $ref: '#' }, 'schema', 'cannot be used'],
    ['two that refer to each other', mutual, 'schema', 'go round in a circle'],
    ['billions of checks for one value', doubling(40), 'schema', 'schemas; at most 5000 are taken'],
    ['too much of it', { description: 'x'.repeat(262_144) }, 'schema', 'expected at most 262144 characters'],
  ])('is refused: %s', (_, schema, option, reason) => {
    expect(() => made(schema)).toThrow(
      expect.objectContaining({
        code: 'invalid_option',
        option: expect.stringMatching(new RegExp(`^${option.replaceAll('.', '\\.')}`)) as string,
        message: expect.stringContaining(reason) as string,
      }),
    );
  });

  it.each(['', 'my answer', 'ä', 'x'.repeat(65)])('has no name like %j', (name) => {
    expect(() => made({}, name)).toThrow(expect.objectContaining({ option: 'schemaName' }));
  });
});

describe('a schema that providers can promise to follow', () => {
  const all = (properties: object): object => ({
    type: 'object',
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
  });

  it.each<[boolean, string, object]>([
    [true, 'all named and required', all({ a: { type: 'string' }, b: all({}) })],
    [
      true,
      'choices and references',
      { ...all({ a: { anyOf: [{ $ref: '#/$defs/n' }] } }), $defs: { n: { type: 'null' } } },
    ],
    [false, 'a part that may be anything', all({ a: {} })],
    [false, 'a list of anything', all({ a: { type: 'array' } })],
    [false, 'an object or nothing, and nothing said of more', all({ a: { type: ['object', 'null'] } })],
    [false, 'more allowed', { ...all({ a: { type: 'null' } }), additionalProperties: true }],
    [false, 'nothing said of more', { type: 'object', properties: {} }],
    [false, 'one not required', { ...all({ a: { type: 'null' }, b: { type: 'null' } }), required: ['a'] }],
    [false, 'one not required, further in', all({ a: { ...all({ b: { type: 'null' } }), required: [] } })],
    [false, 'no object', { type: 'array', items: { type: 'string' } }],
    [false, 'a keyword that they do not know', all({ a: { not: { type: 'null' } } })],
  ])('%s: %s', (strict, _, schema) => {
    expect(made(schema).strict).toBe(strict);
  });
});
