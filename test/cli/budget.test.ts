import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { folder, recordsOf, skein } from './run-cli.ts';

/** A response of 110 tokens each: one round of tools, then "done". */
const SCRIPT = `rules:
  - match: { turn: 0 }
    answer: { calls: [{ name: write, arguments: { path: out.txt, content: text } }], usage: { input: 100, output: 10 } }
  - answer: { text: done, usage: { input: 100, output: 10 } }
`;
/** A dollar a response. */
const PRICES = "'scripted:*': { inputPerMillion: 10000, outputPerMillion: 0 }\n";
const JOB = `name: rows
prompt: Do {{id}}
each: { rows: [{ id: a }, { id: b }, { id: c }, { id: d }] }
model: scripted:script.yaml
concurrency: 1
`;
let here: ReturnType<typeof folder>;
beforeEach(() => {
  here = folder({ 'a.txt': 'text', 'script.yaml': SCRIPT, 'prices.yaml': PRICES, 'job.yaml': JOB });
});
afterEach(() => here.remove());

const cli = (...args: string[]): ReturnType<typeof skein> => skein(args, { cwd: here.path });
const run = (...args: string[]): ReturnType<typeof skein> =>
  cli('run', 'go', '--model', 'scripted:script.yaml', ...args);
const batch = (...args: string[]): ReturnType<typeof skein> => cli('batch', 'job.yaml', ...args);
const report = (): {
  totals: Record<string, unknown> & { usage: { cost: unknown } };
  stoppedBy: { code: string } | null;
} => JSON.parse(readFileSync(join(here.path, 'out/report.json'), 'utf8'));

describe('skein run with a budget', () => {
  it('ends when it is reached, with an exit code of its own, and says what was spent', async () => {
    const result = await run('--budget-usd', '0.5', '--prices', 'prices.yaml');
    expect(result.exitCode).toBe(4);
    const records = recordsOf(result);
    expect(records.find(({ type }) => type === 'budget.reached')).toMatchObject({
      scope: 'session',
      what: 'usd',
      limit: 0.5,
      spent: 1,
      action: 'end',
    });
    expect(records.at(-1)).toMatchObject({
      type: 'session.ended',
      exit: 4,
      stopReason: 'budget',
      turns: 1,
      usage: { totalTokens: 110, cost: { usd: 1, basis: 'table', unpriced: 0 } },
      savedByCacheUsd: null,
      error: { code: 'budget_reached' },
    });
  });

  it.each([
    [['--budget-tokens', '110'], 'tokens'],
    [['--budget-turns', '1'], 'turns'],
    [['--budget-minutes', '0.000001'], 'wallMs'],
  ])('knows %j', async (flags, what) => {
    const result = await run(...flags);
    expect(result.exitCode).toBe(4);
    expect(recordsOf(result).find(({ type }) => type === 'budget.reached')).toMatchObject({ what });
  });

  it('is done when the budget is enough; in dollars it needs to know what a response costs', async () => {
    const enough = await run('--budget-usd', '5', '--prices', 'prices.yaml');
    expect(enough.exitCode).toBe(0);
    expect(recordsOf(enough).at(-1)).toMatchObject({ usage: { cost: { usd: 2 } } });
    const unpriced = await run('--budget-usd', '5');
    expect(unpriced.exitCode).toBe(4);
    expect(recordsOf(unpriced).at(-1)).toMatchObject({
      turns: 1,
      usage: { cost: { usd: null, basis: 'unknown', unpriced: 1 } },
      error: { code: 'price_unknown' },
    });
  });

  it('counts what earlier runs of the session have spent', async () => {
    const kept = ['--store', 'sqlite:kept.db', '--session', 's', '--prices', 'prices.yaml'];
    expect((await run(...kept)).exitCode).toBe(0);
    const again = await cli('run', 'again', ...kept, '--model', 'scripted:script.yaml', '--budget-usd', '2');
    expect(again.exitCode).toBe(4);
    expect(again.stdout).toContain('$2.00 of $2.00');
    const [listed] = recordsOf(await cli('sessions', 'sqlite:kept.db'));
    expect(listed).toMatchObject({ id: 's', turns: 2, usage: { totalTokens: 220, cost: { usd: 2 } } });
    const shown = recordsOf(await cli('show', 's', '--store', 'sqlite:kept.db'));
    expect(shown[0]).toMatchObject({ type: 'session', usage: { cost: { usd: 2 } } });
    expect(shown.filter(({ type }) => type.startsWith('budget'))).toMatchObject([
      { type: 'budget.set', budget: { usd: 2, onReached: 'end' } },
      { type: 'budget.reached', reached: { what: 'usd', limit: 2, spent: 2 } },
    ]);
  });
});

describe('skein batch with a budget', () => {
  it('keeps what is done, starts nothing more, and goes on with a higher one', async () => {
    const first = await batch('--out', 'out', '--budget-usd', '3', '--prices', 'prices.yaml');
    expect(first.exitCode).toBe(4);
    expect(report()).toMatchObject({
      stoppedBy: {
        code: 'budget_reached',
        message: 'The budget of group "batch" is reached: $3.00 of $3.00.',
      },
      totals: { done: 1, failed: 1, notStarted: 2, turns: 3, usage: { cost: { usd: 3, basis: 'table' } } },
    });
    const html = readFileSync(join(here.path, 'out/report.html'), 'utf8');
    expect(html).toContain('The batch was stopped by its budget');
    expect(html).toContain('<b>$3.00</b>');

    // What it has spent counts, and the limit is remembered.
    const same = await batch('--resume', 'out', '--prices', 'prices.yaml');
    expect(same.exitCode).toBe(4);
    expect(recordsOf(same).filter(({ type }) => type === 'turn.ended')).toEqual([]);
    expect(report().totals).toMatchObject({ done: 1, notStarted: 3, turns: 3 });

    const more = await batch('--resume', 'out', '--prices', 'prices.yaml', '--budget-usd', '20');
    expect(more.exitCode).toBe(0);
    expect(report()).toMatchObject({
      stoppedBy: null,
      totals: { done: 4, notStarted: 0, turns: 9, usage: { totalTokens: 990, cost: { usd: 9 } } },
    });
  });

  it('takes it from the job, for the whole and for each item; the command line goes before it', async () => {
    writeFileSync(join(here.path, 'job.yaml'), `${JOB}budget: { turns: 5 }\nitemBudget: { turns: 1 }\n`);
    const first = await batch('--out', 'out');
    expect(first.exitCode).toBe(4);
    // Each item is stopped by its own; that is no reason to stop the batch.
    expect(report()).toMatchObject({ stoppedBy: null, totals: { failed: 4, notStarted: 0, turns: 4 } });
    const reached = recordsOf(first).filter(({ type }) => type === 'budget.reached');
    expect(reached.map(({ item, scope }) => [item, scope])).toEqual(
      ['a', 'b', 'c', 'd'].map((item) => [item, 'session']),
    );
    // To let it spend more is not to change the job.
    writeFileSync(join(here.path, 'job.yaml'), `${JOB}budget: { turns: 5 }\n`);
    const second = await batch('--resume', 'out');
    expect(second.exitCode).toBe(4);
    expect(report()).toMatchObject({ stoppedBy: { code: 'budget_reached' }, totals: { done: 0, turns: 5 } });
    expect((await batch('--resume', 'out', '--budget-turns', '100')).exitCode).toBe(0);
  });
});

describe('budgets and prices that make no sense', () => {
  it.each([
    [['--budget-usd', '0'], 'Expected a number above 0.'],
    [['--budget-usd', '-1'], 'Expected a number above 0.'],
    [['--budget-usd', 'much'], 'Expected a number above 0.'],
    [['--budget-usd', ''], 'Expected a number above 0.'],
    [['--budget-minutes', 'Infinity'], 'Expected a number above 0.'],
    [['--budget-tokens', '1.5'], 'Expected a whole number of at least 1.'],
    [['--budget-turns', '0'], 'Expected a whole number of at least 1.'],
    [['--prices', 'nowhere.yaml'], 'Prices file nowhere.yaml cannot be read (ENOENT).'],
  ])('%j', async (flags, message) => {
    for (const result of [await run(...flags), await batch(...flags)]) {
      expect([result.exitCode, result.stderr]).toEqual([2, expect.stringContaining(message)]);
    }
  });
});
