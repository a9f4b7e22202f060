import fc from 'fast-check';
import { expect, it } from 'vitest';
import { checkOutput } from '../../src/session/check-output.ts';

/** JSON data without what is dropped for safety, nested as models nest. */
const value = fc
  .jsonValue({ maxDepth: 5 })
  // -0 is written as 0.
  .map((drawn) => JSON.parse(JSON.stringify(drawn)) as unknown)
  .filter((drawn) => !/"(__proto__|constructor)":/.test(JSON.stringify(drawn)));

/** A schema that the value fits, and only values of its very shape do. */
function shapeOf(of: unknown): Record<string, unknown> {
  if (of === null) return { type: 'null' };
  if (Array.isArray(of)) return { type: 'array', prefixItems: of.map(shapeOf), minItems: of.length };
  if (typeof of !== 'object') return { type: typeof of };
  return {
    type: 'object',
    properties: Object.fromEntries(Object.entries(of).map(([key, inner]) => [key, shapeOf(inner)])),
    required: Object.keys(of),
    additionalProperties: false,
  };
}

/** Ways in which models write what they were asked for. */
const writing = fc.constantFrom<(json: string) => string>(
  (json) => json,
  (json) => `\n ${json}\n`,
  (json) => `\`\`\`json\n${json}\n\`\`\``,
  (json) => `\`\`\`\n${json}\`\`\`\n`,
  (json) => JSON.stringify(JSON.parse(json), null, 2),
);

it('what fits its schema comes out as it went in, however it is written', () => {
  fc.assert(
    fc.property(value, writing, (of, write) => {
      const schema = { name: 'answer', json: JSON.stringify(shapeOf(of)), strict: false };
      const checked = checkOutput(write(JSON.stringify(of)), schema);
      expect(checked.ok && JSON.parse(checked.json)).toEqual(of);
    }),
  );
});

it('what does not fit is refused, with the place of what is wrong', () => {
  const leaf = fc.oneof(fc.string(), fc.boolean(), fc.integer(), fc.constant(null));
  const path = fc.array(fc.stringMatching(/^[a-z]{1,5}$/), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(path, leaf, leaf, (names, right, wrong) => {
      fc.pre(shapeOf(right)['type'] !== shapeOf(wrong)['type']);
      const nest = (inner: unknown): unknown => names.reduceRight((of, name) => ({ [name]: of }), inner);
      const schema = { name: 'answer', json: JSON.stringify(shapeOf(nest(right))), strict: false };
      const checked = checkOutput(JSON.stringify(nest(wrong)), schema);
      expect(checked.ok ? [] : checked.problems).toEqual([
        expect.stringMatching(new RegExp(`^${names.join('\\.')}: must be `)),
      ]);
    }),
  );
});

it('whatever a model writes, it is judged', () => {
  const schema = { name: 'answer', json: JSON.stringify({ type: 'object' }), strict: false };
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('`', '\n', '{', '}', '"', 'a', ':', '1') })),
      (reply) => {
        const checked = checkOutput(reply, schema);
        if (checked.ok) expect(JSON.parse(checked.json)).toBeTypeOf('object');
        else expect(checked.problems.length).toBeGreaterThan(0);
      },
    ),
  );
});
