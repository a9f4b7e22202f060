import { describe, expect, it } from 'vitest';
import { readStepOutcome } from '../../src/protocol/read-step-outcome.ts';

const outcome = (path: string): unknown => ({
  type: 'done',
  opening: null,
  results: [],
  changes: [{ path, bytes: new Uint8Array([1]) }],
  next: { wait: 'model' },
});

const done = {
  type: 'done',
  opening: { system: 'Be brief.', tools: null },
  results: [{ callId: 'a', name: 'read', content: 'text', isError: false }],
  changes: [
    { path: 'a.ts', bytes: new Uint8Array([1]) },
    { path: 'b.ts', bytes: null },
  ],
  next: { wait: 'model' },
  timings: [{ callId: 'a', startEpochMs: 1.5, endEpochMs: 2 }],
};

const NEXT = [
  { wait: 'model' },
  { wait: 'prompt' },
  { wait: 'outside', callIds: ['a', 'b'] },
  { wait: 'repair', message: 'no' },
  { wait: 'nothing', stopReason: 'end' },
  { wait: 'nothing', stopReason: 'max-turns', output: '{"a":1}' },
  { wait: 'nothing', stopReason: 'invalid-output', problem: 'no' },
];

const OUTCOMES = [
  { type: 'miss' },
  { type: 'failed', error: { code: 'step_failed', message: 'no' } },
  done,
  ...NEXT.map((next) => ({ ...done, opening: null, next })),
];

interface Damage {
  readonly where: string;
  readonly by: unknown;
  readonly value: unknown;
}

/** The value with one of its fields, at any depth, made something else. */
function* damaged(value: unknown): Generator<Damage> {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
  for (const [key, inner] of Object.entries(value)) {
    const put = (other: unknown): unknown =>
      Array.isArray(value)
        ? value.map((item, at) => (String(at) === key ? other : (item as unknown)))
        : { ...value, [key]: other };
    for (const by of [undefined, Symbol.iterator, () => 1, 1n, [7], { a: 1 }]) {
      yield { where: key, by, value: put(by) };
    }
    for (const { where, by, value: other } of damaged(inner)) {
      yield { where: `${key}.${where}`, by, value: put(other) };
    }
  }
}

describe('an outcome from a thread', () => {
  it.each(['../out', '/etc/passwd', 'a/../../b', './a', 'a//b', '', 'a\0b', 'a/..'])(
    'is none with the path %j, which no workspace writes',
    (path) => expect(readStepOutcome(outcome(path))).toBeUndefined(),
  );

  it('may change any file of the workspace', () => {
    expect(readStepOutcome(outcome('src/ä/b.ts'))).toBeDefined();
  });

  it.each(OUTCOMES.map((one) => [JSON.stringify(one), one] as const))('is read as it is: %s', (_, one) => {
    expect(readStepOutcome(one)).toStrictEqual(one);
  });

  it('is without what is no part of it', () => {
    const more = {
      ...done,
      results: [{ ...done.results[0], more: 1 }],
      next: { wait: 'model', message: 'x' },
      more: 1,
    };
    expect(readStepOutcome(more)).toStrictEqual(done);
  });

  it.each(OUTCOMES.map((one) => [JSON.stringify(one), one] as const))(
    'is none where any part is of another kind: %s',
    (_, one) => {
      const isOptional = /^(timings|next\.output)$/;
      for (const { where, by, value } of damaged(one)) {
        if (by === undefined && isOptional.test(where)) continue;
        expect(readStepOutcome(value), where).toBeUndefined();
      }
    },
  );

  it.each([undefined, null, 1, 'done', [], {}, { type: 'other' }])('is not %j', (message) => {
    expect(readStepOutcome(message)).toBeUndefined();
  });

  it('has JSON where it has a value, and finite times', () => {
    const next = { wait: 'nothing', stopReason: 'end', output: '{"a":' };
    expect(readStepOutcome({ ...done, next })).toBeUndefined();
    const timings = [{ callId: 'a', startEpochMs: Number.NaN, endEpochMs: 1 }];
    expect(readStepOutcome({ ...done, timings })).toBeUndefined();
  });
});
