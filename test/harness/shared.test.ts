import { describe, expect, it } from 'vitest';
import { atLeast, atMost, formatFigures, none, told } from './shared/figures.ts';
import { readHarnessFlags } from './shared/flags.ts';
import { Prng } from './shared/prng.ts';
import { checkJournal } from './shared/check-journal.ts';
import { Violations } from './shared/violations.ts';
import type { JournalEntry } from '../../src/journal/entries.ts';
import { opened, prompt, restored } from '../contracts/journal-store.ts';

const FLAGS = {
  calls: { kind: 'number', default: 10, about: 'how many', min: 1 },
  store: { kind: 'text', default: 'memory', about: 'where' },
  full: { kind: 'switch', about: 'all of it' },
} as const;

const read = (...argv: string[]): object => readHarnessFlags('fuzz', argv, FLAGS, ['tools', 'yaml']);

describe('the command line of a harness', () => {
  it('gives values, parts and a seed', () => {
    expect(read('tools', '--calls', '1_000', '--store=a=b', '--full', 'yaml', '--seed', '7')).toEqual({
      calls: 1000,
      store: 'a=b',
      full: true,
      seed: 7,
      parts: ['tools', 'yaml'],
    });
    expect(read()).toMatchObject({ calls: 10, store: 'memory', full: false, parts: [] });
  });

  it.each([
    [['--cals', '3'], 'there is no flag --cals; did you mean --calls?'],
    [['--zzz'], 'there is no flag --zzz. (known: --seed, --calls, --store, --full)'],
    [['--__proto__', '1'], 'there is no flag --__proto__'],
    [['tolls'], 'there is no part "tolls"; did you mean tools?'],
    [['--calls', 'many'], '--calls must be a whole number, at least 1; it is "many"'],
    [['--calls', '0'], '--calls must be a whole number, at least 1; it is "0"'],
    [['--calls'], '--calls needs a value'],
    [['--full=yes'], '--full takes no value'],
  ])('refuses %j', (argv, problem) => {
    expect(() => read(...argv)).toThrow(
      expect.objectContaining({
        code: 'usage',
        message: expect.stringContaining(problem) as string,
      }) as Error,
    );
  });
});

describe('a seed', () => {
  const draw = (prng: Prng): number[] => Array.from({ length: 20 }, () => prng.below(1000));

  it('gives the same numbers again, and another seed gives others', () => {
    expect(draw(new Prng(7))).toEqual(draw(new Prng(7)));
    expect(draw(new Prng(8))).not.toEqual(draw(new Prng(7)));
  });

  it('gives a part of a run the same numbers whatever the other parts drew', () => {
    const one = new Prng(7);
    draw(one);
    expect(draw(one.fork('tools'))).toEqual(draw(new Prng(7).fork('tools')));
    expect(draw(one.fork('tools'))).not.toEqual(draw(one.fork('yaml')));
  });
});

describe('what is checked of a journal', () => {
  const overlay = [{ path: 'README.md', bytes: new Uint8Array(Buffer.from('# other\n')) }];
  const ended = [
    prompt('s/1'),
    { type: 'prompt-ended', promptId: 's/1', stopReason: 'cancelled', error: null, at: 2 },
  ] as const;
  const check = (...entries: readonly JournalEntry[]): string[] => {
    const violations = new Violations();
    checkJournal('s', [opened('s'), ...entries], () => undefined, violations);
    return [...new Set(violations.list.map(({ kind }) => kind))];
  };
  const back = (promptId: string | null, files: typeof overlay): ReturnType<typeof restored> => ({
    ...restored('s', null),
    from: { sessionId: 's', promptId },
    keptMessages: 0,
    messages: [],
    overlay: files,
  });
  const fork: JournalEntry = { ...back('p/1', overlay), from: { sessionId: 'p', promptId: 'p/1' } };

  it('are the files that a session goes back to', () => {
    expect(check(...ended, back('s/1', []), back(null, []))).toEqual([]);
    expect(check(...ended, back('s/1', overlay))).toEqual(['wrong tree']);
    expect(check(back('s/1', []))).toEqual(['wrong tree']);
    expect(check(fork, ...ended, back('s/1', overlay), back(null, overlay))).toEqual([]);
    expect(check(fork, ...ended, back(null, []))).toEqual(['wrong tree']);
  });

  it('is that nothing is in progress then', () => {
    expect(check(prompt('s/1'), back(null, []))).toContain('order');
  });
});

describe('figures', () => {
  it('are printed beside their goals, and one that fails stands out', () => {
    const rows = [
      none('escapes', 1),
      atLeast('calls', 1000, 2000),
      atMost('slowest', 50, 12.345, 'ms'),
      told('rate', '9/s'),
    ];
    expect(formatFigures(rows).split('\n')).toEqual([
      'figure   goal      measured  ok',
      'escapes  0         1         NO',
      'calls    >= 1,000  2,000     yes',
      'slowest  <= 50 ms  12.3 ms   yes',
      'rate               9/s',
    ]);
    expect(rows.map((row) => row.ok)).toEqual([false, true, true, true]);
  });
});
