import { describe, expect, it } from 'vitest';
import { readModelBatch } from '../../src/protocol/read-model-batch.ts';

const EMPTY = { type: 'model-batch', began: [], parts: [], replies: [] };

describe('a batch of a model thread', () => {
  it.each([
    ['nothing', {}],
    [
      'beginnings',
      {
        began: [
          { callId: 1, limits: null },
          { callId: 2, limits: { requests: { limit: 5 } } },
        ],
      },
    ],
    ['text and reasoning', { parts: [1, 'text', 'a', 2, 'reasoning', 'b'] }],
    ['a reply', { replies: [{ callId: 1, reply: { ok: false } }] }],
  ])('is taken with %s', (_what, fields) => {
    const batch = { ...EMPTY, ...fields };
    expect(readModelBatch(batch)).toBe(batch);
  });

  it.each([
    ['no object', null],
    ['another type', { ...EMPTY, type: 'text-batch' }],
    ['a list missing', { type: 'model-batch', began: [], parts: [] }],
    ['half a part', { ...EMPTY, parts: [1, 'text'] }],
    ['an unknown kind', { ...EMPTY, parts: [1, 'refusal', 'a'] }],
    ['text that is none', { ...EMPTY, parts: [1, 'text', 2] }],
    ['a call without a number', { ...EMPTY, parts: ['1', 'text', 'a'] }],
    ['limits that are none', { ...EMPTY, began: [{ callId: 1, limits: { requests: { limit: 'many' } } }] }],
    ['a beginning that is none', { ...EMPTY, began: [null] }],
    ['a reply that says nothing', { ...EMPTY, replies: [{ callId: 1, reply: null }] }],
  ])('is refused with %s', (_what, message) => {
    expect(readModelBatch(message)).toBeUndefined();
  });
});
