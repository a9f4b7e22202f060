import { describe, expect, it } from 'vitest';
import { readStepOutcome } from '../../src/protocol/schemas.ts';

const outcome = (path: string): unknown => ({
  type: 'done',
  opening: null,
  results: [],
  changes: [{ path, bytes: new Uint8Array([1]) }],
  next: { wait: 'model' },
});

describe('an outcome from a thread', () => {
  it.each(['../out', '/etc/passwd', 'a/../../b', './a', 'a//b', '', 'a\0b', 'a/..'])(
    'is none with the path %j, which no workspace writes',
    (path) => expect(readStepOutcome(outcome(path))).toBeUndefined(),
  );

  it('may change any file of the workspace', () => {
    expect(readStepOutcome(outcome('src/ä/b.ts'))).toBeDefined();
  });
});
