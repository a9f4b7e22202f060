import { describe, expect, it } from 'vitest';
import { checkOutput } from '../../src/session/check-output.ts';

const SCHEMA = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    tags: { type: 'array', items: { type: 'string' }, maxItems: 2 },
  },
  required: ['name'],
  additionalProperties: false,
};

function check(reply: string, schema: object = SCHEMA): ReturnType<typeof checkOutput> {
  return checkOutput(reply, { name: 'answer', json: JSON.stringify(schema), strict: false });
}

describe('an answer that is to be a value', () => {
  it.each([
    ['plain', '{"name":"a"}'],
    ['with white space around it', '\n  {"name":"a"} \n'],
    ['in a fence', '```\n{"name":"a"}\n```'],
    ['in a fence that names the language', '```json\n{ "name": "a" }\n```\n'],
    ['in a longer fence', '````json\n{"name":"a"}\n````'],
    ['in a fence that ends on the same line', '```json\r\n{"name":"a"}```'],
  ])('is read %s', (_, reply) => {
    expect(check(reply)).toEqual({ ok: true, json: '{"name":"a"}' });
  });

  it.each([
    ['text before it', 'Here it is: {"name":"a"}', /not valid JSON/],
    ['text after it', '{"name":"a"} I hope that helps.', /not valid JSON/],
    ['text before its fence', 'Here:\n```json\n{"name":"a"}\n```', /not valid JSON/],
    ['a fence that does not end', '```json\n{"name":"a"}', /not valid JSON/],
    ['nothing but a fence', '```', /not valid JSON/],
    ['no text at all', ' \n', /there is no text/],
    ['half of it', '{"name":"a', /not valid JSON/],
    ['a number that is none', '{"name":"a","tags":[],"n":1e999}', /a number in it is too large/],
    ['more than can be read', `"${'x'.repeat(8 * 1024 * 1024)}"`, /characters are too many/],
  ])('is refused with %s', (_, reply, reason) => {
    const checked = check(reply);
    expect(checked).toMatchObject({ ok: false });
    expect(JSON.stringify(checked)).toMatch(reason);
  });

  it('is told everything that is wrong, by place and reason, the outside left out', () => {
    expect(check('{"tags":["a",2,"c"],"more":1}')).toEqual({
      ok: false,
      problems: [
        'name is missing',
        'tags: Array has too many items (3 > 2)',
        'tags.1: must be string, got number',
        'more: is not allowed',
      ],
    });
  });

  it('is told ten things at most', () => {
    const reply = JSON.stringify(Array.from({ length: 50 }, () => 1));
    const checked = check(reply, { type: 'array', items: { type: 'string' } });
    expect(checked).toMatchObject({ ok: false, problems: { length: 10 } });
  });

  it('says of a choice what is wrong with each', () => {
    const schema = { anyOf: [{ type: 'string' }, { type: 'object', required: ['a'] }] };
    expect(check('{}', schema)).toEqual({
      ok: false,
      problems: ['Instance does not match any subschemas', 'must be string, got object', 'a is missing'],
    });
  });

  it('may be nested 200 deep, and not deeper, however deep it is', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    expect(check(nested(200), {})).toEqual({ ok: true, json: nested(200) });
    for (const depth of [201, 300_000]) {
      expect(check(nested(depth), {})).toEqual({
        ok: false,
        problems: ['it is nested more than 200 deep'],
      });
    }
  });

  it('loses the keys that could reach a prototype', () => {
    const reply = '{"__proto__":{"x":1},"a":{"constructor":{"prototype":{}}},"constructor":1}';
    expect(check(reply, {})).toEqual({ ok: true, json: '{"a":{},"constructor":1}' });
  });

  it('is null where null is asked for', () => {
    expect(check('null', { type: 'null' })).toEqual({ ok: true, json: 'null' });
  });

  it('that the schema cannot check is refused with the reason', () => {
    const schema = {
      properties: { next: { $ref: '#/$defs/loop' } },
      $defs: { loop: { $ref: '#/$defs/loop' } },
    };
    const checked = check('{"next":1}', schema);
    expect(checked).toMatchObject({ ok: false });
    expect(JSON.stringify(checked)).toContain('cannot be checked against the schema');
  });
});
