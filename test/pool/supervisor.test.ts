import { describe, expect, it } from 'vitest';
import { settledResult, supervise, type Loss, type LossHistory } from '../../src/pool/supervisor.ts';

const history = (data: Partial<LossHistory> = {}): LossHistory => ({
  deaths: new Map(),
  begun: new Set(),
  losses: 1,
  processLosses: 0,
  ...data,
});
const loss = (data: Partial<Loss> = {}): Loss => ({
  reason: 'exit',
  suspects: [],
  touched: data.suspects ?? [],
  ...data,
});

describe('a process that dies with the step in it', () => {
  const lost = loss({ reason: 'process' });

  it('is forgiven more often than a thread: many were in it', () => {
    expect(supervise(lost, history({ losses: 0, processLosses: 9 }))).toEqual({ do: 'rerun' });
    expect(supervise(lost, history({ losses: 0, processLosses: 10 }))).toEqual({ do: 'give-up' });
  });

  it('is no excuse for the threads that were lost', () => {
    expect(supervise(loss(), history({ losses: 3, processLosses: 1 }))).toEqual({ do: 'give-up' });
  });

  it('that ran one call alone has its culprit', () => {
    const deaths = new Map([['a', 2]]);
    expect(supervise(loss({ reason: 'process', suspects: ['a'] }), history({ deaths }))).toEqual({
      do: 'settle',
      callIds: ['a'],
      as: 'tool_crashed',
    });
  });
});

describe('a thread that dies with one call running', () => {
  it.each(['error', 'exit', 'memory'] as const)('is forgiven once (%s)', (reason) => {
    expect(supervise(loss({ reason, suspects: ['a'] }), history({ deaths: new Map([['a', 1]]) }))).toEqual({
      do: 'rerun',
    });
  });

  it('costs the call its second chance the second time', () => {
    expect(supervise(loss({ suspects: ['a'] }), history({ deaths: new Map([['a', 2]]), losses: 2 }))).toEqual(
      { do: 'settle', callIds: ['a'], as: 'tool_crashed' },
    );
  });

  it('past its deadline settles the call at once', () => {
    expect(
      supervise(loss({ reason: 'deadline', suspects: ['a'] }), history({ deaths: new Map([['a', 1]]) })),
    ).toEqual({ do: 'settle', callIds: ['a'], as: 'timed_out' });
  });
});

describe('a thread that dies with several calls running', () => {
  it.each(['error', 'deadline'] as const)('is run again to find the culprit (%s)', (reason) => {
    const deaths = new Map([
      ['a', 2],
      ['b', 1],
    ]);
    expect(supervise(loss({ reason, suspects: ['a', 'b'] }), history({ deaths, losses: 2 }))).toEqual({
      do: 'rerun',
    });
  });

  it('is not run again for ever', () => {
    expect(supervise(loss({ suspects: ['a', 'b'] }), history({ losses: 6 }))).toEqual({ do: 'give-up' });
  });
});

describe('a thread that dies outside any call', () => {
  it.each([
    [1, 'rerun'],
    [2, 'rerun'],
    [3, 'give-up'],
    [4, 'give-up'],
  ] as const)('after %i losses without progress: %s', (losses, verdict) => {
    expect(supervise(loss(), history({ losses })).do).toBe(verdict);
  });
});

describe('an outside effect whose intent is journalled', () => {
  it.each([
    ['while it ran', { suspects: ['a'], touched: ['a'] }],
    ['after it ended', { suspects: [], touched: ['a'] }],
    ['at its deadline', { reason: 'deadline', suspects: ['a'], touched: ['a'] }],
    ['for the sixth time', { suspects: ['a'], touched: ['a'] }],
  ] as const)('is never run again when the thread died %s', (_when, data) => {
    expect(supervise(loss(data), history({ begun: new Set(['a']), losses: 6 }))).toEqual({
      do: 'settle',
      callIds: ['a'],
      as: 'outcome_unknown',
    });
  });

  it('is settled together with every other that was running', () => {
    const data = { suspects: ['b', 'c'], touched: ['a', 'b', 'c'] };
    expect(supervise(loss(data), history({ begun: new Set(['a', 'b']) }))).toEqual({
      do: 'settle',
      callIds: ['a', 'b'],
      as: 'outcome_unknown',
    });
  });

  it('may run when the thread died before it began', () => {
    expect(supervise(loss(), history({ begun: new Set(['a']) }))).toEqual({ do: 'rerun' });
  });
});

describe('a settled call', () => {
  it.each(['timed_out', 'tool_crashed', 'outcome_unknown', 'not_run'] as const)(
    'tells the model %s, as an error',
    (as) => {
      const result = settledResult({ id: 'a', name: 'dig', arguments: '{}' }, as, 'exit code 1');
      expect(result).toMatchObject({ callId: 'a', name: 'dig', isError: true });
      expect(result.content).toMatch(new RegExp(`^Error: ${as}: `));
    },
  );
});
